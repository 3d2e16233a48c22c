import {
  checkBreakerOptions,
  DEFAULT_BUCKETS,
  type BreakerOptions,
  type BreakerSettings,
  type BreakerWindow,
} from './breaker-options.ts';
import { ChangeTeller } from './breaker/change-teller.ts';
import { CountWindow } from './breaker/count-window.ts';
import { EndlessWindow } from './breaker/endless-window.ts';
import type { OutcomeWindow } from './breaker/outcome-window.ts';
import { TimeWindow } from './breaker/time-window.ts';

/** What `allow` returns instead of a ticket: it is open. */
export const REJECTED_OPEN = -1;
/** What `allow` returns instead of a ticket: somebody forced it open. */
export const REJECTED_FORCED = -2;
/** What `allow` returns instead of a ticket: it is half-open, and all trials are given out. */
export const REJECTED_TRIALS = -3;

/** The call succeeded. */
export const SUCCESS = 0;
/** The call failed, and the callee is to blame: an error, a 5xx, a deadline that passed. */
export const FAILURE = 1;
/** The call says nothing about the callee: aborted by its client, refused by another rule (a rate limit), an error that is excluded. */
export const IGNORED = 2;
export type Outcome = typeof SUCCESS | typeof FAILURE | typeof IGNORED;

export type BreakerState = 'closed' | 'open' | 'half-open';
export type BreakerForce = 'open' | 'closed';

/** Why a breaker came to be as it is. */
export type BreakerReason =
  | 'created'
  | 'consecutive-failures'
  | 'failure-rate'
  | 'slow-rate'
  | 'open-time-over'
  | 'trial-failed'
  | 'trial-slow'
  | 'trials-overdue'
  | 'trials-succeeded'
  | 'forced-open'
  | 'forced-closed'
  | 'force-lifted'
  | 'reset';

export interface BreakerCounts {
  /** Of the window, or since it closed when there is none; trials are not among them. While it is not closed they stand as they were when it opened. */
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** Failures since the last success, while closed. */
  readonly consecutive: number;
  /** Calls not let through, since the breaker was made; never set back, so that rates can be taken of it. */
  readonly rejected: number;
  /** Results that came after the state they were let through in had ended, since the breaker was made. */
  readonly lateResults: number;
  readonly trialsInFlight: number;
  /** Trials that succeeded. */
  readonly trialsDone: number;
}

export interface BreakerChange {
  readonly name: string;
  readonly from: BreakerState;
  /** The same as `from` when trials were given out anew, or when only the force or the counts changed. */
  readonly to: BreakerState;
  readonly forced: BreakerForce | undefined;
  readonly reason: BreakerReason;
  /** As they were when the change was decided, before anything was set back. */
  readonly counts: BreakerCounts;
  readonly nowMs: number;
}

export interface BreakerView {
  readonly name: string;
  readonly state: BreakerState;
  readonly forced: BreakerForce | undefined;
  /** Of the last change. */
  readonly reason: BreakerReason;
  readonly counts: BreakerCounts;
  /** Open time that remains: 0 when it is not open or the next call becomes a trial, `Infinity` when it is forced open. */
  readonly untilMs: number;
}

export interface CircuitBreakerOptions extends BreakerOptions {
  /** Hears of every change when it is complete, in order; a change that it makes itself is told after it returned. */
  readonly onChange?: ((change: BreakerChange) => void) | undefined;
  /** Hears what `onChange` throws. Default: nobody does; the breaker never fails for its listener. */
  readonly onListenerError?: ((error: unknown) => void) | undefined;
}

const CLOSED = 0;
const OPEN = 1;
const HALF_OPEN = 2;
type Phase = typeof CLOSED | typeof OPEN | typeof HALF_OPEN;
const STATES = ['closed', 'open', 'half-open'] as const;

/** Each reopening doubles the open time, as long as `openMaxMs` allows it. */
const OPEN_GROWTH = 2;

/**
 * A circuit breaker without clock, timer or socket: calls ask before they start and say how they ended, time is what they bring along.
 *
 *               too many failures in a row,
 *               failure or slow rate too high             `openMs` over, at the next allow()
 *     ┌────────┐ ───────────────────────────▶ ┌──────┐ ───────────────────────────▶ ┌───────────┐ ◀─┐ trials overdue:
 *     │ closed │                              │ open │                              │ half-open │ ──┘ given out anew
 *     └────────┘                              └──────┘ ◀─────────────────────────── └───────────┘
 *         ▲                                             one trial failed or was slow      │
 *         └───────────────────────────────────────────────────────────────────────────────┘
 *                            `trialSuccesses` trials succeeded
 *
 *     const ticket = breaker.allow(clock.monotonicMs());
 *     if (ticket < 0) answer503();
 *     else call((outcome, durationMs) => breaker.record(ticket, outcome, durationMs, clock.monotonicMs()));
 *
 * `nowMs` is monotonic milliseconds from 0 on, with or without fractions; time that goes backwards, or is no finite number, counts as no time
 * passed. Nothing is allocated by `allow` and `record` but when the state changes.
 *
 * A ticket is a generation, which every change starts anew, so results of an earlier state are told apart without remembering a call. The price:
 * a ticket that is recorded twice counts twice. Record each ticket exactly once; in half-open, more results than trials in flight are late results.
 *
 * One breaker belongs to one thread; nothing in it is shared.
 *
 * Sources: M. Nygard, Release It! (the pattern); gobreaker (generations, consecutive successes); resilience4j (windows, slow calls, `>=`).
 */
