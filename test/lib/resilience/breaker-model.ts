import type {
  BreakerChange,
  BreakerCounts,
  BreakerForce,
  BreakerReason,
  BreakerState,
  BreakerView,
} from '../../../src/lib/resilience/breaker.ts';

/**
 * What a circuit breaker should do, as a table and full lists: slow, and easy to check by reading. Nothing of the real one is used but the shape
 * of its views. Every call is an object that knows in which era it was let in, so nothing is packed into numbers.
 *
 * A time window is defined as the real one defines it: a call belongs to bucket floor(time / (windowMs / buckets)), and the window is the bucket
 * of now with the `buckets - 1` before it. The times of a test must be such that this division is exact (windows of 100 ms, times in quarters).
 * Percentages are whole, so that shares are compared exactly without a division.
 */
export interface ModelOptions {
  readonly consecutiveFailures: number;
  readonly failurePercent?: number;
  readonly slowMs?: number;
  readonly slowPercent?: number;
  readonly lastCalls?: number;
  readonly lastMs?: number;
  readonly buckets?: number;
  readonly minimumCalls?: number;
  readonly openMs: number;
  readonly openMaxMs: number;
  readonly trials: number;
  readonly trialSuccesses: number;
  readonly trialMaxMs: number;
}

export type Ending = 'success' | 'failure' | 'ignored';
export interface ModelCall {
  readonly era: number;
  readonly startedMs: number;
  status: 'running' | 'succeeded' | 'gone';
}
export type Answer = ModelCall | 'open' | 'forced' | 'trials';

type Input = { on: 'ask' } | { on: 'report'; call: ModelCall; ending: Ending; tookMs: number };

interface Row {
  readonly in: BreakerState | 'any';
  readonly on: Input['on'];
  readonly when: (m: BreakerModel, input: Input) => boolean;
  readonly then: (m: BreakerModel, input: Input) => Answer | undefined;
}

const always = (): boolean => true;
const report = (input: Input): Extract<Input, { on: 'report' }> => {
  if (input.on !== 'report') throw new Error('no report');
  return input;
};
const ended = (ending: Ending) => (_m: BreakerModel, input: Input) => report(input).ending === ending;

/** The first row that fits decides. */
const TABLE: readonly Row[] = [
  { in: 'any', on: 'ask', when: (m) => m.forced === 'open', then: (m) => m.refuse('forced') },
  { in: 'closed', on: 'ask', when: always, then: (m) => m.letIn() },
  { in: 'open', on: 'ask', when: (m) => m.now < m.openUntil, then: (m) => m.refuse('open') },
  { in: 'open', on: 'ask', when: always, then: (m) => m.tryOut('open-time-over', 0) },
  { in: 'half-open', on: 'ask', when: (m) => m.taken() < m.options.trials, then: (m) => m.letIn() },
  { in: 'half-open', on: 'ask', when: (m) => m.overdue(), then: (m) => m.tryOut('trials-overdue', m.done()) },
  { in: 'half-open', on: 'ask', when: always, then: (m) => m.refuse('trials') },

  { in: 'any', on: 'report', when: (m, i) => report(i).call.era !== m.era, then: (m) => m.tooLate() },
  { in: 'closed', on: 'report', when: ended('ignored'), then: () => undefined },
  { in: 'closed', on: 'report', when: always, then: (m, i) => m.note(report(i).ending === 'failure', m.isSlow(i)) },
  { in: 'half-open', on: 'report', when: ended('ignored'), then: (m, i) => m.giveBack(i) },
  { in: 'half-open', on: 'report', when: ended('failure'), then: (m, i) => m.failTrial(i, 'trial-failed') },
  { in: 'half-open', on: 'report', when: (m, i) => m.slowFails(i), then: (m, i) => m.failTrial(i, 'trial-slow') },
  { in: 'half-open', on: 'report', when: always, then: (m, i) => m.passTrial(i) },
];

export class BreakerModel {
  readonly options: ModelOptions;
  readonly changes: Omit<BreakerChange, 'name'>[] = [];
  state: BreakerState = 'closed';
  forced: BreakerForce | undefined;
  reason: BreakerReason = 'created';
  era = 0;
  now = 0;
  openUntil = 0;
  /** Every call that was counted since the breaker closed. */
  log: { atMs: number; failed: boolean; slow: boolean }[] = [];
  /** When the breaker stopped being closed; its log is looked at as of then. */
  leftClosedMs: number | undefined;
  /** Every trial of this era. */
  trials: ModelCall[] = [];
  inheritedDone = 0;
  reopened = 0;
  rejected = 0;
  late = 0;

  constructor(options: ModelOptions) {
    this.options = options;
  }

  ask(nowMs: number): Answer {
    this.pass(nowMs);
    const answer = this.decide({ on: 'ask' });
    if (answer === undefined) throw new Error('the table has no answer');
    return answer;
  }

  tell(call: ModelCall, ending: Ending, tookMs: number, nowMs: number): void {
    this.pass(nowMs);
    this.decide({ on: 'report', call, ending, tookMs });
  }

