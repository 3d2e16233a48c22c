import { hashFraction } from '../runtime/chance.ts';
import type { Cancel, Clock } from '../runtime/clock.ts';
import { formatDurationMs } from '../wire/quantities.ts';
import type { Endpoint } from './endpoint.ts';
import { JITTER_RATIO, type Checker, type HealthCheck } from './health-check.ts';
import { HealthStreak } from './health.ts';
import type { HealthVerdict } from './registry.ts';
import type { SlotTimers } from './slot-timers.ts';

/** What a cycle needs of its monitor. */
export interface CycleHost {
  readonly clock: Clock;
  /** For the beginnings of checks. */
  readonly slots: SlotTimers;
  /** Called whenever the cycle runs, so that a pause of this process is noticed before a result counts. */
  look(nowMs: number): void;
  checked(isGood: boolean): void;
  judged(endpoint: Endpoint, verdict: HealthVerdict): void;
}

/** How long a check whose time is up may still be saved by an answer that waits in the kernel because this process was slow. */
const LAST_LOOK_MS = 1;

const nothing: Cancel = () => undefined;

/**
 * The checks of one endpoint, one after another; the next begins when it is due and the last one has ended.
 *
 *     interval ± 10 %            retry     retry
 *     ├───────────────────────┼─────────┼─────────┼──────────────────── interval again, once unhealthy
 *     ▪ good                  ▪▪ bad    ▪▪ bad    ▪▪ bad: unhealthy
 */
export class CheckCycle {
  readonly endpoint: Endpoint;
  /** Where the checks go; a registration may move the endpoint. */
  readonly address: string;
  readonly #check: HealthCheck;
  readonly #checker: Checker;
  readonly #host: CycleHost;
  readonly #streak: HealthStreak;
  #state: 'waiting' | 'checking' | 'stopped' = 'waiting';
  #startedMs = 0;
  #round = 0;
  #cancelTimer: Cancel = nothing;

  constructor(endpoint: Endpoint, check: HealthCheck, checker: Checker, host: CycleHost) {
    this.endpoint = endpoint;
    this.address = endpoint.address;
    this.#check = check;
    this.#checker = checker;
    this.#host = host;
    this.#streak = new HealthStreak(check);
  }

  /** Begins somewhere within one interval, by the endpoint's id: many that start together do not check together. */
  start(): void {
    this.#waitUntil(this.#nowMs + this.#chance() * this.#check.intervalMs);
  }

  startNow(): void {
    this.#waitUntil(this.#nowMs);
  }

  /** A check that was under way while this process stood still is no result; another begins soon. */
  forgive(): void {
    if (this.#state !== 'checking') return;
    this.#cancelTimer();
    this.#checker.reset();
    this.#waitUntil(this.#nowMs + this.#chance() * this.#check.retryMs);
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancelTimer();
    this.#checker.reset();
  }

  get #nowMs(): number {
    return this.#host.clock.monotonicMs();
  }

  #waitUntil(dueMs: number): void {
    this.#state = 'waiting';
    this.#cancelTimer = this.#host.slots.near(dueMs, this.#begin);
  }

  readonly #begin = (): void => {
    this.#startedMs = this.#nowMs;
    this.#host.look(this.#startedMs);
    this.#state = 'checking';
    this.#cancelTimer = this.#host.clock.after(this.#check.timeoutMs, this.#timedOut);
    this.#checker.begin(this.#done);
  };

  readonly #done = (failure: string | undefined): void => {
    this.#host.look(this.#nowMs);
    if (!this.#isChecking()) return;
    this.#cancelTimer();
    this.#judge(failure);
    if (this.#isStopped()) return;
    if (failure !== undefined && this.endpoint.health !== 'unhealthy') this.#retry();
    else this.#waitUntil(this.#startedMs + this.#check.intervalMs * (1 + JITTER_RATIO * (2 * this.#chance() - 1)));
  };

  readonly #timedOut = (): void => {
    this.#host.look(this.#nowMs);
    if (this.#isChecking()) this.#cancelTimer = this.#host.clock.after(LAST_LOOK_MS, this.#giveUp);
  };

  readonly #giveUp = (): void => {
    const { stage } = this.#checker;
    this.#checker.reset();
    this.#done(`no result within ${formatDurationMs(this.#check.timeoutMs)} (${stage})`);
  };

  #judge(failure: string | undefined): void {
    const isGood = failure === undefined;
    this.#host.checked(isGood);
    const health = this.#streak.take(isGood, this.endpoint.health);
    this.#state = 'waiting';
    if (health === undefined) return;
    this.#host.judged(this.endpoint, { health, reason: failure ?? 'the check passed', checks: this.#streak.length });
  }

  /**
   * While bad results add up they come fast, and each at its time rather than on the grid. An endpoint that is known to be unhealthy is asked
   * no more often than a healthy one.
   */
  #retry(): void {
    const delayMs = Math.max(0, this.#startedMs + this.#check.retryMs - this.#nowMs);
    this.#cancelTimer = this.#host.clock.after(delayMs, this.#begin);
  }

  #chance(): number {
    return hashFraction(this.endpoint.id, this.#round++);
  }

  /** Asked through functions, since the compiler takes a state that was seen before a call for the state after it. */
  #isChecking(): boolean {
    return this.#state === 'checking';
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }
}
