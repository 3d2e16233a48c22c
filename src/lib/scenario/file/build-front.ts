import type { z } from 'zod';
import type { FrontSpec, KeyFiles, TlsSpec, TlsUpstreamSpec } from '../scenario.ts';
import type { ScenarioKinds } from './kinds.ts';
import type { NamedFiles } from './named-files.ts';
import type { frontShape } from './services.ts';
import type { tlsSchema } from './tls.ts';

type FrontFile = z.output<z.ZodObject<ReturnType<typeof frontShape>>>;
type TlsFile = z.output<ReturnType<typeof tlsSchema>>;

/** What scenarios and the proxy's own file say of a service alike; paths become absolute. */
export function buildFront(name: string, service: FrontFile, files: NamedFiles, kinds: ScenarioKinds): FrontSpec {
  const { protocol, endpoints, tls } = service;
  return { name, protocol, endpoints, tls: tls && buildTls(tls, files), more: moreOf(service, kinds) };
}

/** The keys that other rooms have given their schemas for, as far as they are written. */
function moreOf(service: object, { front = {} }: ScenarioKinds): FrontSpec['more'] {
  return Object.fromEntries(
    Object.entries(service).filter(([key, value]) => Object.hasOwn(front, key) && value !== undefined),
  );
}

function buildTls({ certificate, alpn, serverNames, upstream }: TlsFile, files: NamedFiles): TlsSpec {
  return {
    certificate: typeof certificate === 'object' ? buildKeyFiles(certificate, files) : certificate,
    alpn,
    serverNames: Object.entries(serverNames).map(([serverName, endpoints]) => ({ serverName, endpoints })),
    upstream: upstream && buildUpstream(upstream, files),
  };
}

function buildUpstream(
  { serverName, ca, certificate, insecure }: NonNullable<TlsFile['upstream']>,
  files: NamedFiles,
): TlsUpstreamSpec {
  return {
    serverName,
    ca: ca === undefined ? undefined : files.resolve(ca),
    certificate: certificate && buildKeyFiles(certificate, files),
    insecure,
  };
}

function buildKeyFiles({ cert, key }: KeyFiles, files: NamedFiles): KeyFiles {
  return { cert: files.resolve(cert), key: files.resolve(key) };
}
