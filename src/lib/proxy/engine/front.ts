import type { Clock } from '../../runtime/clock.ts';
import type { Chain } from '../chain.ts';
import type { Counters } from '../counters.ts';
import type { InstalledFilter } from '../installed-filter.ts';
import type { LinkOwner, UpstreamLink } from './upstream-link.ts';

/** What a connection may use of the listener that accepted it. */
export interface Front {
  readonly clock: Clock;
  readonly chain: Chain;
  readonly counters: Counters;
  /** Begins a connection to the next endpoint of the service. */
  dial(owner: LinkOwner): UpstreamLink;
  /** The client's side of the connection is gone. */
  forget(connection: Connection): void;
}

/** One accepted connection, whatever it speaks. */
export interface Connection {
  /** Begins; once the listener knows it. */
  open(): void;
  /** A filter was added while the connection is open. */
  consider(filter: InstalledFilter): void;
  /** Ends it at once by RST. */
  destroy(): void;
}
