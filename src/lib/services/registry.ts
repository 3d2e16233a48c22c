import { AppError } from '../errors/app-error.ts';
import { createEventBus, type EventBus } from '../events/bus.ts';
import type { ServiceEvent, ServiceEventBody } from '../events/service-events.ts';
import type { Cancel, Clock } from '../runtime/clock.ts';
import { Endpoint } from './endpoint.ts';
import { IndexWatch, type WatchResult } from './index-watch.ts';
import { PauseWatch } from './pause-watch.ts';
import {
  MAX_WEIGHT,
  parseRegistration,
  requireWhole,
  requireWithin,
  type RegistrationRequest,
} from './registration.ts';
import { TimeToLive } from './time-to-live.ts';

export interface RegistryOptions {
  readonly clock: Clock;
  /** How often silent endpoints are looked for: 1 s by default, well below any sensible time to live. */
  readonly sweepMs?: number;
  /** 1,000 by default: a registry for one machine or one test environment. */
  readonly maxServices?: number;
  /** 1,000 by default; more than a balancer can choose from sensibly. */
  readonly maxEndpointsPerService?: number;
  /** Of all services together, 10,000 by default: each may cost a connection for its checks. */
  readonly maxEndpoints?: number;
  /** 1,000 by default: each is an open request of somebody. */
  readonly maxWatchers?: number;
  /** Changes within this time wake a watcher once: 10 ms by default, so a hundred times a second at the most. */
  readonly coalesceMs?: number;
  /** Hears what a subscriber threw. By default it is dropped: the registry's own state is complete by then. */
  readonly onSubscriberError?: (error: unknown) => void;
}

export interface WatchOptions {
  /** All of them by default. */
  readonly service?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** That nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Why the health changes, for the event that tells it. */
export interface HealthVerdict {
  readonly health: 'healthy' | 'unhealthy';
  readonly reason: string;
  readonly checks: number;
}

interface Service {
  readonly name: string;
  /** Replaced, never changed, so that who holds it sees one state of it, and a new one by its identity. */
  endpoints: readonly Endpoint[];
  index: number;
}

interface Entry {
  readonly endpoint: Endpoint;
  readonly service: Service;
  ttl: TimeToLive | undefined;
}

/** A sweep later than planned by more than this means that we stood still: no timer of a running process is that late. */
const PAUSE_TOLERANCE_MS = 250;
/** The longest a watch waits: what lies between, such as a proxy, tends to cut at some minutes. */
const MAX_WATCH_MS = 600_000;

/**
 * Which endpoints each service has. Membership (heartbeats) and health (checks) are independent signals:
 *
 *     heartbeats   checks    the endpoint is
 *     come         pass      registered, gets traffic
 *     come         fail      registered, gets none; stays for as long as it says that it lives
 *     silent       pass      dropped when its time to live is over: it has promised heartbeats, and somebody else may answer the checks
 *     silent       fail      dropped likewise
 *
 * A static endpoint is never silent. Time is monotonic, so that nobody is dropped because the wall clock was set; and after a pause of this
 * process every time to live is extended, so that nobody is dropped for our own silence.
 */
export class ServiceRegistry {
  readonly #clock: Clock;
  readonly #options: Required<Omit<RegistryOptions, 'clock' | 'onSubscriberError'>>;
  readonly #services = new Map<string, Service>();
  readonly #entries = new Map<string, Entry>();
  readonly #watch: IndexWatch;
  readonly #bus: EventBus<ServiceEvent>;
  readonly #pauses: PauseWatch;
  #cancelSweep: Cancel;
  #index = 0;
  /** The index at which a service last vanished: what stands for the index of those that are not there. */
  #removalIndex = 0;

  /** Looks for silent endpoints from now on, until `close`. Throws AppError `usage` on a bound that is none. */
  constructor({ clock, onSubscriberError = () => undefined, ...options }: RegistryOptions) {
    this.#clock = clock;
    this.#options = {
      sweepMs: options.sweepMs ?? 1_000,
      maxServices: options.maxServices ?? 1_000,
      maxEndpointsPerService: options.maxEndpointsPerService ?? 1_000,
      maxEndpoints: options.maxEndpoints ?? 10_000,
      maxWatchers: options.maxWatchers ?? 1_000,
      coalesceMs: options.coalesceMs ?? 10,
    };
    requireOptions(this.#options);
    const { sweepMs, coalesceMs, maxWatchers } = this.#options;
    this.#watch = new IndexWatch(clock, coalesceMs, maxWatchers);
    this.#bus = createEventBus(onSubscriberError);
    this.#pauses = new PauseWatch(sweepMs, PAUSE_TOLERANCE_MS, clock.monotonicMs());
    this.#cancelSweep = clock.after(sweepMs, () => this.#sweep());
  }

