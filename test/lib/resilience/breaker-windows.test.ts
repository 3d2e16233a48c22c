import { describe, expect, it } from 'vitest';
import { CircuitBreaker, FAILURE, SUCCESS, type CircuitBreakerOptions } from '../../../src/lib/resilience/breaker.ts';

/** `s`: success, `f`: failure, `S`: slow success, `F`: slow failure; `.`: 100 ms pass; anything else is for reading only. */
function play(breaker: CircuitBreaker, script: string, startMs = 0): number {
  let nowMs = startMs;
  for (const sign of script) {
    if (sign === '.') nowMs += 100;
    else if ('sfSF'.includes(sign)) {
      const ticket = breaker.allow(nowMs);
      breaker.record(ticket, sign.toLowerCase() === 'f' ? FAILURE : SUCCESS, sign < 'a' ? 11 : 10, nowMs);
    }
  }
  return nowMs;
}

const LAST_4 = { kind: 'count', calls: 4 } as const;
const LAST_SECOND = { kind: 'time', windowMs: 1000 } as const;

/** Without its last call each script leaves the breaker closed; with it, the breaker is open for the reason, or closed when there is none. */
const ROWS: readonly { says: string; options: CircuitBreakerOptions; script: string; reason?: string }[] = [
  {
    says: 'opens at exactly the share that is asked for (>=)',
    options: { failurePercent: 50, window: LAST_4, minimumCalls: 4 },
    script: 'sfsf',
    reason: 'failure-rate',
  },
  {
    says: 'stays closed below the share',
    options: { failurePercent: 51, window: LAST_4, minimumCalls: 4 },
    script: 'sfsfsfsf',
  },
  {
    says: 'does not take 1 of 1 for 100 %: 20 calls are needed by default',
    options: { consecutiveFailures: false, failurePercent: 50 },
    script: 'f'.repeat(19),
  },
  {
    says: 'judges at the twentieth call by default',
    options: { consecutiveFailures: false, failurePercent: 50 },
    script: 'f'.repeat(20),
    reason: 'failure-rate',
  },
  {
    says: 'judges when a window smaller than that is full',
    options: { failurePercent: 100, window: LAST_4 },
    script: 'ffff',
    reason: 'failure-rate',
  },
  {
    says: 'may open at a success that makes the calls enough',
    options: { failurePercent: 50, window: LAST_4, minimumCalls: 4 },
    script: 'ffss',
    reason: 'failure-rate',
  },
  {
    says: 'forgets what a count window pushed out',
    options: { failurePercent: 50, window: LAST_4, minimumCalls: 4 },
    script: 'fsss sssf sssf',
  },
  {
    says: 'forgets what a time window left behind, bucket by bucket',
    options: { failurePercent: 50, window: LAST_SECOND, minimumCalls: 3 },
    script: 'f.f.......... fs',
  },
  {
    says: 'counts what a time window still holds',
    options: { failurePercent: 75, window: LAST_SECOND, minimumCalls: 4 },
    script: 'f.f........ sf',
    reason: 'failure-rate',
  },
  {
    says: 'forgets everything after an idle time longer than the window, also when buckets were skipped',
    options: { failurePercent: 50, window: LAST_SECOND, minimumCalls: 2 },
    script: `f${'.'.repeat(25)}f`,
  },
  {
    says: 'opens when calls are slow although none fails',
    options: { slowMs: 10, slowPercent: 50, window: LAST_4 },
    script: 'sSsS',
    reason: 'slow-rate',
  },
  {
    says: 'counts a slow failure as both',
    options: { slowMs: 10, slowPercent: 50, failurePercent: 75, window: LAST_4 },
    script: 'sFsF',
    reason: 'slow-rate',
  },
  {
    says: 'only shows slow calls when no share is set for them',
    options: { slowMs: 10, failurePercent: 50, window: LAST_4 },
    script: 'SSSSSSSS',
  },
  {
    says: 'names the failures first when both shares are reached',
    options: { slowMs: 10, slowPercent: 50, failurePercent: 50, window: LAST_4 },
    script: 'sFsF',
    reason: 'failure-rate',
  },
  {
    says: 'names the row first when it is too long as well',
    options: { consecutiveFailures: 3, failurePercent: 50, window: LAST_4 },
    script: 'ffff',
    reason: 'consecutive-failures',
  },
  {
    says: 'meets a share with a fraction exactly',
    options: {
      consecutiveFailures: false,
      failurePercent: 1.1,
      window: { kind: 'count', calls: 3000 },
      minimumCalls: 3000,
    },
    script: 's'.repeat(2967) + 'f'.repeat(33),
    reason: 'failure-rate',
  },
  {
    says: 'stays closed one failure below a share with a fraction',
    options: {
      consecutiveFailures: false,
      failurePercent: 1.1,
      window: { kind: 'count', calls: 3000 },
      minimumCalls: 3000,
    },
    script: 's'.repeat(2968) + 'f'.repeat(32),
  },
];

