import type { Destination } from '../../protection.ts';
import type { ClientWire } from '../client-wire.ts';
import type { LinkOwner, UpstreamLink } from '../upstream-link.ts';
import type { LinkPool } from './link-pool.ts';
import { ParkedLinks } from './parked-links.ts';

const ALPN = ['http/1.1'];

/**
 * One client's connections to the service: the one in use, from and back to those that the listener's clients share when requests are
 * balanced.
 */
export class ServiceLinks {
  readonly #wire: ClientWire;
  readonly #owner: LinkOwner;
  /** Where the one in use goes back to. */
  #pool: LinkPool<UpstreamLink>;
  /** Those that nobody else may use; undefined: there are none, and what is done with goes back to the pool. */
  #own: ParkedLinks | undefined;
  #isFirst = true;
  /** The one in use; undefined until something is to be sent, and when it is gone or given back. */
  current: UpstreamLink | undefined;

  /** `link`: one that was begun already. */
  constructor(wire: ClientWire, owner: LinkOwner, link: UpstreamLink | undefined) {
    this.#wire = wire;
    this.#owner = owner;
    this.#pool = wire.front.pool();
    this.current = link;
    link?.handTo(owner);
  }

  /** Where the connection goes that was begun before the first request; told once. */
  takeFirst(): Destination | undefined {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return isFirst ? this.current?.destination : undefined;
  }

  /** The next request goes there: a connection at hand is put aside when it goes elsewhere. */
  aim(destination: Destination): void {
    const link = this.current;
    if (link !== undefined) {
      if (leadsTo(link, destination)) return;
      this.current = undefined;
      if (this.#own === undefined) this.#pool.park(link);
      else this.#own.park(link);
    }
    const kept = this.#own?.take(destination, this.#owner);
    if (kept === undefined) return;
    if (leadsTo(kept, destination)) this.current = kept;
    // The endpoint has moved since.
    else kept.destroy();
  }

  /** One to use when there is none: a shared one for a request that was told its endpoint, or a new one. */
  open(destination: Destination | undefined, isRepeatable: boolean): UpstreamLink {
    const { front, view } = this.#wire;
    const { serverName } = view;
    if (destination === undefined || this.#own !== undefined) return this.dial(destination);
    this.#pool = front.pool();
    const shared = this.#pool.take(destination, { serverName, isRepeatable }, this.#owner);
    return (this.current = shared ?? this.dial(destination));
  }

  /** A new one. */
  dial(destination: Destination | undefined): UpstreamLink {
    const { front, view } = this.#wire;
    const { serverName, source } = view;
    this.#pool = front.pool();
    this.current = front.dial(this.#owner, { alpn: ALPN, serverName, source, destination });
    return this.current;
  }

  /** The answer has been read to its end: another client may use the connection. False when it stays with this one. */
  release(): boolean {
    const link = this.current;
    if (link?.destination === undefined || this.#own !== undefined) return false;
    this.current = undefined;
    this.#pool.park(link);
    return true;
  }

  /** Connections are authenticated, and not requests: none of this client's is for anybody else from now on. */
  keepApart(): void {
    this.#own ??= new ParkedLinks();
  }

  /** What was sent to the one in use still goes out. */
  leave(): void {
    this.current?.end();
    this.current?.detach();
    this.current = undefined;
  }

  drop(): void {
    this.current?.destroy();
    this.current = undefined;
  }

  /** Closes all that are this client's. */
  dispose(): void {
    this.drop();
    this.#own?.dispose();
  }
}

function leadsTo({ host, port }: UpstreamLink, destination: Destination): boolean {
  return port === destination.port && host === destination.host;
}