  /** Goes up with each change of membership, address, weight, drain or health; not with heartbeats. */
  get index(): number {
    return this.#index;
  }

  /** How many endpoints are registered. */
  get size(): number {
    return this.#entries.size;
  }

  /** Hears every change once it is complete. Returns the function that ends it. */
  subscribe(subscriber: (event: ServiceEvent) => void): () => void {
    return this.#bus.subscribe(subscriber);
  }

  /**
   * Registers an endpoint, which counts as a heartbeat. The id of one that is there changes its address, weight, metadata and lifetime,
   * and keeps its requests in flight, counts, health and drain. Throws AppError `usage` on a field that is wrong, an id that belongs to
   * another service, and a full table.
   */
  register(request: RegistrationRequest): Endpoint {
    const wanted = parseRegistration(request);
    const nowMs = this.#clock.monotonicMs();
    const ttl = wanted.lifetime === 'static' ? undefined : new TimeToLive(wanted.ttlMs, wanted.heartbeatMs, nowMs);
    const known = this.#entries.get(wanted.id);
    if (known) return this.#registerAgain(known, wanted, ttl);
    this.#requireRoom(wanted.service);
    const endpoint = new Endpoint(wanted, nowMs);
    const service = this.#services.get(wanted.service) ?? { name: wanted.service, endpoints: [], index: 0 };
    this.#services.set(service.name, service);
    this.#entries.set(endpoint.id, { endpoint, service, ttl });
    service.endpoints = [...service.endpoints, endpoint];
    this.#changed(service);
    this.#tell({ type: 'endpoint.registered', ...told(endpoint), weight: endpoint.configuredWeight, isAgain: false });
    return endpoint;
  }

