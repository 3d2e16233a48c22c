import type { ClientWire } from '../client-wire.ts';
import type { UpstreamLink } from '../upstream-link.ts';
import { BalancedConnection } from './balanced-connection.ts';
import { Http2Connection } from './http2-connection.ts';

/**
 * A client that speaks HTTP/2. The requests of a protected service are balanced one by one; otherwise the connection is joined with one to the
 * service. `first` is what the client sent already, `link` a connection that was begun.
 */
export function openHttp2(wire: ClientWire, link?: UpstreamLink, first?: Buffer): void {
  const isProtected = wire.front.guardFor(wire.view.serverName) !== undefined;
  const connection = isProtected ? new BalancedConnection(wire, link) : new Http2Connection(wire, link);
  connection.open(first);
}
