import { AppError } from '../errors/app-error.ts';
import type { JsonObject } from '../events/json.ts';
import type { ProxyEvent, ProxyEventBody } from '../events/proxy-events.ts';
import type { Effect } from '../events/run-events.ts';
import type { Explanation } from '../resilience/balance.ts';
import type { Clock } from '../runtime/clock.ts';
import { selfRef, type ProcessRef } from '../runtime/processes.ts';
import { formatHostPort } from '../wire/host-port.ts';
import type { Address } from './addresses.ts';
import { bindFilter } from './bind-filter.ts';
import type { Counters } from './counters.ts';
import { QueueBudget } from './engine/queue-budget.ts';
import { FILTER_KINDS } from './filter-registry.ts';
import type { FilterKind } from './filter.ts';
import { InstalledFilter } from './installed-filter.ts';
import type { ListenOptions } from './listen-options.ts';
import { Listener, type ListenerContext, type ServiceListener } from './listener.ts';
import { formatProxyMetrics } from './metrics.ts';
import { createNotes } from './notes.ts';
import type { BreakerOrder, ProtectionView } from './protection.ts';
import { changeEvent } from './protection/change-event.ts';
import type { RequestMetrics } from './request-metrics.ts';
import type { ProxyTracer } from './tracing.ts';
import { UdpListener } from './udp-listener.ts';
import type { Protocol } from './views.ts';

/** How long an endpoint may take to accept a connection. */
const DIAL_TIMEOUT_MS = 5000;
/** Filters whose account is kept, removed ones included; beyond it the oldest is forgotten. A run has a handful. */
const MAX_REMEMBERED_FILTERS = 1024;

export interface ProxyOptions {
  readonly clock: Clock;
  readonly kinds?: readonly FilterKind[];
  readonly dialTimeoutMs?: number;
  readonly tracer?: ProxyTracer | undefined;
  /** Hears of every listener and every fault that comes and goes. */
  readonly onEvent?: ((event: ProxyEvent) => void) | undefined;
}

export interface FilterRequest {
  readonly service: string;
  /** Unique among the filters in force on the service; part of what the dice are thrown for. */
  readonly id: string;
  readonly kind: string;
  /** As written in a scenario (`{delay: '300ms'}`). */
  readonly params: unknown;
  readonly seed: number;
}

/** A filter in force, as it was asked for. */
export interface FilterInfo {
  readonly id: string;
  readonly kind: string;
  readonly params: unknown;
  readonly requested: JsonObject;
}

/** A service that is fronted. */
export interface ServiceInfo {
  readonly service: string;
  readonly protocol: Protocol;
  /** Where it listens at this moment; undefined while it does not. */
  readonly address: Address | undefined;
  readonly options: ListenOptions;
  readonly counters: Readonly<Counters>;
  readonly filters: readonly FilterInfo[];
}

/** Fronts services and puts filters in the way of their traffic. */
export interface Proxy {
  /** This process: when it is gone, so are its listeners and their filters. */
  readonly owner: ProcessRef;
  /** Resolves to the address listened on. Throws AppError `usage` when it cannot be had. */
  listen(options: ListenOptions): Promise<Address>;
  /** Stops listening; the service and its filters stay. Open connections are reset, or left to end by themselves. */
  stop(service: string, open: 'reset' | 'leave'): Promise<void>;
  /** Listens again, where it did or as given; elsewhere, open connections go on. Throws AppError `usage`: then nothing has changed. */
  start(service: string, options?: ListenOptions): Promise<Address>;
  /** Other endpoints or another TLS set-up for new connections; the open ones go on. */
  redirect(options: ListenOptions): void;
  /** Stops listening and forgets the service with its filters. */
  forget(service: string, open: 'reset' | 'leave'): Promise<void>;
  hasService(service: string): boolean;
  services(): ServiceInfo[];
  lookupService(service: string): ServiceInfo | undefined;
  /** In force when it returns, on open connections as well. Throws AppError `usage` when the filter makes no sense there. */
  addFilter(request: FilterRequest): void;
  /** Other parameters for a filter in force: whom it has chosen stays chosen, by the same dice. Throws AppError `usage`. */
  updateFilter(service: string, id: string, params: unknown): void;
  /** Harmless when there is no such filter. What it holds back is let go at once. */
  removeFilter(service: string, id: string): void;
  /** Also after removal; undefined when there never was one. */
  filterEffect(service: string, id: string): Effect | undefined;
  hasFilter(service: string, id: string): boolean;
  /** What the service's listener has seen so far. */
  counters(service: string): Readonly<Counters> | undefined;
  /** RED figures of its requests. */
  requestMetrics(service: string): RequestMetrics | undefined;
  /** What protects it at this moment; undefined: nothing does. */
  protection(service: string): ProtectionView | undefined;
  /** Where the next request would go, and why; `key` is what requests are told apart by. Undefined: its endpoints take turns. */
  explain(service: string, key: string | undefined): Explanation | undefined;
  /** What forces a breaker, or lets it go, when it is called. Throws AppError `usage` when there is none. */
  prepareBreakerOrder(service: string, order: BreakerOrder): () => void;
  /** Bytes that faults hold back at this moment, on all connections together. */
  readonly heldBytes: number;
  /** Everything counted, in the Prometheus text format. */
  metricsText(): string;
  /** Stops all listeners and resets what is left of their connections. */
  close(): Promise<void>;
}

