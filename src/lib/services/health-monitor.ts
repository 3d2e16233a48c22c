import type { ServiceEvent } from '../events/service-events.ts';
import type { Cancel, Clock } from '../runtime/clock.ts';
import { CheckCycle, type CycleHost } from './check-cycle.ts';
import { createSocketChecker } from './create-checker.ts';
import type { Endpoint } from './endpoint.ts';
import type { CreateChecker, HealthCheck } from './health-check.ts';
import { PauseWatch } from './pause-watch.ts';
import type { HealthVerdict, ServiceRegistry } from './registry.ts';
import { SlotTimers } from './slot-timers.ts';

export interface HealthMonitorOptions {
  readonly registry: ServiceRegistry;
  readonly clock: Clock;
  /** How an endpoint is checked; undefined: not at all, its health stays what it is. Asked once for each registration. */
  readonly checkOf: (endpoint: Endpoint) => HealthCheck | undefined;
  /** On real sockets by default. */
  readonly createChecker?: CreateChecker;
}

/** How often this process makes sure that it still runs, and how much later than that is a pause. Checks are far longer than the sum. */
const TICK_MS = 50;
const PAUSE_TOLERANCE_MS = 100;
/** Checks begin on a grid of a tenth of the shortest interval: coarse enough to share wakeups, fine enough to spread. */
const SLOT_MS = 20;

/**
 * Checks every endpoint of a registry, each on its own beat: one that hangs delays no other, and no endpoint is asked twice at once. What it
 * finds it tells the registry, which changes the endpoint and tells everyone.
 *
 * A pause of this process (SIGSTOP, garbage, a suspended machine) makes every check under way void: who did not answer in that time may
 * well have done so.
 */
export class HealthMonitor implements CycleHost {
  readonly clock: Clock;
  readonly slots: SlotTimers;
  /** Results so far, good and bad; void ones are not among them. */
  checks = 0;
  failures = 0;
  /** How often this process was found to have stood still. */
  pauses = 0;
  readonly #registry: ServiceRegistry;
  readonly #checkOf: HealthMonitorOptions['checkOf'];
  readonly #createChecker: CreateChecker;
  /** As many as the registry has endpoints, which is bounded. */
  readonly #cycles = new Map<string, CheckCycle>();
  readonly #pauseWatch: PauseWatch;
  readonly #unsubscribe: () => void;
  #cancelTick: Cancel = () => undefined;

  /** Checks what is registered now and whatever will be, until `close`. */
  constructor({ registry, clock, checkOf, createChecker = createSocketChecker }: HealthMonitorOptions) {
    this.clock = clock;
    this.slots = new SlotTimers(clock, SLOT_MS);
    this.#registry = registry;
    this.#checkOf = checkOf;
    this.#createChecker = createChecker;
    this.#pauseWatch = new PauseWatch(TICK_MS, PAUSE_TOLERANCE_MS, clock.monotonicMs());
    this.#unsubscribe = registry.subscribe((event) => this.#follow(event));
    for (const service of registry.services()) {
      for (const endpoint of registry.list(service)) this.#add(endpoint)?.start();
    }
    this.#tick();
  }

  /** How many endpoints it checks. */
  get size(): number {
    return this.#cycles.size;
  }

  /** Ends all checks and their connections. Harmless twice. */
  close(): void {
    this.#unsubscribe();
    this.#cancelTick();
    for (const cycle of this.#cycles.values()) cycle.stop();
    this.#cycles.clear();
  }

  look(nowMs: number): void {
    if (this.#pauseWatch.look(nowMs) === 0) return;
    this.pauses++;
    for (const cycle of this.#cycles.values()) cycle.forgive();
  }

  checked(isGood: boolean): void {
    this.checks++;
    if (!isGood) this.failures++;
  }

  judged(endpoint: Endpoint, verdict: HealthVerdict): void {
    this.#registry.setHealth(endpoint, verdict);
  }

  #tick(): void {
    this.look(this.clock.monotonicMs());
    this.#cancelTick = this.clock.after(TICK_MS, () => this.#tick());
  }

  #follow(event: ServiceEvent): void {
    if (event.type === 'endpoint.expired' || event.type === 'endpoint.deregistered') this.#drop(event.endpoint);
    if (event.type !== 'endpoint.registered') return;
    const endpoint = this.#registry.lookup(event.endpoint);
    if (!endpoint) return;
    const cycle = this.#cycles.get(endpoint.id);
    if (cycle?.endpoint === endpoint && cycle.address === endpoint.address) return;
    this.#drop(endpoint.id);
    // One that moved got traffic at its old place: its new one is looked at without delay.
    if (event.isAgain) this.#add(endpoint)?.startNow();
    else this.#add(endpoint)?.start();
  }

  #add(endpoint: Endpoint): CheckCycle | undefined {
    const check = this.#checkOf(endpoint);
    if (!check) return undefined;
    const place = { host: endpoint.host, port: endpoint.port };
    const cycle = new CheckCycle(endpoint, check, this.#createChecker(place, check), this);
    this.#cycles.set(endpoint.id, cycle);
    return cycle;
  }

  #drop(id: string): void {
    this.#cycles.get(id)?.stop();
    this.#cycles.delete(id);
  }
}
