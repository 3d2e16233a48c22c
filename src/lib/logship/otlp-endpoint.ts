import type { Compression } from './exporters/compression.ts';

/** Certificates as PEM texts. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** A receiver of OTLP, and how it is to be spoken to. */
export interface OtlpEndpoint {
  /** For HTTP with the path of the signal (`/v1/logs`); for gRPC only its origin counts. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: Compression;
  /** Of one attempt. */
  readonly timeoutMs: number;
  readonly tls: TlsFiles;
}
