import { describe, expect, it } from 'vitest';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import {
  CircuitBreaker,
  FAILURE,
  IGNORED,
  REJECTED_FORCED,
  REJECTED_OPEN,
  REJECTED_TRIALS,
  SUCCESS,
  type BreakerChange,
  type BreakerForce,
  type CircuitBreakerOptions,
} from '../../../src/lib/resilience/breaker.ts';
import { BreakerModel, type Ending, type ModelCall, type ModelOptions } from './breaker-model.ts';

const RECOVERY = { minimumCalls: 5, openMs: 50, openMaxMs: 50, trials: 4, trialSuccesses: 4, trialMaxMs: 20 };

const CASES: readonly ModelOptions[] = [
  { ...RECOVERY, consecutiveFailures: 5 },
  { ...RECOVERY, consecutiveFailures: 0, openMaxMs: 900, trials: 1, trialSuccesses: 1 },
  { ...RECOVERY, consecutiveFailures: 7, failurePercent: 40, lastCalls: 16, minimumCalls: 8 },
  { ...RECOVERY, consecutiveFailures: 1e6, failurePercent: 30, lastCalls: 7, minimumCalls: 7, trialSuccesses: 2 },
  { ...RECOVERY, consecutiveFailures: 1e6, failurePercent: 50, lastMs: 100, minimumCalls: 5, openMaxMs: 300 },
  { ...RECOVERY, consecutiveFailures: 3, slowMs: 10, slowPercent: 60, lastMs: 100, buckets: 4, minimumCalls: 6 },
  { ...RECOVERY, consecutiveFailures: 9, slowMs: 10, failurePercent: 35, lastMs: 100, buckets: 1, minimumCalls: 3 },
  { ...RECOVERY, consecutiveFailures: 6, slowMs: 5, slowPercent: 25, failurePercent: 90, lastCalls: 12, trials: 10 },
];

const SEEDS = [1, 2, 3, 4, 5];
/** 8 sets of options with 5 seeds: 100,000 steps. */
const STEPS = 2500;
/** Calls in flight at most; above it a step reports one. */
const MAX_FLYING = 40;

const OUTCOMES = { success: SUCCESS, failure: FAILURE, ignored: IGNORED } as const;
const REJECTIONS = { open: REJECTED_OPEN, forced: REJECTED_FORCED, trials: REJECTED_TRIALS };

function realOptions(options: ModelOptions): CircuitBreakerOptions {
  const { lastCalls, lastMs, buckets = 10, ...same } = options;
  if (lastCalls !== undefined) return { ...same, window: { kind: 'count', calls: lastCalls } };
  if (lastMs !== undefined) return { ...same, window: { kind: 'time', windowMs: lastMs, buckets } };
  return same;
}

/** Both machines on one sequence of inputs, which the seed decides. */
class Pair {
  readonly model: BreakerModel;
  readonly real: CircuitBreaker;
  readonly realChanges: BreakerChange[] = [];
  readonly flying: { call: ModelCall; ticket: number }[] = [];
  readonly seed: number;
  nowMs = 0;
  step = 0;

  constructor(options: ModelOptions, seed: number) {
    this.seed = seed;
    this.model = new BreakerModel(options);
    this.real = new CircuitBreaker({
      ...realOptions(options),
      onChange: (change) => void this.realChanges.push(change),
    });
  }

  chance(what: string): number {
    return hashFraction(this.seed, this.step, what);
  }

  /** Some quarters of a millisecond. */
  quarters(limitMs: number): number {
    return Math.floor(this.chance('quarters') * limitMs * 4) / 4;
  }

  /** A little forward; now and then by a part of a window or several windows, backwards, or nonsense. */
  time(): number {
    const kind = this.chance('kind of time');
    if (kind < 0.01) return [NaN, Infinity, -Infinity, -5][this.step % 4]!;
    if (kind < 0.03) return this.nowMs - this.quarters(75);
    if (kind < 0.07) this.nowMs += this.chance('long') < 0.8 ? this.quarters(100) : 100 * this.quarters(50);
    else if (kind < 0.6) this.nowMs += this.quarters(4);
    return this.nowMs;
  }

