import { describe, expect, it } from 'vitest';
import { FAILURE, REJECTED_FORCED } from '../../../src/lib/resilience/breaker.ts';
import { openBreaker, openedBreaker } from './breaker-harness.ts';

describe('a forced breaker', () => {
  it('that is forced open rejects every call for ever and says that it was forced', () => {
    const { breaker } = openBreaker();
    breaker.force('open', 0);
    expect([0, 30_000, 1e12].map((nowMs) => breaker.allow(nowMs))).toEqual(Array(3).fill(REJECTED_FORCED));
    expect(breaker.view(1e12)).toMatchObject({
      state: 'open',
      forced: 'open',
      untilMs: Infinity,
      counts: { rejected: 3 },
    });
  });

  it('that is no longer forced open lets the next call be a trial', () => {
    const { breaker, stateAt } = openBreaker();
    breaker.force('open', 0);
    breaker.force(undefined, 5);
    expect(breaker.view(5)).toMatchObject({ state: 'open', forced: undefined, reason: 'force-lifted', untilMs: 0 });
    expect(breaker.allow(5)).toBeGreaterThanOrEqual(0);
    expect(stateAt(5)).toBe('half-open');
  });

  it('that is forced closed lets everything through, counts, and does not open', () => {
    const { breaker, calls } = openBreaker({ failurePercent: 1, minimumCalls: 1 });
    breaker.force('closed', 0);
    calls(100, FAILURE);
    expect(breaker.view(0)).toMatchObject({
      state: 'closed',
      forced: 'closed',
      counts: { failures: 100, rejected: 0 },
    });
  });

  it('that is no longer forced closed judges from zero', () => {
    const { breaker, calls, stateAt } = openBreaker();
    breaker.force('closed', 0);
    calls(100, FAILURE);
    breaker.force(undefined, 0);
    calls(5, FAILURE);
    expect(stateAt(0)).toBe('closed');
    calls(1, FAILURE);
    expect(stateAt(0)).toBe('open');
  });

  it('opened twice is opened once: neither a second force nor a late failure moves its end', () => {
    const { breaker, changes } = openedBreaker();
    breaker.force(undefined, 10_000);
    breaker.record(0, FAILURE, 1, 20_000);
    expect(breaker.untilMs(20_000)).toBe(10_000);
    breaker.force('open', 20_000);
    breaker.force('open', 20_001);
    expect(changes).toHaveLength(1);
  });

  it('is like new after a reset, but for the totals', () => {
    const { breaker, stateAt, calls } = openedBreaker();
    breaker.allow(0);
    breaker.force('open', 0);
    breaker.reset(10);
    expect(breaker.view(10)).toEqual({
      name: 'breaker',
      state: 'closed',
      forced: undefined,
      reason: 'reset',
      counts: {
        calls: 0,
        failures: 0,
        slow: 0,
        consecutive: 0,
        rejected: 1,
        lateResults: 0,
        trialsInFlight: 0,
        trialsDone: 0,
      },
      untilMs: 0,
    });
    calls(6, FAILURE, 10);
    expect(stateAt(10)).toBe('open');
  });
});
