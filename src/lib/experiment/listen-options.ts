import type { ListenOptions } from '../proxy/listen-options.ts';
import { readProtection } from '../proxy/protection-schema.ts';
import type { WatchedServices } from './watched-services.ts';
import type { LocalCa } from '../proxy/local-ca.ts';
import type { CertifiedKey, TlsFront } from '../proxy/tls-options.ts';
import type { Address, FrontSpec, TlsSpec } from '../scenario/scenario.ts';
import { readPair, readTlsUpstream } from './tls-files.ts';

/** A service with a proxy in front of it. */
export type FrontedService = FrontSpec & { readonly listen: Address };

const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/**
 * What the proxy takes for a service: its PEM files are read, and our own authority is opened when it is to certify. Throws AppError
 * `usage` when a file cannot be read any more, or the authority cannot be had.
 */
export function createListenOptions(
  service: FrontedService,
  openCa: () => LocalCa,
  table?: WatchedServices,
): ListenOptions {
  const { name, protocol, listen, endpoints, tls } = service;
  return {
    service: name,
    protocol,
    listen,
    upstreams: endpoints,
    protection: readProtection(service.more),
    destinations: table?.follow(service),
    tls: tls && createFront(tls, listen, openCa),
    tlsUpstream: tls?.upstream && readTlsUpstream(tls.upstream),
  };
}

function createFront({ certificate, alpn, serverNames }: TlsSpec, listen: Address, openCa: () => LocalCa): TlsFront {
  return {
    certify: certificate === undefined ? undefined : createCertify(certificate, listen, openCa),
    alpn,
    routes: serverNames.map(({ serverName, endpoints }) => ({ serverName, upstreams: endpoints })),
  };
}

/** A client that asks for no name has most likely come by the address that is listened on. */
function createCertify(
  certificate: NonNullable<TlsSpec['certificate']>,
  { host }: Address,
  openCa: () => LocalCa,
): (serverName: string | undefined) => CertifiedKey {
  if (certificate === 'local-ca') {
    const ca = openCa();
    const ownName = WILDCARDS.includes(host) ? 'localhost' : host;
    return (serverName) => ca.certify(serverName ?? ownName);
  }
  const pair = readPair(certificate);
  return () => pair;
}
