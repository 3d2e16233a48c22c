import { isDeepStrictEqual } from 'node:util';
import type { ServiceEvent } from '../events/service-events.ts';
import type { Destinations } from '../proxy/protection.ts';
import type { Clock } from '../runtime/clock.ts';
import type { FrontSpec } from '../scenario/scenario.ts';
import type { HealthCheck } from '../services/health-check.ts';
import type { Endpoint } from '../services/endpoint.ts';
import { HealthMonitor } from '../services/health-monitor.ts';
import { ServiceRegistry } from '../services/registry.ts';
import { readTlsUpstream } from './tls-files.ts';
import { formatHostPort } from '../wire/host-port.ts';

interface Watched {
  readonly check: HealthCheck | undefined;
  /** Undefined as long as checks have not begun. */
  monitor: HealthMonitor | undefined;
  /** The same as long as the service is followed: whoever has it sees endpoints come and go. */
  readonly destinations: Destinations;
}

export interface WatchOptions {
  readonly checks?: 'at once' | 'later';
}

/** The endpoints of the services that a proxy fronts, and how well they are. */
export class WatchedServices {
  readonly registry: ServiceRegistry;
  readonly #clock: Clock;
  readonly #byName = new Map<string, Watched>();

  #isChecking: boolean;

  /** `checks: 'later'`: none before `beginChecks`, since the services are still to be started. */
  constructor(clock: Clock, onEvent: (event: ServiceEvent) => void, { checks = 'at once' }: WatchOptions = {}) {
    this.#clock = clock;
    this.#isChecking = checks === 'at once';
    this.registry = new ServiceRegistry({ clock });
    this.registry.subscribe(onEvent);
  }

  /**
   * Registers the endpoints of a service as they are configured now, and drops those that are not any more; what goes on with those that stay
   * goes on. Undefined for one that is neither checked nor protected, where nothing depends on any of it.
   */
  follow(service: FrontSpec): Destinations | undefined {
    const { name, endpoints, more, protocol } = service;
    const isPlain = Object.keys(more).length === 0 && endpoints.every(({ weight }) => weight === undefined);
    if (isPlain || protocol === 'udp') {
      this.forget(name);
      return undefined;
    }
    const check = checkOf(service);
    const ids = new Set(endpoints.map((endpoint) => idOf(name, endpoint)));
    for (const endpoint of this.#configured(name)) if (!ids.has(endpoint.id)) this.registry.deregister(endpoint.id);
    for (const { host, port, tls = false, weight = 1 } of endpoints)
      this.registry.register({
        id: idOf(name, { host, port }),
        service: name,
        host,
        port,
        tls,
        weight,
        lifetime: 'static',
      });
    return this.#watch(name, check);
  }

  /** Harmless when they have begun. */
  beginChecks(): void {
    this.#isChecking = true;
    for (const [name, watched] of this.#byName) watched.monitor ??= this.#monitor(name, watched.check);
  }

  /** Harmless when it is not followed. */
  forget(name: string): void {
    this.#byName.get(name)?.monitor?.close();
    this.#byName.delete(name);
    for (const { id } of this.#configured(name)) this.registry.deregister(id);
  }

  /** Whether somebody chooses among its endpoints, so that others may join them. */
  isFollowed(name: string): boolean {
    return this.#byName.has(name);
  }

  close(): void {
    for (const { monitor } of this.#byName.values()) monitor?.close();
    this.registry.close();
  }

  /** Those that register themselves come and go by themselves. */
  #configured(name: string): Endpoint[] {
    return this.registry.list(name).filter(({ lifetime }) => lifetime === 'static');
  }

  #watch(name: string, check: HealthCheck | undefined): Destinations {
    const before = this.#byName.get(name);
    if (before !== undefined && isDeepStrictEqual(before.check, check)) return before.destinations;
    before?.monitor?.close();
    const monitor = this.#isChecking ? this.#monitor(name, check) : undefined;
    const destinations = before?.destinations ?? (() => this.registry.list(name));
    this.#byName.set(name, { check, monitor, destinations });
    return destinations;
  }

  #monitor(name: string, check: HealthCheck | undefined): HealthMonitor | undefined {
    const checkFor = ({ service }: { readonly service: string }): HealthCheck | undefined =>
      service === name ? check : undefined;
    return check && new HealthMonitor({ registry: this.registry, clock: this.#clock, checkOf: checkFor });
  }
}

/** TLS is spoken to an endpoint in a check as it is by the proxy. Throws AppError `usage` when a PEM file cannot be read. */
function checkOf({ more, tls }: FrontSpec): HealthCheck | undefined {
  const check = more.health as HealthCheck | undefined;
  if (check?.kind !== 'http' || tls?.upstream === undefined) return check;
  return { ...check, tls: readTlsUpstream(tls.upstream) };
}

function idOf(service: string, address: { readonly host: string; readonly port: number }): string {
  return `${service}/${formatHostPort(address)}`;
}