  /** A sign of life. False when nobody of that id is registered (any more): it is to register again. */
  heartbeat(id: string): boolean {
    const entry = this.#entries.get(id);
    entry?.ttl?.beat(this.#clock.monotonicMs());
    return entry !== undefined;
  }

  /** False when nobody of that id is registered. Requests in flight go on, and count on the endpoint that is let go. */
  deregister(id: string): boolean {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    this.#remove(entry);
    this.#tell({ type: 'endpoint.deregistered', ...told(entry.endpoint), inFlight: entry.endpoint.inFlight });
    return true;
  }

  /** Changes the configured weight, 0 to 1000; a drained endpoint stays drained. False when nobody of that id is registered. */
  setWeight(id: string, weight: number): boolean {
    requireWhole('weight', weight, 0, MAX_WEIGHT);
    const entry = this.#entries.get(id);
    if (entry && entry.endpoint.configuredWeight !== weight) {
      entry.endpoint.setWeight(weight);
      this.#changed(entry.service);
    }
    return entry !== undefined;
  }

  /** No new requests from now on; those in flight go on. False when nobody of that id is registered. */
  drain(id: string): boolean {
    return this.#setDrained(id, true);
  }

  /** Gives a drained endpoint its configured weight back. False when nobody of that id is registered. */
  undrain(id: string): boolean {
    return this.#setDrained(id, false);
  }

  /** What the health monitor found. An endpoint that was let go meanwhile is left as it is, since nobody asks it any more. */
  setHealth(endpoint: Endpoint, { health, reason, checks }: HealthVerdict): void {
    const entry = this.#entries.get(endpoint.id);
    if (entry?.endpoint !== endpoint || endpoint.health === health) return;
    const from = endpoint.health;
    endpoint.setHealth(health, this.#clock.monotonicMs());
    const index = this.#changed(entry.service);
    this.#tell({ type: `endpoint.${health}`, ...told(endpoint), from, reason, checks, index });
  }

  lookup(id: string): Endpoint | undefined {
    return this.#entries.get(id)?.endpoint;
  }

  /** The names of all services that have endpoints. */
  services(): string[] {
    return [...this.#services.keys()];
  }

  /**
   * All endpoints of a service, well or not, in the order of their first registration. The array never changes and is the same one until an
   * endpoint comes or goes: asking costs nothing.
   */
  list(service: string): readonly Endpoint[] {
    return this.#services.get(service)?.endpoints ?? NONE;
  }

  /**
   * Waits until something has changed since `sinceIndex`, of one service or of all, or `timeoutMs` (30 s by default) is over. Changes that come close
   * together wake once. Begin with the `index` read before a listing, go on with the one that comes back.
   */
  watch(sinceIndex: number, { service, timeoutMs = 30_000, signal }: WatchOptions = {}): Promise<WatchResult> {
    const indexNow = (): number => (service === undefined ? this.#index : this.#indexOf(service));
    // An index from before a restart of the registry would wait for ever.
    const since = sinceIndex > this.#index ? -1 : sinceIndex;
    return this.#watch.wait(since, indexNow, Math.min(Math.max(0, timeoutMs), MAX_WATCH_MS), signal);
  }

  /** Stops looking for silent endpoints and answers all who wait. Harmless twice. */
  close(): void {
    this.#cancelSweep();
    this.#watch.close();
  }

  #registerAgain(entry: Entry, wanted: ReturnType<typeof parseRegistration>, ttl: TimeToLive | undefined): Endpoint {
    const { endpoint } = entry;
    if (endpoint.service !== wanted.service)
      throw new AppError(
        'usage',
        `endpoint ${wanted.id} belongs to service ${endpoint.service}, not ${wanted.service}`,
        {
          hint: 'deregister it first, or give the other one an id of its own',
        },
      );
    entry.ttl = ttl;
    if (!endpoint.update(wanted)) return endpoint;
    this.#changed(entry.service);
    this.#tell({ type: 'endpoint.registered', ...told(endpoint), weight: endpoint.configuredWeight, isAgain: true });
    return endpoint;
  }

  #requireRoom(name: string): void {
    const { maxServices, maxEndpointsPerService, maxEndpoints } = this.#options;
    const service = this.#services.get(name);
    if (!service && this.#services.size >= maxServices) throw full(`${maxServices} services`, 'maxServices');
    if (this.#entries.size >= maxEndpoints) throw full(`${maxEndpoints} endpoints`, 'maxEndpoints');
    if (service && service.endpoints.length >= maxEndpointsPerService)
      throw full(`${maxEndpointsPerService} endpoints of ${name}`, 'maxEndpointsPerService');
  }

  #setDrained(id: string, isDrained: boolean): boolean {
    const entry = this.#entries.get(id);
    if (!entry || entry.endpoint.isDrained === isDrained) return entry !== undefined;
    const { endpoint, service } = entry;
    endpoint.setDrained(isDrained);
    this.#changed(service);
    if (isDrained) this.#tell({ type: 'endpoint.drained', ...told(endpoint), inFlight: endpoint.inFlight });
    else this.#tell({ type: 'endpoint.undrained', ...told(endpoint), weight: endpoint.weight });
    return true;
  }

  #remove({ endpoint, service }: Entry): void {
    this.#entries.delete(endpoint.id);
    service.endpoints = service.endpoints.filter((other) => other !== endpoint);
    this.#changed(service);
    if (service.endpoints.length > 0) return;
    this.#services.delete(service.name);
    this.#removalIndex = this.#index;
  }

  #indexOf(service: string): number {
    return this.#services.get(service)?.index ?? this.#removalIndex;
  }

  #changed(service: Service): number {
    service.index = ++this.#index;
    this.#watch.changed();
    return this.#index;
  }

  #tell(body: ServiceEventBody): void {
    this.#bus.publish({ unixMs: this.#clock.unixMs(), ...body });
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#cancelSweep = this.#clock.after(this.#options.sweepMs, () => this.#sweep());
    const pauseMs = this.#pauses.look(nowMs);
    for (const entry of [...this.#entries.values()]) {
      const { ttl } = entry;
      if (pauseMs > 0) ttl?.extend(pauseMs, nowMs);
      else if (ttl?.sweep(nowMs)) this.#expire(entry, ttl, nowMs);
    }
  }

  #expire(entry: Entry, ttl: TimeToLive, nowMs: number): void {
    // A subscriber that heard of an expiry before this one may have renewed or removed it.
    if (this.#entries.get(entry.endpoint.id) !== entry || entry.ttl !== ttl) return;
    this.#remove(entry);
    this.#tell({
      type: 'endpoint.expired',
      ...told(entry.endpoint),
      silentMs: ttl.silentMs(nowMs),
      ttlMs: ttl.ttlMs,
    });
  }
}

const NONE: readonly Endpoint[] = [];

function told(endpoint: Endpoint): { readonly service: string; readonly endpoint: string; readonly address: string } {
  return { service: endpoint.service, endpoint: endpoint.id, address: endpoint.address };
}

function full(what: string, bound: string): AppError {
  return new AppError('usage', `the service registry is full: it holds ${what}`, {
    hint: `deregister what is gone, or raise ${bound}`,
  });
}

function requireOptions(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (name === 'coalesceMs') requireWithin(name, value, 0, 10_000);
    else if (name === 'sweepMs') requireWithin(name, value, 10, 60_000);
    else requireWhole(name, value, 1, 1_000_000);
  }
}