  /** Weather lasts 150 steps: from all is well to nearly everything fails, or takes long. */
  ending(): { ending: Ending; tookMs: number } {
    const weather = Math.floor(this.step / 150);
    const failing = [0, 0.05, 0.4, 0.9][Math.floor(hashFraction(this.seed, weather, 'failing') * 4)]!;
    const slow = [0, 0.1, 0.7][Math.floor(hashFraction(this.seed, weather, 'slow') * 3)]!;
    const tookMs = this.chance('slow') < slow ? 10.5 : this.chance('edge') < 0.1 ? 10 : 1;
    if (this.chance('ignored') < 0.1) return { ending: 'ignored', tookMs };
    return { ending: this.chance('failure') < failing ? 'failure' : 'success', tookMs };
  }

  act(): void {
    const what = this.chance('what');
    const nowMs = this.time();
    if (what < 0.004) {
      this.real.reset(nowMs);
      this.model.reset(nowMs);
    } else if (what < 0.02) this.force(nowMs);
    else if (this.flying.length > MAX_FLYING || (what < 0.52 && this.flying.length > 0)) this.report(nowMs);
    else this.ask(nowMs);
  }

  force(nowMs: number): void {
    const modes: readonly (BreakerForce | undefined)[] = ['open', 'closed', undefined, undefined];
    const mode = modes[Math.floor(this.chance('mode') * 4)];
    this.real.force(mode, nowMs);
    this.model.force(mode, nowMs);
  }

  ask(nowMs: number): void {
    const ticket = this.real.allow(nowMs);
    const answer = this.model.ask(nowMs);
    if (typeof answer === 'string') expect(ticket).toBe(REJECTIONS[answer]);
    else {
      expect(ticket).toBeGreaterThanOrEqual(0);
      // One in 12 never reports.
      if (this.chance('hangs') > 0.08) this.flying.push({ call: answer, ticket });
    }
  }

  report(nowMs: number): void {
    // Mostly a young one; now and then one from long ago.
    const age = this.chance('age') ** 3;
    const index = Math.floor((1 - age) * (this.flying.length - 1));
    const [{ call, ticket } = { call: undefined, ticket: 0 }] = this.flying.splice(index, 1);
    const { ending, tookMs } = this.ending();
    this.real.record(ticket, OUTCOMES[ending], tookMs, nowMs);
    this.model.tell(call!, ending, tookMs, nowMs);
  }

  compare(): void {
    const real = this.real.view(this.nowMs);
    const model = { name: 'breaker', ...this.model.view(this.nowMs) };
    // Compared as text first: 100,000 deep comparisons take their time.
    if (JSON.stringify(real) !== JSON.stringify(model))
      expect({ step: this.step, ...real }).toEqual({ step: this.step, ...model });
  }
}

describe('a circuit breaker and its model', () => {
  const seen = new Map<string, number>();

  it.each(CASES.flatMap((options, index) => SEEDS.map((seed) => ({ options, index, seed }))))(
    'agree after each of many random steps (options $index, seed $seed)',
    ({ options, index, seed }) => {
      const pair = new Pair(options, seed * 1000 + index);
      for (; pair.step < STEPS; pair.step++) {
        pair.act();
        pair.compare();
      }
      expect(pair.realChanges).toEqual(pair.model.changes.map((change) => ({ name: 'breaker', ...change })));
      for (const { reason } of pair.realChanges) seen.set(reason, (seen.get(reason) ?? 0) + 1);
      seen.set('late', (seen.get('late') ?? 0) + pair.model.late);
      seen.set('rejected', (seen.get('rejected') ?? 0) + pair.model.rejected);
    },
  );

  it('met every kind of change often', () => {
    const often = [...seen].filter(([, count]) => count >= 20).map(([what]) => what);
    expect(often.toSorted()).toEqual([
      'consecutive-failures',
      'failure-rate',
      'force-lifted',
      'forced-closed',
      'forced-open',
      'late',
      'open-time-over',
      'rejected',
      'reset',
      'slow-rate',
      'trial-failed',
      'trial-slow',
      'trials-overdue',
      'trials-succeeded',
    ]);
  });
});
