import type { ServiceView, TrafficSummary, EndpointView, BreakerSummary } from '../../events/service-view.ts';
import type { ProtectionView } from '../../proxy/protection.ts';
import type { Proxy, ServiceInfo } from '../../proxy/proxy.ts';
import type { Cancel, Clock } from '../../runtime/clock.ts';
import type { Endpoint } from '../../services/endpoint.ts';
import { RecentTraffic } from '../../services/recent-traffic.ts';
import type { ServiceRegistry } from '../../services/registry.ts';
import { Traffic, type TrafficCounts } from '../../services/traffic.ts';
import { formatHostPort } from '../../wire/host-port.ts';

const LOOK_MS = 1000;
const NO_TRAFFIC = new Traffic();

type BreakerView = ProtectionView['breakers'][number];

/** Puts together what the registry and the proxy know of each service; looks at the traffic once a second. */
export class ServiceBoard {
  readonly #proxy: Proxy;
  readonly #registry: ServiceRegistry;
  readonly #clock: Clock;
  /** By what was counted, so that it goes when that goes. */
  readonly #recent = new WeakMap<TrafficCounts, RecentTraffic>();
  /** What was not there then has counted from nothing since. */
  #lookedMs: number;
  #cancelLook: Cancel;

  constructor(proxy: Proxy, registry: ServiceRegistry, clock: Clock) {
    this.#proxy = proxy;
    this.#registry = registry;
    this.#clock = clock;
    this.#cancelLook = () => undefined;
    this.#lookedMs = clock.monotonicMs();
    this.#look();
  }

  /** Those that a proxy fronts first, in the order of the configuration; then those that only have registered endpoints. */
  views(): ServiceView[] {
    const fronted = this.#proxy.services();
    const names = new Set(fronted.map(({ service }) => service));
    const others = this.#registry.services().filter((name) => !names.has(name));
    return [...fronted.map((info) => this.#viewFronted(info)), ...others.map((name) => this.#viewRegistered(name))];
  }

  view(service: string): ServiceView | undefined {
    const info = this.#proxy.lookupService(service);
    if (info !== undefined) return this.#viewFronted(info);
    return this.#registry.list(service).length > 0 ? this.#viewRegistered(service) : undefined;
  }

  viewEndpoint(endpoint: Endpoint, breakers: readonly BreakerView[] = []): EndpointView {
    const { id, address, tls, health, configuredWeight, isDrained, inFlight, lifetime, metadata } = endpoint;
    const breaker = breakers.find((one) => one.endpoint === id);
    return {
      endpoint: id,
      address,
      tls,
      health,
      weight: configuredWeight,
      isDrained,
      inFlight,
      breaker: breaker === undefined ? null : summarize(breaker),
      traffic: this.#summarize(endpoint.traffic),
      lifetime,
      metadata,
    };
  }

  close(): void {
    this.#cancelLook();
  }

  #viewFronted({ service, address, protocol, options, counters }: ServiceInfo): ServiceView {
    const protection = this.#proxy.protection(service);
    const breakers = protection?.breakers ?? [];
    const own = breakers.find(({ endpoint, route }) => endpoint === undefined && route === undefined);
    const watched = this.#registry.list(service);
    return {
      service,
      listen: address === undefined ? null : formatHostPort(address),
      protocol,
      balance: protection?.balance ?? null,
      breaker: own === undefined ? null : summarize(own),
      routes: breakers.flatMap((one) => (one.route === undefined ? [] : [{ route: one.route, ...summarize(one) }])),
      limits: (protection?.limits ?? []).map(({ name, shadow, admitted, refused }) => {
        return { limit: name, shadow, admitted, refused };
      }),
      inFlight: counters.inFlight,
      traffic: this.#summarize(this.#proxy.requestMetrics(service) ?? NO_TRAFFIC),
      retries: protection?.retries ?? 0,
      fallbacks: protection?.fallbacks ?? 0,
      endpoints:
        protection === undefined
          ? options.upstreams.map((upstream) => viewUnwatched(service, upstream))
          : watched.map((endpoint) => this.viewEndpoint(endpoint, breakers)),
    };
  }

  #viewRegistered(service: string): ServiceView {
    return {
      service,
      listen: null,
      protocol: null,
      balance: null,
      breaker: null,
      routes: [],
      limits: [],
      inFlight: 0,
      traffic: this.#summarize(NO_TRAFFIC),
      retries: 0,
      fallbacks: 0,
      endpoints: this.#registry.list(service).map((endpoint) => this.viewEndpoint(endpoint)),
    };
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { service } of this.#proxy.services()) {
      const metrics = this.#proxy.requestMetrics(service);
      if (metrics !== undefined) this.#recentOf(metrics).look(metrics, nowMs);
    }
    for (const service of this.#registry.services())
      for (const { traffic } of this.#registry.list(service)) this.#recentOf(traffic).look(traffic, nowMs);
    this.#lookedMs = nowMs;
    this.#cancelLook = this.#clock.after(LOOK_MS, () => this.#look());
  }

  #recentOf(counts: TrafficCounts): RecentTraffic {
    const known = this.#recent.get(counts) ?? new RecentTraffic(this.#lookedMs);
    this.#recent.set(counts, known);
    return known;
  }

  #summarize(counts: TrafficCounts): TrafficSummary {
    const { ratePerSecond, errorRatio, p50Ms, p99Ms } = this.#recentOf(counts).rates(counts, this.#clock.monotonicMs());
    const { requests, failures } = counts;
    return {
      requests,
      failures,
      ratePerSecond,
      errorRatio: errorRatio ?? null,
      p50Ms: p50Ms ?? null,
      p99Ms: p99Ms ?? null,
    };
  }
}

function summarize({ state, forced, reason, untilMs, counts }: BreakerView): BreakerSummary {
  const { rejected, trialsInFlight, trialsDone } = counts;
  return {
    state,
    forced: forced ?? null,
    reason,
    untilMs: untilMs > 0 && untilMs < Infinity ? untilMs : null,
    rejected,
    trialsInFlight,
    trialsDone,
  };
}

/** One of a service whose endpoints take turns: nobody looks after it. */
function viewUnwatched(
  service: string,
  { host, port, tls = false }: { readonly host: string; readonly port: number; readonly tls?: boolean },
): EndpointView {
  const address = formatHostPort({ host, port });
  return {
    endpoint: `${service}/${address}`,
    address,
    tls,
    health: 'unknown',
    weight: 1,
    isDrained: false,
    inFlight: 0,
    breaker: null,
    traffic: { requests: 0, failures: 0, ratePerSecond: 0, errorRatio: null, p50Ms: null, p99Ms: null },
    lifetime: 'static',
    metadata: {},
  };
}