describe('a breaker that looks at shares', () => {
  it.each(ROWS)('$says', ({ options, script, reason }) => {
    const breaker = new CircuitBreaker(options);
    const beforeMs = play(breaker, script.slice(0, -1));
    expect(breaker.view(beforeMs).state).toBe('closed');
    play(breaker, script.slice(-1), beforeMs);
    const { state, reason: found } = breaker.view(beforeMs);
    expect([state, found]).toEqual(reason === undefined ? ['closed', 'created'] : ['open', reason]);
  });
});

describe('the counts of a breaker', () => {
  it('go with time, not with calls, when the window is one of time', () => {
    const breaker = new CircuitBreaker({ slowMs: 10, window: LAST_SECOND });
    play(breaker, 'fS.s.F');
    const at = (nowMs: number): number[] => {
      const { calls, failures, slow } = breaker.view(nowMs).counts;
      return [calls, failures, slow];
    };
    expect(at(999)).toEqual([4, 2, 2]);
    expect(at(1000)).toEqual([2, 1, 1]);
    expect(at(1100)).toEqual([1, 1, 1]);
    expect(at(1199.9)).toEqual([1, 1, 1]);
    expect(at(1200)).toEqual([0, 0, 0]);
  });

  it('lose the buckets that time skipped, and no others', () => {
    const breaker = new CircuitBreaker({ consecutiveFailures: false, window: LAST_SECOND });
    const endMs = play(breaker, 'f.ff.f.ff.f.ff.f.ff.f.ff');
    expect(breaker.view(endMs).counts.failures).toBe(15);
    expect(breaker.view(endMs + 499).counts.failures).toBe(9);
    play(breaker, 's', endMs + 499);
    expect(breaker.view(endMs + 1300).counts).toMatchObject({ calls: 1, failures: 0 });
  });

  it.each([
    { buckets: 1, idleMs: [999, 1000] },
    { buckets: 3, idleMs: [999, 1000, 5000] },
    { buckets: 10, idleMs: [899, 999, 1000, 1001, 2000, 1e9] },
    { buckets: 1000, idleMs: [998, 999, 1000, 1e12] },
  ])('are zero after an idle time of the window or more ($buckets buckets)', ({ buckets, idleMs }) => {
    for (const idle of idleMs) {
      const breaker = new CircuitBreaker({ slowMs: 10, window: { kind: 'time', windowMs: 1000, buckets } });
      play(breaker, 'fffSSS', 5000);
      expect(breaker.view(5000 + idle).counts.calls).toBe(idle < 1000 ? 6 : 0);
      play(breaker, 's', 5000 + idle);
      expect(breaker.view(5000 + idle).counts).toMatchObject({ calls: idle < 1000 ? 7 : 1, slow: idle < 1000 ? 3 : 0 });
    }
  });
});