/** What the proxy knows of a service. */
interface Entry {
  options: ListenOptions;
  address: Address | undefined;
  listener: ServiceListener;
  readonly params: Map<string, unknown>;
}

export function openProxy(options: ProxyOptions): Proxy {
  return new ProxyEngine(options);
}

class ProxyEngine implements Proxy {
  readonly owner = selfRef();
  readonly #clock: Clock;
  readonly #kinds: readonly FilterKind[];
  readonly #onEvent: ((event: ProxyEvent) => void) | undefined;
  readonly #context: ListenerContext;
  readonly #entries = new Map<string, Entry>();
  readonly #remembered = new Map<string, InstalledFilter>();

  constructor({ clock, kinds = FILTER_KINDS, dialTimeoutMs = DIAL_TIMEOUT_MS, tracer, onEvent }: ProxyOptions) {
    this.#clock = clock;
    this.#kinds = kinds;
    this.#onEvent = onEvent;
    this.#context = {
      clock,
      budget: new QueueBudget(),
      dialTimeoutMs,
      tracer,
      onProtection: (service, change) => this.#tell(changeEvent(service, change)),
      note: createNotes(clock, (text) => this.#tell({ type: 'proxy.note', level: 'warning', text })),
    };
  }

  async listen(options: ListenOptions): Promise<Address> {
    const { service } = options;
    if (this.#entries.has(service)) throw new AppError('usage', `service "${service}" has a listener already`);
    checkListen(options);
    const listener = this.#createListener(options);
    const entry: Entry = { options, address: undefined, listener, params: new Map() };
    this.#entries.set(service, entry);
    try {
      return await this.#open(entry);
    } catch (error) {
      this.#entries.delete(service);
      throw error;
    }
  }

  async stop(service: string, open: 'reset' | 'leave'): Promise<void> {
    const entry = this.#find(service);
    const { address } = entry;
    entry.address = undefined;
    // What was left to end by itself may still have to be reset.
    await entry.listener.close(open);
    if (address !== undefined) this.#tell({ type: 'listener.closed', service, address: formatHostPort(address) });
  }

  async start(service: string, options?: ListenOptions): Promise<Address> {
    const entry = this.#find(service);
    if (options !== undefined) checkListen(options);
    const before = entry.options;
    entry.options = options ?? before;
    const stays = entry.address !== undefined && isSameAddress(before.listen, entry.options.listen);
    try {
      const address = stays ? entry.address : await this.#open(entry);
      entry.listener.redirect(entry.options);
      return address ?? entry.options.listen;
    } catch (error) {
      entry.options = before;
      throw error;
    }
  }

  redirect(options: ListenOptions): void {
    const entry = this.#find(options.service);
    checkListen(options);
    entry.options = options;
    entry.listener.redirect(options);
  }

  async forget(service: string, open: 'reset' | 'leave'): Promise<void> {
    const entry = this.#find(service);
    for (const { id } of entry.listener.chain.all) this.removeFilter(service, id);
    await this.stop(service, open);
    this.#entries.delete(service);
  }

  hasService(service: string): boolean {
    return this.#entries.has(service);
  }

  services(): ServiceInfo[] {
    return [...this.#entries.values()].map(describe);
  }

  lookupService(service: string): ServiceInfo | undefined {
    const entry = this.#entries.get(service);
    return entry && describe(entry);
  }

  addFilter({ service, id, kind, params, seed }: FilterRequest): void {
    const entry = this.#find(service);
    const { listener, options } = entry;
    if (listener.chain.lookup(id) !== undefined)
      throw new AppError('usage', `service "${service}" has a filter "${id}" already`);
    const bound = bindFilter(this.#kinds, kind, params, options);
    const filter = new InstalledFilter({ id, kind, seed, startedMs: this.#clock.monotonicMs(), bound });
    this.#remember(service, filter);
    entry.params.set(id, params);
    listener.addFilter(filter);
    this.#tell({ type: 'fault.applied', service, fault: id, kind, requested: bound.requested });
  }

  updateFilter(service: string, id: string, params: unknown): void {
    const entry = this.#find(service);
    const filter = entry.listener.chain.lookup(id);
    if (filter === undefined) throw new AppError('usage', `service "${service}" has no filter "${id}"`);
    const bound = bindFilter(this.#kinds, filter.kind, params, entry.options);
    filter.retune(bound);
    entry.params.set(id, params);
    entry.listener.retuneFilter(filter);
    this.#tell({ type: 'fault.changed', service, fault: id, kind: filter.kind, requested: bound.requested });
  }

  removeFilter(service: string, id: string): void {
    const entry = this.#entries.get(service);
    const filter = entry?.listener.chain.lookup(id);
    if (entry === undefined || filter === undefined) return;
    entry.listener.removeFilter(id);
    entry.params.delete(id);
    this.#tell({ type: 'fault.removed', service, fault: id, kind: filter.kind, effect: filter.effect() });
  }

  filterEffect(service: string, id: string): Effect | undefined {
    return this.#remembered.get(filterKey(service, id))?.effect();
  }

  hasFilter(service: string, id: string): boolean {
    return this.#entries.get(service)?.listener.chain.lookup(id) !== undefined;
  }

  counters(service: string): Readonly<Counters> | undefined {
    return this.#entries.get(service)?.listener.counters;
  }

  requestMetrics(service: string): RequestMetrics | undefined {
    return this.#entries.get(service)?.listener.metrics;
  }

  protection(service: string): ProtectionView | undefined {
    return this.#entries.get(service)?.listener.guard?.view(this.#clock.monotonicMs());
  }

  explain(service: string, key: string | undefined): Explanation | undefined {
    return this.#entries.get(service)?.listener.guard?.destinations.explain(key, this.#clock.monotonicMs());
  }

  prepareBreakerOrder(service: string, order: BreakerOrder): () => void {
    const { guard } = this.#find(service).listener;
    if (guard?.hasBreaker(order) === true) return () => guard.orderBreaker(order, this.#clock.monotonicMs());
    throw new AppError('usage', explainNoBreaker(service, order, guard?.options.breaker?.per), {
      hint: 'docs/proxy.md, “Protecting a service”, shows how a service is given one',
    });
  }

  get heldBytes(): number {
    return this.#context.budget.heldBytes;
  }

  metricsText(): string {
    const listeners = [...this.#entries].map(([service, { listener, options, address }]) => ({
      service,
      listener,
      address: formatHostPort(address ?? options.listen),
      upstream: options.upstreams.map(formatHostPort).join(','),
    }));
    return formatProxyMetrics(listeners, this.#clock.monotonicMs());
  }

  async close(): Promise<void> {
    const entries = [...this.#entries];
    await Promise.all(entries.map(([service]) => this.forget(service, 'reset')));
  }

  #createListener(options: ListenOptions): ServiceListener {
    return options.protocol === 'udp' ? new UdpListener(options, this.#context) : new Listener(options, this.#context);
  }

  async #open(entry: Entry): Promise<Address> {
    const { service, listen, upstreams } = entry.options;
    const address = await entry.listener.open(listen);
    entry.address = address;
    const upstream = upstreams.map(formatHostPort).join(', ');
    this.#tell({ type: 'listener.opened', service, address: formatHostPort(address), upstream });
    return address;
  }

  #find(service: string): Entry {
    const entry = this.#entries.get(service);
    if (entry !== undefined) return entry;
    throw new AppError('usage', `no listener fronts service "${service}"`, {
      hint: 'Give the service a `listen` address, so that its traffic comes through the proxy.',
    });
  }

  #remember(service: string, filter: InstalledFilter): void {
    const key = filterKey(service, filter.id);
    this.#remembered.delete(key);
    this.#remembered.set(key, filter);
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size > MAX_REMEMBERED_FILTERS && !oldest.done) this.#remembered.delete(oldest.value);
  }

  #tell(body: ProxyEventBody): void {
    this.#onEvent?.({ unixMs: this.#clock.unixMs(), ...body });
  }
}

function describe({ options, address, listener, params }: Entry): ServiceInfo {
  return {
    service: options.service,
    protocol: options.protocol,
    address,
    options,
    counters: listener.counters,
    filters: listener.chain.all.map(({ id, kind, requested }) => ({ id, kind, requested, params: params.get(id) })),
  };
}

function explainNoBreaker(service: string, { endpoint, route }: BreakerOrder, per: string | undefined): string {
  if (per === undefined) return `service "${service}" has no circuit breaker`;
  if (route !== undefined) return `service "${service}" has no circuit breaker for a route "${route}"`;
  if (endpoint !== undefined && per === 'service')
    return `service "${service}" has one circuit breaker, none per endpoint`;
  return `service "${service}" has no endpoint "${endpoint ?? ''}"`;
}

function checkListen({ service, protocol, listen, upstreams, destinations }: ListenOptions): void {
  const problem = ((): string | undefined => {
    if (upstreams.length === 0 && destinations === undefined) return 'has no endpoint to pass requests on to';
    if (!isPort(listen.port)) return `cannot listen on port ${listen.port}`;
    for (const { host, port, tls } of upstreams) {
      if (port === 0 || !isPort(port)) return `has an endpoint with the impossible port ${port}`;
      if (host === listen.host && port === listen.port) return `would pass requests on to itself (${host}:${port})`;
      if (tls === true && (protocol === 'udp' || protocol === 'tcp'))
        return `is ${protocol}, and its endpoint speaks TLS`;
    }
    return undefined;
  })();
  if (problem !== undefined) throw new AppError('usage', `service "${service}" ${problem}`);
}

function isSameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

/** Names may hold any character but NUL. */
function filterKey(service: string, id: string): string {
  return `${service}\0${id}`;
}
