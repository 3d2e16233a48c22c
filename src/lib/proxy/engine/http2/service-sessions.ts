import type { Destination } from '../../protection.ts';
import type { LinkOwner, UpstreamLink } from '../upstream-link.ts';
import { ServiceSession, type ServiceSessionHost } from './service-session.ts';

/** Sessions of one client that nobody uses and that are kept all the same; beyond it the oldest is closed. Most services have fewer endpoints. */
const MAX_IDLE = 64;
/** A session that no stream has gone over for so long is closed. */
const IDLE_MS = 60_000;

/** Begins a connection to an endpoint; undefined: to the next one whose turn it is. */
export type Dial = (owner: LinkOwner, destination: Destination | undefined) => UpstreamLink;

/** One client's connections to the endpoints that its requests go to: one for each, and beside it those that only end what they have. */
export class ServiceSessions {
  readonly #host: Omit<ServiceSessionHost, 'onEmpty' | 'onGone'>;
  readonly #dial: Dial;
  /** Whether an endpoint is to get nothing new. */
  readonly #isDrained: (destination: Destination) => boolean;
  readonly #open = new Map<Destination | undefined, ServiceSession>();
  readonly #all = new Set<ServiceSession>();
  readonly #idleSinceMs = new Map<ServiceSession, number>();
  #cancelSweep: (() => void) | undefined;

  constructor(
    host: Omit<ServiceSessionHost, 'onEmpty' | 'onGone'>,
    dial: Dial,
    isDrained: (destination: Destination) => boolean,
  ) {
    this.#host = host;
    this.#dial = dial;
    this.#isDrained = isDrained;
  }

  /** The session to an endpoint, begun when there is none. */
  to(destination: Destination | undefined): ServiceSession {
    const known = this.#open.get(destination);
    if (known?.takesStreams === true && known.leadsTo(destination)) {
      this.#idleSinceMs.delete(known);
      return known;
    }
    return this.#begin(destination, (owner) => this.#dial(owner, destination));
  }

  /** Over a connection that was begun already. */
  adopt(link: UpstreamLink): void {
    const session = this.#begin(link.destination, (owner) => {
      link.handTo(owner);
      return link;
    });
    this.#keep(session);
  }

  steer(isHeld: boolean): void {
    for (const session of this.#all) session.steer(isHeld);
  }

  /** In order, whatever goes over them. */
  close(): void {
    for (const session of [...this.#all]) session.close();
    this.#forgetAll();
  }

  /** At once. */
  cut(how: 'close' | 'reset'): void {
    for (const session of this.#all) session.cut(how);
    this.#forgetAll();
  }

  #begin(destination: Destination | undefined, dial: (owner: LinkOwner) => UpstreamLink): ServiceSession {
    const { front } = this.#host;
    const host: ServiceSessionHost = {
      front,
      onWrite: (link) => this.#host.onWrite(link),
      batch: (work) => this.#host.batch(work),
      onEmpty: (session) => this.#keep(session),
      onGone: (session) => this.#forget(session),
    };
    const session = new ServiceSession(host, destination, dial);
    const earlier = this.#open.get(destination);
    this.#open.set(destination, session);
    this.#all.add(session);
    if (earlier?.isEmpty === true) earlier.close();
    return session;
  }

  /** It has no streams: it waits for others, unless none will come. */
  #keep(session: ServiceSession): void {
    const { destination } = session;
    const isCurrent = session.takesStreams && this.#open.get(destination) === session;
    if (!isCurrent || (destination !== undefined && this.#isDrained(destination))) {
      session.close();
      return;
    }
    this.#idleSinceMs.set(session, this.#host.front.clock.monotonicMs());
    const [oldest] = this.#idleSinceMs.keys();
    if (this.#idleSinceMs.size > MAX_IDLE) oldest?.close();
    this.#cancelSweep ??= this.#host.front.clock.after(IDLE_MS, () => this.#sweep());
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    const { clock } = this.#host.front;
    for (const [session, sinceMs] of [...this.#idleSinceMs])
      if (clock.monotonicMs() - sinceMs >= IDLE_MS) session.close();
    if (this.#idleSinceMs.size > 0) this.#cancelSweep = clock.after(IDLE_MS, () => this.#sweep());
  }

  #forget(session: ServiceSession): void {
    this.#all.delete(session);
    this.#idleSinceMs.delete(session);
    if (this.#open.get(session.destination) === session) this.#open.delete(session.destination);
  }

  #forgetAll(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#open.clear();
    this.#all.clear();
    this.#idleSinceMs.clear();
  }
}