export class CircuitBreaker {
  readonly name: string;
  readonly #settings: BreakerSettings;
  readonly #window: OutcomeWindow;
  readonly #teller: ChangeTeller<BreakerChange>;
  readonly #maxConsecutive: number;
  readonly #slowMs: number;
  readonly #judgesRates: boolean;
  readonly #looksAtTime: boolean;

  // Plain numbers, not a union with data: a union would be a new object for each trial.
  #phase: Phase = CLOSED;
  #generation = 0;
  #nowMs = 0;
  #consecutive = 0;
  #openUntilMs = 0;
  #reopenings = 0;
  #trialsInFlight = 0;
  #trialsDone = 0;
  #lastTrialMs = 0;
  #rejected = 0;
  #lateResults = 0;
  #forced: BreakerForce | undefined;
  #reason: BreakerReason = 'created';

  /** Throws `AppError('usage')` that names the option, its value and what would be right. */
  constructor(options: CircuitBreakerOptions = {}) {
    const settings = checkBreakerOptions(options, 'onChange', 'onListenerError');
    this.name = settings.name;
    this.#settings = settings;
    this.#window = createWindow(settings.window);
    this.#teller = new ChangeTeller(options.onChange, options.onListenerError);
    this.#maxConsecutive = settings.consecutiveFailures;
    this.#slowMs = settings.slowMs;
    this.#looksAtTime = settings.slowMs < Infinity || settings.window?.kind === 'time';
    this.#judgesRates = settings.failurePercent <= 100 || settings.slowPercent <= 100;
  }

  /**
   * Whether times matter at this moment, for callers to whom a look at the clock is dear: when it is false, `allow` and a `record` of a success may
   * be given 0 for all of them.
   */
  get needsTime(): boolean {
    return this.#looksAtTime || this.#phase !== CLOSED;
  }

  /**
   * Asks for one call. Returns a ticket (a whole number from 0 on) that `record` must be given back exactly once, or one of `REJECTED_OPEN`,
   * `REJECTED_FORCED` and `REJECTED_TRIALS` (all below 0), which needs no `record`.
   */
  allow(nowMs: number): number {
    this.#passTo(nowMs);
    return this.#phase === CLOSED ? this.#generation : this.#allowUnlessClosed();
  }