  force(mode: BreakerForce | undefined, nowMs: number): void {
    this.pass(nowMs);
    const was = this.forced;
    if (was === mode) return;
    this.forced = mode;
    if (mode === 'open') this.become('open', 'forced-open', Infinity);
    else if (mode === 'closed') this.become('closed', 'forced-closed');
    else if (was === 'open') this.become('open', 'force-lifted', this.now);
    else this.become('closed', 'force-lifted');
  }

  reset(nowMs: number): void {
    this.pass(nowMs);
    this.forced = undefined;
    this.become('closed', 'reset');
  }

  view(nowMs: number): Omit<BreakerView, 'name'> {
    this.pass(nowMs);
    const untilMs = this.state === 'open' ? Math.max(0, this.openUntil - this.now) : 0;
    return { state: this.state, forced: this.forced, reason: this.reason, counts: this.counts(), untilMs };
  }

  pass(nowMs: number): void {
    if (Number.isFinite(nowMs)) this.now = Math.max(this.now, nowMs);
  }

  decide(input: Input): Answer | undefined {
    const row = TABLE.find((r) => r.on === input.on && (r.in === 'any' || r.in === this.state) && r.when(this, input));
    if (!row) throw new Error(`the table has no row for ${input.on} when ${this.state}`);
    return row.then(this, input);
  }

  refuse(why: 'open' | 'forced' | 'trials'): Answer {
    this.rejected++;
    return why;
  }

  letIn(): ModelCall {
    const call: ModelCall = { era: this.era, startedMs: this.now, status: 'running' };
    if (this.state === 'half-open') this.trials.push(call);
    return call;
  }

  tryOut(reason: BreakerReason, done: number): ModelCall {
    this.become('half-open', reason);
    this.inheritedDone = done;
    return this.letIn();
  }

  tooLate(): undefined {
    this.late++;
  }

  note(failed: boolean, slow: boolean): undefined {
    this.log.push({ atMs: this.now, failed, slow });
    if (this.forced === 'closed') return;
    const { calls, failures, slow: slowCalls, consecutive } = this.counts();
    const { consecutiveFailures, failurePercent = 1000, slowPercent = 1000, minimumCalls = 20 } = this.options;
    const enough = calls >= minimumCalls;
    const openUntil = this.now + this.options.openMs;
    if (failed && consecutive > consecutiveFailures) this.become('open', 'consecutive-failures', openUntil);
    else if (enough && failures * 100 >= failurePercent * calls) this.become('open', 'failure-rate', openUntil);
    else if (enough && slowCalls * 100 >= slowPercent * calls) this.become('open', 'slow-rate', openUntil);
  }

  giveBack(input: Input): undefined {
    report(input).call.status = 'gone';
  }

  failTrial(input: Input, reason: BreakerReason): undefined {
    report(input).call.status = 'gone';
    this.reopened++;
    let openMs = this.options.openMs;
    for (let i = 0; i < this.reopened && openMs < this.options.openMaxMs; i++) openMs *= 2;
    this.become('open', reason, this.now + Math.min(openMs, this.options.openMaxMs));
  }

  passTrial(input: Input): undefined {
    report(input).call.status = 'succeeded';
    if (this.done() >= this.options.trialSuccesses) this.become('closed', 'trials-succeeded');
  }

  isSlow(input: Input): boolean {
    return this.options.slowMs !== undefined && report(input).tookMs > this.options.slowMs;
  }

  slowFails(input: Input): boolean {
    return this.options.slowPercent !== undefined && this.isSlow(input);
  }

  overdue(): boolean {
    return this.now - Math.max(...this.trials.map(({ startedMs }) => startedMs)) >= this.options.trialMaxMs;
  }

  running(): number {
    return this.trials.filter(({ status }) => status === 'running').length;
  }

  done(): number {
    return this.inheritedDone + this.trials.filter(({ status }) => status === 'succeeded').length;
  }

  taken(): number {
    return this.running() + this.done();
  }

  become(state: BreakerState, reason: BreakerReason, openUntil = 0): void {
    const { forced, now: nowMs } = this;
    this.changes.push({ from: this.state, to: state, forced, reason, counts: this.counts(), nowMs });
    if (state === 'closed') {
      this.log = [];
      this.reopened = 0;
    }
    if (state === 'closed') this.leftClosedMs = undefined;
    else this.leftClosedMs ??= this.now;
    this.state = state;
    this.reason = reason;
    this.openUntil = openUntil;
    this.era++;
    this.trials = [];
    this.inheritedDone = 0;
  }

  window(): typeof this.log {
    const { lastCalls, lastMs, buckets = 10 } = this.options;
    if (lastCalls !== undefined) return this.log.slice(-lastCalls);
    if (lastMs === undefined) return this.log;
    const bucketOf = (ms: number): number => Math.floor(ms / (lastMs / buckets));
    const current = bucketOf(this.leftClosedMs ?? this.now);
    return this.log.filter(({ atMs }) => bucketOf(atMs) > current - buckets);
  }

  counts(): BreakerCounts {
    const window = this.window();
    return {
      calls: window.length,
      failures: window.filter(({ failed }) => failed).length,
      slow: window.filter(({ slow }) => slow).length,
      consecutive: this.log.length - 1 - this.log.findLastIndex(({ failed }) => !failed),
      rejected: this.rejected,
      lateResults: this.late,
      trialsInFlight: this.running(),
      trialsDone: this.done(),
    };
  }
}
