import { describe, expect, it } from 'vitest';
import { CALM, watchGuard, type GuardState, type GuardView } from '../../../src/lib/experiment/guards.ts';
import { parseCondition } from '../../../src/lib/scenario/thresholds.ts';
import type { GuardSpec } from '../../../src/lib/scenario/scenario.ts';
import { load } from '../../support/run-events.ts';

const guard = (text: string, forMs: number): GuardSpec => {
  const condition = parseCondition(text);
  if (!condition.ok) throw new Error(condition.problem);
  return { text, condition: condition.value, forMs };
};
const view = (overrides: Partial<GuardView>): GuardView => ({
  load: undefined,
  seconds: 1,
  probeOk: () => undefined,
  ...overrides,
});
const failing = (share: number): GuardView => view({ load: load(100, share, 10) });

/** Looks once a second; the look at which the guard trips, or undefined. */
function tripsAt(spec: GuardSpec, views: readonly GuardView[]): number | undefined {
  let state: GuardState = CALM;
  for (const [second, each] of views.entries()) {
    const verdict = watchGuard(spec, state, each, second * 1000);
    if (verdict.tripped) return second;
    state = verdict.state;
  }
  return undefined;
}

describe('guards', () => {
  it.each([
    ['trips once the condition has held long enough', [70, 70, 70, 70], 3],
    ['starts anew after a break', [70, 70, 10, 70, 70, 70, 70], 6],
    ['never trips on a condition that does not hold', [60, 60, 60, 60, 60], undefined],
  ])('%s', (_name, shares, expected) => {
    expect(tripsAt(guard('errors > 60%', 3000), shares.map(failing))).toBe(expected);
  });

  it('sees nothing without requests', () => {
    const silent = view({ load: load(0, 0, 0) });
    expect(tripsAt(guard('errors >= 0%', 0), [view({}), silent])).toBeUndefined();
  });

  it('watches probes for failing and for holding', () => {
    const down = view({ probeOk: (name) => (name === 'up' ? false : undefined) });
    expect(tripsAt(guard('probe up fails', 1000), [down, down])).toBe(1);
    expect(tripsAt(guard('probe up holds', 0), [down, down])).toBeUndefined();
    expect(tripsAt(guard('probe other fails', 0), [down])).toBeUndefined();
  });
});
