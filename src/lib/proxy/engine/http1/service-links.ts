import type { Destination } from '../../protection.ts';
import type { ClientWire } from '../client-wire.ts';
import type { LinkOwner, UpstreamLink } from '../upstream-link.ts';
import { ParkedLinks } from './parked-links.ts';

const ALPN = ['http/1.1'];

/** One client's connections to the service: the one in use, and when its requests are balanced, those to the other endpoints. */
export class ServiceLinks {
  readonly #wire: ClientWire;
  readonly #owner: LinkOwner;
  #parked: ParkedLinks | undefined;
  #isFirst = true;
  /** The one in use; undefined until something is to be sent, and when it is gone. */
  current: UpstreamLink | undefined;

  /** `link`: one that was begun already. */
  constructor(wire: ClientWire, owner: LinkOwner, link: UpstreamLink | undefined) {
    this.#wire = wire;
    this.#owner = owner;
    this.current = link;
    link?.handTo(owner);
  }

  /** Where the connection goes that was begun before the first request; told once. */
  takeFirst(): Destination | undefined {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return isFirst ? this.current?.destination : undefined;
  }

  /** The next request goes there: the connection at hand is kept for later when it goes elsewhere. */
  aim(destination: Destination): void {
    const link = this.current;
    if (link !== undefined && leadsTo(link, destination)) return;
    this.#parked ??= new ParkedLinks();
    if (link !== undefined) this.#parked.park(link);
    const kept = this.#parked.take(destination, this.#owner);
    if (kept === undefined || leadsTo(kept, destination)) this.current = kept;
    else {
      // The endpoint has moved since.
      kept.destroy();
      this.current = undefined;
    }
  }

  /** The one in use, begun when there is none. */
  dialled(destination: Destination | undefined): UpstreamLink {
    const { front, view } = this.#wire;
    const { serverName, source } = view;
    return (this.current ??= front.dial(this.#owner, { alpn: ALPN, serverName, source, destination }));
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

  /** Closes all of them. */
  dispose(): void {
    this.drop();
    this.#parked?.dispose();
  }
}

function leadsTo({ host, port }: UpstreamLink, destination: Destination): boolean {
  return port === destination.port && host === destination.host;
}
