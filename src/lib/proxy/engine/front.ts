import type { Clock } from '../../runtime/clock.ts';
import type { Chain } from '../chain.ts';
import type { Counters } from '../counters.ts';
import type { Exchange } from '../exchange.ts';
import type { Destination } from '../protection.ts';
import type { Guard } from '../protection/guard.ts';
import type { InstalledFilter } from '../installed-filter.ts';
import type { LinkPool } from './http1/link-pool.ts';
import type { QueueBudget } from './queue-budget.ts';
import type { ExchangeProtocol } from '../tracing.ts';
import type { ConnectionView, RequestView } from '../views.ts';
import type { LinkOwner, UpstreamLink } from './upstream-link.ts';

/** What a connection may use of the listener that accepted it. */
export interface Front {
  readonly clock: Clock;
  readonly chain: Chain;
  readonly counters: Counters;
  readonly budget: QueueBudget;
  /**
   * What protects the service, for clients that ask for this name; undefined: nothing does, and its endpoints take turns. Those whose name is
   * sent elsewhere (`serverNames`) do not go to these endpoints.
   */
  guardFor(serverName: string | undefined): Guard | undefined;
  /** A request has come: it is counted and timed from here on. */
  beginExchange(protocol: ExchangeProtocol, request: RequestView, connection: ConnectionView): Exchange;
  /** Begins a connection to the next endpoint of the service; for a client that speaks TLS, offers what that client offered (ALPN). */
  dial(owner: LinkOwner, offer?: DialOffer): UpstreamLink;
  /** Connections to the endpoints of a protected service that wait for the next request, whoever's it is. */
  pool(): LinkPool<UpstreamLink>;
  /** A connection has come, or takes the place of another. */
  adopt(connection: Connection): void;
  /** Something that a person should know; not more often than they can read. */
  note(text: string): void;
  /** The client's side of the connection is gone. */
  forget(connection: Connection): void;
}

export interface DialOffer {
  /** Where to; undefined: the next one whose turn it is. */
  readonly destination?: Destination | undefined;
  /** The client's address, for those endpoints that are chosen by it. */
  readonly source?: string | undefined;
  /** Protocols to offer (ALPN), the preferred one first. */
  readonly alpn?: readonly string[];
  /** The name that the client asked for. */
  readonly serverName?: string | undefined;
  /** In plain TCP even to a service that speaks TLS: the client does so itself. */
  readonly isPlain?: boolean;
}

/** One accepted connection, whatever it speaks. */
export interface Connection {
  /** A filter was added while the connection is open. */
  consider(filter: InstalledFilter): void;
  /** A filter that was considered has other parameters. */
  retune(filter: InstalledFilter): void;
  /** Ends it at once by RST. */
  destroy(): void;
}