  /**
   * Says how a call ended and how long it took. `IGNORED` gives the permit back and counts nothing, so a trial that ends so can be tried again at
   * once. Tickets below 0 do nothing; those of an earlier generation are counted in `lateResults` and do nothing else.
   */
  record(ticket: number, outcome: Outcome, durationMs: number, nowMs: number): void {
    this.#passTo(nowMs);
    if (ticket !== this.#generation) this.#dropLate(ticket);
    else if (this.#phase !== CLOSED) this.#endTrial(outcome, durationMs);
    else if (outcome !== IGNORED) this.#judge(outcome === FAILURE, durationMs > this.#slowMs);
  }

  /**
   * Takes the decision out of the breaker's hands: `open` rejects every call, `closed` lets every call through and counts without ever opening.
   * `undefined` gives it back: after `open` the next call becomes a trial, after `closed` it stays closed and counts from zero.
   */
  force(mode: BreakerForce | undefined, nowMs: number): void {
    this.#passTo(nowMs);
    const before = this.#forced;
    if (mode === before) return;
    this.#forced = mode;
    const opens = mode === 'open' || (mode === undefined && before === 'open');
    const change = this.#enter(opens ? OPEN : CLOSED, mode === undefined ? 'force-lifted' : `forced-${mode}`);
    this.#openUntilMs = mode === 'open' ? Infinity : this.#nowMs;
    this.#teller.tell(change);
  }

  /** Closed, not forced, nothing counted; only `rejected` and `lateResults` go on. Calls in flight will be late. */
  reset(nowMs: number): void {
    this.#passTo(nowMs);
    this.#forced = undefined;
    this.#teller.tell(this.#enter(CLOSED, 'reset'));
  }

  /** Open time that remains, without the rest of the view: for `Retry-After`. See `BreakerView.untilMs`. */
  untilMs(nowMs: number): number {
    this.#passTo(nowMs);
    return this.#phase === OPEN ? Math.max(0, this.#openUntilMs - this.#nowMs) : 0;
  }

  /** What it is like at this moment, as plain data. An open breaker whose time is over is still `open` here: only a call makes it half-open. */
  view(nowMs: number): BreakerView {
    const untilMs = this.untilMs(nowMs);
    this.#letGoOfOld();
    const state = STATES[this.#phase];
    return { name: this.name, state, forced: this.#forced, reason: this.#reason, counts: this.#counts(), untilMs };
  }

  #passTo(nowMs: number): void {
    if (nowMs > this.#nowMs && nowMs < Infinity) this.#nowMs = nowMs;
  }

  #allowUnlessClosed(): number {
    if (this.#phase === HALF_OPEN) return this.#allowTrial();
    if (this.#nowMs >= this.#openUntilMs) return this.#startTrials('open-time-over', 0);
    this.#rejected++;
    return this.#forced === 'open' ? REJECTED_FORCED : REJECTED_OPEN;
  }

  #allowTrial(): number {
    if (this.#trialsInFlight + this.#trialsDone < this.#settings.trials) return this.#giveTrial();
    if (this.#nowMs - this.#lastTrialMs >= this.#settings.trialMaxMs) {
      return this.#startTrials('trials-overdue', this.#trialsDone);
    }
    this.#rejected++;
    return REJECTED_TRIALS;
  }

  #startTrials(reason: BreakerReason, done: number): number {
    const change = this.#enter(HALF_OPEN, reason);
    this.#trialsDone = done;
    const ticket = this.#giveTrial();
    this.#teller.tell(change);
    return ticket;
  }

  #giveTrial(): number {
    this.#trialsInFlight++;
    this.#lastTrialMs = this.#nowMs;
    return this.#generation;
  }

  #endTrial(outcome: Outcome, durationMs: number): void {
    if (this.#trialsInFlight === 0) {
      this.#lateResults++;
      return;
    }
    this.#trialsInFlight--;
    if (outcome === FAILURE) this.#reopen('trial-failed');
    else if (outcome === SUCCESS) this.#succeedTrial(durationMs);
  }

  #succeedTrial(durationMs: number): void {
    if (durationMs > this.#slowMs && this.#settings.slowPercent <= 100) {
      this.#reopen('trial-slow');
      return;
    }
    this.#trialsDone++;
    if (this.#trialsDone >= this.#settings.trialSuccesses) this.#teller.tell(this.#enter(CLOSED, 'trials-succeeded'));
  }

  #judge(isFailure: boolean, isSlow: boolean): void {
    this.#window.add(isFailure, isSlow, this.#nowMs);
    if (!isFailure) this.#consecutive = 0;
    else if (++this.#consecutive > this.#maxConsecutive) {
      this.#trip('consecutive-failures');
      return;
    }
    if (this.#judgesRates) this.#judgeRates();
  }

  #judgeRates(): void {
    const { calls, failures, slow } = this.#window;
    const { minimumCalls, failurePercent, slowPercent } = this.#settings;
    if (calls < minimumCalls) return;
    // Divided, not multiplied out: one correctly rounded division of whole numbers meets the option's own double when they are equal.
    if ((failures * 100) / calls >= failurePercent) this.#trip('failure-rate');
    else if ((slow * 100) / calls >= slowPercent) this.#trip('slow-rate');
  }

  #trip(reason: BreakerReason): void {
    if (this.#forced === undefined) this.#open(reason);
  }

  #reopen(reason: BreakerReason): void {
    this.#reopenings++;
    this.#open(reason);
  }

  #open(reason: BreakerReason): void {
    const { openMs, openMaxMs } = this.#settings;
    const change = this.#enter(OPEN, reason);
    this.#openUntilMs = this.#nowMs + Math.min(openMaxMs, openMs * OPEN_GROWTH ** this.#reopenings);
    this.#teller.tell(change);
  }

  /** Starts a generation. The caller completes the state and then tells the change that this returns. */
  #enter(phase: Phase, reason: BreakerReason): BreakerChange {
    const change = this.#describe(phase, reason);
    this.#phase = phase;
    this.#reason = reason;
    this.#generation++;
    this.#trialsInFlight = 0;
    this.#trialsDone = 0;
    if (phase === CLOSED) {
      this.#window.clear();
      this.#consecutive = 0;
      this.#reopenings = 0;
    }
    return change;
  }

  #describe(phase: Phase, reason: BreakerReason): BreakerChange {
    this.#letGoOfOld();
    return {
      name: this.name,
      from: STATES[this.#phase],
      to: STATES[phase],
      forced: this.#forced,
      reason,
      counts: this.#counts(),
      nowMs: this.#nowMs,
    };
  }

  /** While it is not closed the window stands still: it shows what opened the breaker. */
  #letGoOfOld(): void {
    if (this.#phase === CLOSED) this.#window.advance(this.#nowMs);
  }

  #counts(): BreakerCounts {
    return {
      calls: this.#window.calls,
      failures: this.#window.failures,
      slow: this.#window.slow,
      consecutive: this.#consecutive,
      rejected: this.#rejected,
      lateResults: this.#lateResults,
      trialsInFlight: this.#trialsInFlight,
      trialsDone: this.#trialsDone,
    };
  }

  #dropLate(ticket: number): void {
    if (ticket >= 0) this.#lateResults++;
  }
}

function createWindow(window: BreakerWindow | undefined): OutcomeWindow {
  if (window === undefined) return new EndlessWindow();
  if (window.kind === 'count') return new CountWindow(window.calls);
  return new TimeWindow(window.windowMs, window.buckets ?? DEFAULT_BUCKETS);
}
