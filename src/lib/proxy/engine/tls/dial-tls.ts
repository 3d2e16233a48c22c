import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { Address } from '../../listen-options.ts';
import type { TlsUpstream } from '../../tls-options.ts';
import type { DialOffer } from '../front.ts';
import { KEEP_ALIVE_PROBE_MS } from '../sockets.ts';
import type { Dialled } from '../upstream-link.ts';

/** Begins a TLS connection to an endpoint. */
export function dialTls({ host, port }: Address, upstream: TlsUpstream, offer: DialOffer): Dialled {
  const tcp = connectTcp({
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
  });
  const serverName = upstream.serverName ?? offer.serverName ?? host;
  const { ca, client, insecure } = upstream;
  const options: ConnectionOptions = {
    socket: tcp,
    // An IP address is no server name (RFC 6066 section 3), but what the certificate must be for.
    ...(isIP(serverName) === 0 ? { servername: serverName } : { host: serverName }),
    rejectUnauthorized: !insecure,
    ...(offer.alpn === undefined ? {} : { ALPNProtocols: [...offer.alpn] }),
    ...(ca === undefined ? {} : { ca }),
    ...client,
  };
  const socket = connectTls(options);
  return {
    socket,
    tcp,
    readyEvent: 'secureConnect',
    alpn: () => (typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined),
  };
}
