import type { Phase, RunEvent, RunEventOf } from '../events/run-events.ts';
import type { JsonObject } from '../events/json.ts';

/** What was seen of a service behind the proxy: its breakers, its endpoints, the answers given in its place. */
export interface ServiceMeasurements {
  /** The service's own by its name, those of endpoints by their ids, those of routes as `service/route`. */
  readonly breakers: ReadonlyMap<string, BreakerMeasurements>;
  /** When endpoints were found ill, and well again. */
  readonly health: readonly HealthMoment[];
  /** By phase, how many endpoints were usable at the least and at the most. */
  readonly usable: { readonly [P in Phase]?: Span };
  /** By phase, what came up to its end. */
  readonly counted: { readonly [P in Phase]?: ServiceCounts };
}

/** One breaker of a service, by its endpoint's id; the service's own is called by the service. */
export interface BreakerMeasurements {
  readonly state: string;
  readonly changes: readonly BreakerMoment[];
}

export interface BreakerMoment {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  /** By a person: it says nothing of the service. */
  readonly forced: boolean;
  readonly reason: string;
  readonly counts: JsonObject;
}

export interface HealthMoment {
  readonly atMs: number;
  readonly address: string;
  readonly isWell: boolean;
  readonly reason: string;
}

export interface Span {
  readonly min: number;
  readonly max: number;
}

export interface ServiceCounts {
  readonly requests: number;
  readonly fallbacks: number;
  readonly fallbacksFromCache: number;
  readonly retries: number;
  readonly rejected: number;
  readonly limited: number;
}

/** Changes kept for each breaker: one that flaps faster than this for hours has made its point. */
const MAX_CHANGES = 1_000;

const NO_COUNTS: ServiceCounts = {
  requests: 0,
  fallbacks: 0,
  fallbacksFromCache: 0,
  retries: 0,
  rejected: 0,
  limited: 0,
};

interface Service {
  breakers: Map<string, { state: string; changes: BreakerMoment[] }>;
  /** Each endpoint that is there, and whether it gets requests. */
  health: HealthMoment[];
  endpoints: Map<string, { isWell: boolean; isDrained: boolean }>;
  usable: { [P in Phase]?: Span };
  counted: { [P in Phase]?: ServiceCounts };
  /** As they were when the phase began. */
  before: ServiceCounts;
}

/** Takes in the events of a run one by one. */
export class ServiceMeasuring {
  readonly #services = new Map<string, Service>();
  #phase: Phase | undefined;

  current(): ReadonlyMap<string, ServiceMeasurements> {
    return this.#services;
  }

  onEvent(event: RunEvent): void {
    switch (event.type) {
      case 'phase.started':
        this.#phase = event.phase;
        for (const service of this.#services.values()) this.#look(service);
        break;
      case 'breaker.changed':
        this.#onBreaker(event);
        break;
      case 'protection.counted':
        this.#onCounted(event);
        break;
      case 'endpoint.registered':
        if (!event.isAgain) this.#setEndpoint(event, { isWell: true, isDrained: false });
        break;
      case 'endpoint.expired':
      case 'endpoint.deregistered':
        this.#service(event.service).endpoints.delete(event.endpoint);
        this.#look(this.#service(event.service));
        break;
      case 'endpoint.healthy':
      case 'endpoint.unhealthy':
        this.#onHealth(event);
        break;
      case 'endpoint.drained':
        this.#setEndpoint(event, { isDrained: true });
        break;
      case 'endpoint.undrained':
        this.#setEndpoint(event, { isDrained: false });
        break;
      default:
        break;
    }
  }

  #onBreaker(event: RunEventOf<'breaker.changed'>): void {
    const { service, endpoint, from, to, forced, reason, counts, sinceStartMs } = event;
    const { breakers } = this.#service(service);
    const name = endpoint ?? (event.route === undefined ? service : `${service}/${event.route}`);
    const breaker = breakers.get(name) ?? { state: from, changes: [] };
    breakers.set(name, breaker);
    breaker.state = to;
    if (breaker.changes.length < MAX_CHANGES)
      breaker.changes.push({ atMs: sinceStartMs, from, to, forced: forced !== undefined, reason, counts });
  }

  #onCounted({ service: name, type: _type, ...event }: RunEventOf<'protection.counted'>): void {
    const service = this.#service(name);
    const phase = this.#phase;
    const { requests, fallbacks, fallbacksFromCache, retries, rejected, limited } = event;
    const now = { requests, fallbacks, fallbacksFromCache, retries, rejected, limited };
    if (phase !== undefined) service.counted[phase] = add(service.counted[phase] ?? NO_COUNTS, now, service.before);
    service.before = now;
  }

  #onHealth(event: RunEventOf<'endpoint.healthy' | 'endpoint.unhealthy'>): void {
    const { type, service, address, reason, from, sinceStartMs } = event;
    const isWell = type === 'endpoint.healthy';
    const { health } = this.#service(service);
    // Nobody has called it ill before the first check.
    if ((!isWell || from === 'unhealthy') && health.length < MAX_CHANGES)
      health.push({ atMs: sinceStartMs, address, isWell, reason });
    this.#setEndpoint(event, { isWell });
  }

  #setEndpoint(
    { service: name, endpoint }: { readonly service: string; readonly endpoint: string },
    change: { readonly isWell?: boolean; readonly isDrained?: boolean },
  ): void {
    const service = this.#service(name);
    const known = service.endpoints.get(endpoint) ?? { isWell: true, isDrained: false };
    service.endpoints.set(endpoint, { ...known, ...change });
    this.#look(service);
  }

  /** What counts is what it was like while a phase went on, not while the services were started. */
  #look({ endpoints, usable }: Service): void {
    const phase = this.#phase;
    if (phase === undefined || (endpoints.size === 0 && usable[phase] === undefined)) return;
    const count = [...endpoints.values()].filter(({ isWell, isDrained }) => isWell && !isDrained).length;
    const { min = count, max = count } = usable[phase] ?? {};
    usable[phase] = { min: Math.min(min, count), max: Math.max(max, count) };
  }

  #service(name: string): Service {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const service: Service = {
      breakers: new Map(),
      health: [],
      endpoints: new Map(),
      usable: {},
      counted: {},
      before: NO_COUNTS,
    };
    this.#services.set(name, service);
    return service;
  }
}

function add(sum: ServiceCounts, now: ServiceCounts, before: ServiceCounts): ServiceCounts {
  return {
    requests: sum.requests + now.requests - before.requests,
    fallbacks: sum.fallbacks + now.fallbacks - before.fallbacks,
    fallbacksFromCache: sum.fallbacksFromCache + now.fallbacksFromCache - before.fallbacksFromCache,
    retries: sum.retries + now.retries - before.retries,
    rejected: sum.rejected + now.rejected - before.rejected,
    limited: sum.limited + now.limited - before.limited,
  };
}
