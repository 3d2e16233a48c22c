import type { Cancel, Clock } from '../../../runtime/clock.ts';
import type { Destination, Destinations } from '../../protection.ts';
import type { LinkOwner } from '../upstream-link.ts';

/** Idle links kept for one endpoint; one more takes the place of the oldest. A service that needs more at once rarely leaves them idle. */
export const MAX_IDLE_LINKS = 256;
/** Services close what has been idle for longer: Node, Apache and uvicorn after 5 s, nginx after 75 s. */
export const MAX_IDLE_MS = 4000;
/** The same for a request that cannot be sent twice: the most impatient of them (gunicorn) close after 2 s. */
export const MAX_IDLE_ONCE_MS = 1000;
/** After this a link is not used again, so that names which lead elsewhere by now, and balancers behind the endpoint, are asked anew. */
export const MAX_AGE_MS = 300_000;
/** How often the links that wait are looked at. */
export const SWEEP_MS = 500;

/** What the pool needs of a link. */
export interface PooledLink {
  readonly host: string;
  readonly port: number;
  /** Undefined: nobody knows where it goes, and nobody would ask for it. */
  readonly destination: Destination | undefined;
  /** The name that TLS was agreed for, when the client asked for one; undefined over plain TCP. */
  readonly serverName: string | undefined;
  /** Monotonic milliseconds at which it was begun. */
  readonly openedMs: number;
  /** Whether nothing is left to be written, and more can be. */
  readonly isReusable: boolean;
  /** Whether it has waited: then it may have been closed just as the next request was written. */
  wasUsed: boolean;
  handTo(owner: LinkOwner): void;
  resume(): void;
  destroy(): void;
}

/** Who asks for a link. */
export interface LinkWish {
  readonly serverName: string | undefined;
  /** Whether the request can be sent again when the link turns out to be closed. */
  readonly isRepeatable: boolean;
}

/**
 * Connections to the endpoints of one service on which an answer has been read to its end, for whichever client's request comes next:
 *
 *     in use ──answer complete──▶ waits ──take──▶ in use
 *                                   └─idle, old, closed, endpoint gone──▶ closed
 *
 * The one that has waited least is taken first, so that those beyond need run out. An endpoint that is ill or drained loses its own as soon as
 * nothing is sent there any more; where health is ignored, something is.
 */
export class LinkPool<Link extends PooledLink> {
  readonly #clock: Clock;
  readonly #destinations: Destinations;
  readonly #waiting = new Map<Destination, Place<Link>>();
  #cancelSweep: Cancel | undefined;
  #isClosed = false;

  /** `destinations`: the endpoints as they are now. */
  constructor(clock: Clock, destinations: Destinations) {
    this.#clock = clock;
    this.#destinations = destinations;
  }

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const { links } of this.#waiting.values()) size += links.length;
    return size;
  }

  /** Its user is done with it: it waits here, or is closed when nobody should use it again. */
  park(link: Link): void {
    const { destination } = link;
    const nowMs = this.#clock.monotonicMs();
    if (this.#isClosed || destination === undefined || !isGood(link, destination, nowMs)) {
      link.destroy();
      return;
    }
    let place = this.#waiting.get(destination);
    if (place === undefined) this.#waiting.set(destination, (place = { links: [], isAsked: true }));
    const { links } = place;
    link.wasUsed = true;
    links.push(new Waiting(link, links, nowMs));
    // What its last client read too slowly must not keep us from seeing its end.
    link.resume();
    if (links.length > MAX_IDLE_LINKS) links.shift()?.link.destroy();
    this.#cancelSweep ??= this.#clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** One to this endpoint, given to the owner; undefined when there is none that may be used. */
  take(destination: Destination, { serverName, isRepeatable }: LinkWish, owner: LinkOwner): Link | undefined {
    const place = this.#waiting.get(destination);
    if (place === undefined) return undefined;
    place.isAsked = true;
    const { links } = place;
    const at = destination.tls === true ? lastFor(links, serverName) : links.length - 1;
    const waiting = links[at];
    if (waiting === undefined) return undefined;
    const { link, sinceMs } = waiting;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - sinceMs > (isRepeatable ? MAX_IDLE_MS : MAX_IDLE_ONCE_MS)) return undefined;
    if (at === links.length - 1) links.pop();
    else links.splice(at, 1);
    if (!isGood(link, destination, nowMs)) {
      link.destroy();
      return undefined;
    }
    link.handTo(owner);
    return link;
  }

  /** Closes those that wait, and whatever comes back later. */
  close(): void {
    this.#isClosed = true;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    for (const { links } of this.#waiting.values()) for (const { link } of links) link.destroy();
    this.#waiting.clear();
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    const known = new Set(this.#destinations());
    for (const [destination, place] of this.#waiting) {
      const { links, isAsked } = place;
      const isWanted = known.has(destination) && (isAsked || (destination.isHealthy && destination.weight > 0));
      place.isAsked = false;
      const left = links.filter(({ link, sinceMs }) => {
        const stays = isWanted && nowMs - sinceMs <= MAX_IDLE_MS && isGood(link, destination, nowMs);
        if (!stays) link.destroy();
        return stays;
      });
      links.splice(0, links.length, ...left);
      if (links.length === 0) this.#waiting.delete(destination);
    }
    this.#cancelSweep = this.#waiting.size === 0 ? undefined : this.#clock.after(SWEEP_MS, () => this.#sweep());
  }
}

/** What waits for one endpoint, oldest first. */
interface Place<Link extends PooledLink> {
  readonly links: Waiting<Link>[];
  /** Whether a request went there since the last look. */
  isAsked: boolean;
}

/** A link that waits. Nobody expects anything of it: whatever comes, it is of no use any more. */
class Waiting<Link extends PooledLink> implements LinkOwner {
  readonly link: Link;
  readonly sinceMs: number;
  readonly #among: Waiting<Link>[];

  constructor(link: Link, among: Waiting<Link>[], sinceMs: number) {
    this.link = link;
    this.sinceMs = sinceMs;
    this.#among = among;
    link.handTo(this);
  }

  onLinkData(): boolean {
    this.#discard();
    return true;
  }

  onLinkEnd(): void {
    this.#discard();
  }

  onLinkDrain(): void {
    // Nothing is written.
  }

  onLinkLost(): void {
    this.#discard();
  }

  #discard(): void {
    const at = this.#among.indexOf(this);
    if (at >= 0) this.#among.splice(at, 1);
    this.link.destroy();
  }
}

/** The one of those that were begun for this name that has waited least; -1: none. */
function lastFor(links: readonly Waiting<PooledLink>[], serverName: string | undefined): number {
  return links.findLastIndex(({ link }) => link.serverName === serverName);
}

/** Whether it still leads where requests to this endpoint go, and can take another. */
function isGood(link: PooledLink, { host, port }: Destination, nowMs: number): boolean {
  if (link.host !== host || link.port !== port) return false;
  return link.isReusable && nowMs - link.openedMs <= MAX_AGE_MS;
}
