import { AppError, messageOf } from '../errors/app-error.ts';
import type { CertifiedKey, TlsUpstream } from '../proxy/tls-options.ts';
import { readText } from '../runtime/files.ts';
import type { KeyFiles, TlsUpstreamSpec } from '../scenario/scenario.ts';

/** How TLS is spoken to the endpoints, its PEM files read. Throws AppError `usage` when one cannot be read any more. */
export function readTlsUpstream({ serverName, ca, certificate, insecure }: TlsUpstreamSpec): TlsUpstream {
  return {
    serverName,
    ca: ca === undefined ? undefined : readPem(ca),
    client: certificate && readPair(certificate),
    insecure,
  };
}

/** A certificate and its key. Throws AppError `usage` likewise. */
export function readPair({ cert, key }: KeyFiles): CertifiedKey {
  return { cert: readPem(cert), key: readPem(key) };
}

function readPem(file: string): string {
  try {
    return readText(file);
  } catch (error) {
    throw new AppError('usage', `cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}
