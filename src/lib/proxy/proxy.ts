import { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import type { Effect } from '../events/run-events.ts';
import type { Clock } from '../runtime/clock.ts';
import { selfRef, type ProcessRef } from '../runtime/processes.ts';
import type { Counters } from './counters.ts';
import { FILTER_KINDS } from './filter-registry.ts';
import type { FilterKind } from './filter.ts';
import { InstalledFilter } from './installed-filter.ts';
import { Listener, type Address, type ListenOptions } from './listener.ts';

/** How long an endpoint may take to accept a connection. */
const DIAL_TIMEOUT_MS = 5000;
/** Filters whose account is kept, removed ones included; beyond it the oldest is forgotten. A run has a handful. */
const MAX_REMEMBERED_FILTERS = 1024;

export interface ProxyOptions {
  readonly clock: Clock;
  readonly kinds?: readonly FilterKind[];
  readonly dialTimeoutMs?: number;
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

/** Fronts services and puts filters in the way of their traffic. */
export interface Proxy {
  /** This process: when it is gone, so are its listeners and their filters. */
  readonly owner: ProcessRef;
  /** Resolves to the address listened on. Throws AppError `usage` when it cannot be had. */
  listen(options: ListenOptions): Promise<Address>;
  hasService(service: string): boolean;
  /** In force when it returns, on open connections as well. Throws AppError `usage` when the filter makes no sense there. */
  addFilter(request: FilterRequest): void;
  /** Harmless when there is no such filter. Requests that it holds back are let go at once. */
  removeFilter(service: string, id: string): void;
  /** Also after removal; undefined when there never was one. */
  filterEffect(service: string, id: string): Effect | undefined;
  hasFilter(service: string, id: string): boolean;
  /** What the service's listener has seen so far. */
  counters(service: string): Readonly<Counters> | undefined;
  /** Stops all listeners and resets what is left of their connections. */
  close(): Promise<void>;
}

export function openProxy({ clock, kinds = FILTER_KINDS, dialTimeoutMs = DIAL_TIMEOUT_MS }: ProxyOptions): Proxy {
  const listeners = new Map<string, Listener>();
  const remembered = new Map<string, InstalledFilter>();
  return {
    owner: selfRef(),
    async listen(options) {
      checkListen(options, listeners);
      const listener = new Listener(options, clock, dialTimeoutMs);
      listeners.set(options.service, listener);
      try {
        return await listener.open(options.listen);
      } catch (error) {
        listeners.delete(options.service);
        throw error;
      }
    },
    hasService: (service) => listeners.has(service),
    addFilter(request) {
      const listener = findListener(listeners, request.service);
      const filter = installFilter(kinds, listener, request);
      remember(remembered, filterKey(request.service, request.id), filter);
      listener.addFilter(filter);
    },
    removeFilter: (service, id) => listeners.get(service)?.chain.remove(id),
    filterEffect: (service, id) => remembered.get(filterKey(service, id))?.effect(),
    hasFilter: (service, id) => listeners.get(service)?.chain.has(id) ?? false,
    counters: (service) => listeners.get(service)?.counters,
    async close() {
      const open = [...listeners.values()];
      listeners.clear();
      await Promise.all(open.map((listener) => listener.close()));
    },
  };
}

function checkListen({ service, listen, upstreams }: ListenOptions, listeners: ReadonlyMap<string, Listener>): void {
  const problem = ((): string | undefined => {
    if (listeners.has(service)) return 'has a listener already';
    if (upstreams.length === 0) return 'has no endpoint to pass requests on to';
    if (!isPort(listen.port)) return `cannot listen on port ${listen.port}`;
    for (const { host, port } of upstreams) {
      if (port === 0 || !isPort(port)) return `has an endpoint with the impossible port ${port}`;
      if (host === listen.host && port === listen.port) return `would pass requests on to itself (${host}:${port})`;
    }
    return undefined;
  })();
  if (problem !== undefined) throw new AppError('usage', `service "${service}" ${problem}`);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

function findListener(listeners: ReadonlyMap<string, Listener>, service: string): Listener {
  const listener = listeners.get(service);
  if (listener !== undefined) return listener;
  throw new AppError('usage', `no listener fronts service "${service}"`, {
    hint: 'Give the service a `listen` address, so that its traffic comes through the proxy.',
  });
}

function installFilter(kinds: readonly FilterKind[], listener: Listener, request: FilterRequest): InstalledFilter {
  const { id, seed, params } = request;
  const { service, protocol } = listener;
  const kind = kinds.find((candidate) => candidate.kind === request.kind);
  if (kind === undefined) {
    const known = kinds.map((candidate) => candidate.kind).join(', ');
    throw new AppError('usage', `there is no filter "${request.kind}"`, { hint: `Known filters: ${known}.` });
  }
  if (listener.chain.has(id)) throw new AppError('usage', `service "${service}" has a filter "${id}" already`);
  if (!kind.protocols.includes(protocol)) {
    throw new AppError('usage', `${kind.kind} acts on ${kind.protocols.join(' and ')}; "${service}" is ${protocol}`);
  }
  try {
    const misfit = kind.misfit(params, protocol);
    if (misfit !== undefined) throw new AppError('usage', `${kind.kind}: ${misfit}`);
    return new InstalledFilter({ id, seed, protocol, kind: kind.kind, ...kind.bind(params) });
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const details = error.issues.map(({ path, message }) => `${[...path].join('.') || 'parameters'}: ${message}`);
    throw new AppError('usage', `the parameters of ${kind.kind} are wrong`, { details, cause: error });
  }
}

function remember(remembered: Map<string, InstalledFilter>, key: string, filter: InstalledFilter): void {
  remembered.delete(key);
  remembered.set(key, filter);
  const oldest = remembered.keys().next();
  if (remembered.size > MAX_REMEMBERED_FILTERS && !oldest.done) remembered.delete(oldest.value);
}

/** Names may hold any character but NUL. */
function filterKey(service: string, id: string): string {
  return `${service}\0${id}`;
}
