import { formatHostPort } from '../wire/host-port.ts';
import type { Health } from './health.ts';
import type { Registration } from './registration.ts';
import { Traffic } from './traffic.ts';

/**
 * One instance of a service: where it is, how much of the traffic it is to get, whether it is well, and what goes on with it. Fields are
 * plain so that a balancer reads them without a call; all but `inFlight` are changed by the registry only, which tells everyone.
 *
 * It is what the balancer calls a candidate: `{id, weight, isHealthy, inFlight, healthySinceMs}`.
 */
export class Endpoint {
  readonly id: string;
  readonly service: string;
  host: string;
  port: number;
  tls: boolean;
  metadata: Readonly<Record<string, string>>;
  lifetime: 'heartbeat' | 'static';
  /** 0 to 1000 as configured, whether drained or not. */
  configuredWeight: number;
  /** What the balancer goes by: 0 while drained, or when configured so. Requests under way go on to their end. */
  weight: number;
  isDrained = false;
  health: Health;
  isHealthy: boolean;
  /**
   * Since when it is healthy without a break, on the registry's monotonic clock: where a slow start begins. -Infinity for one that comes
   * from a configuration, until it has been unhealthy.
   */
  healthySinceMs: number;
  /** Requests begun and not yet ended: counted by the balancer's `startRequest`, which counts each out exactly once. */
  inFlight = 0;
  /** What came of the requests; goes on over registrations of the same id. */
  readonly traffic = new Traffic();

  constructor(wanted: Registration, nowMs: number) {
    this.id = wanted.id;
    this.service = wanted.service;
    this.host = wanted.host;
    this.port = wanted.port;
    this.tls = wanted.tls;
    this.metadata = wanted.metadata;
    this.lifetime = wanted.lifetime;
    this.configuredWeight = wanted.weight;
    this.weight = wanted.weight;
    this.health = wanted.initialHealth;
    this.isHealthy = wanted.initialHealth !== 'unhealthy';
    this.healthySinceMs = wanted.lifetime === 'static' ? -Infinity : nowMs;
  }

  get address(): string {
    return formatHostPort(this);
  }

  /** Takes address, weight and metadata of a new registration of the same id; a drained one stays drained. False when nothing differs. */
  update(wanted: Registration): boolean {
    const isSame =
      this.host === wanted.host &&
      this.port === wanted.port &&
      this.tls === wanted.tls &&
      this.configuredWeight === wanted.weight &&
      isSameMetadata(this.metadata, wanted.metadata);
    this.host = wanted.host;
    this.port = wanted.port;
    this.tls = wanted.tls;
    this.metadata = wanted.metadata;
    this.lifetime = wanted.lifetime;
    this.setWeight(wanted.weight);
    return !isSame;
  }

  setWeight(weight: number): void {
    this.configuredWeight = weight;
    this.weight = this.isDrained ? 0 : weight;
  }

  setDrained(isDrained: boolean): void {
    this.isDrained = isDrained;
    this.weight = isDrained ? 0 : this.configuredWeight;
  }

  /** Traffic that an unknown one got counts as healthy time; only a return from unhealthy begins it anew. */
  setHealth(health: 'healthy' | 'unhealthy', nowMs: number): void {
    if (health === 'healthy' && !this.isHealthy) this.healthySinceMs = nowMs;
    this.health = health;
    this.isHealthy = health === 'healthy';
  }
}

function isSameMetadata(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
