import { describe, expect, it } from 'vitest';
import { BALANCER_KINDS, type Candidate, createBalancer, startRequest } from '../../../src/lib/resilience/balance.ts';
import { candidate, request, seeded, weighted } from './balance-candidates.ts';

describe.each(BALANCER_KINDS)('an explanation of %s', (kind) => {
  it('tells the next pick and its reason, pick after pick', () => {
    const balancer = createBalancer(kind, { chance: seeded(1), slowStartMs: 50 });
    const all = [...weighted(3, 2, 1, 0), candidate('e', { healthySinceMs: 20 }), candidate('f', { isHealthy: false })];
    for (let nowMs = 0; nowMs < 300; nowMs++) {
      const asked = request({ nowMs, key: nowMs % 3 === 0 ? undefined : `k${nowMs}`, excluded: [all[nowMs % 3]!] });
      const { next, candidates } = balancer.explain(all, asked);
      expect(balancer.pick(all, asked)?.id).toBe(next);
      expect(candidates.filter(({ verdict }) => verdict === 'next').map(({ id }) => id)).toEqual([next]);
      if (nowMs % 2 === 0) startRequest(all.find(({ id }) => id === next)!);
    }
  });

  it('changes nothing, even when asked about others', () => {
    const run = (isExplained: boolean): string[] => {
      let drawn = 0;
      const balancer = createBalancer(kind, {
        slowStartMs: 100,
        chance: () => {
          drawn++;
          return ((drawn * 7919) % 101) / 101;
        },
      });
      const all = [...weighted(5, 1, 2), candidate('late', { healthySinceMs: 30 })];
      return Array.from({ length: 200 }, (_, i) => {
        const before = [balancer.lastDecision, drawn];
        if (isExplained) {
          balancer.explain(all, request({ nowMs: 1e9, key: `x${i}` }));
          balancer.explain(weighted(1, 9), request());
          balancer.explain([], request());
          balancer.explain(all.toReversed(), request({ key: 'k' }));
        }
        expect([balancer.lastDecision, drawn]).toEqual(before);
        return balancer.pick(all, request({ nowMs: i, key: `k${i}` }))!.id;
      });
    };
    expect(run(true)).toEqual(run(false));
  });

  it('gives each one not taken its reason', () => {
    const all = [
      candidate('drained', { weight: 0, inFlight: 2 }),
      candidate('ill', { isHealthy: false, weight: 7 }),
      candidate('tried'),
      candidate('new', { weight: 4, healthySinceMs: 0, inFlight: 3 }),
      candidate('ok'),
    ] as const;
    const balancer = createBalancer(kind, { slowStartMs: 1000 });
    const asked = request({ nowMs: 250, key: 'k', excluded: [all[2]] });
    const { candidates, ...rest } = balancer.explain(all, asked);
    expect(rest).toMatchObject({ kind, isPanic: false, weighted: 4, healthy: 3 });
    expect(candidates.slice(0, 3)).toEqual([
      { id: 'drained', weight: 0, effectiveWeight: 0, inFlight: 2, isHealthy: true, verdict: 'drained' },
      { id: 'ill', weight: 7, effectiveWeight: 7, inFlight: 0, isHealthy: false, verdict: 'unhealthy' },
      { id: 'tried', weight: 1, effectiveWeight: 1, inFlight: 0, isHealthy: true, verdict: 'excluded' },
    ]);
    expect(candidates[3]).toMatchObject({ id: 'new', weight: 4, effectiveWeight: 1, inFlight: 3 });
    expect(JSON.parse(JSON.stringify(rest))).toEqual(rest);
  });

  it('tells the tried from the ill in panic', () => {
    const all = weighted(1, 1, 1).map((one) => ({ ...one, isHealthy: false })) as [Candidate, Candidate, Candidate];
    const { isPanic, candidates } = createBalancer(kind).explain(all, request({ key: 'k', excluded: [all[0]] }));
    expect(isPanic).toBe(true);
    expect(candidates.map(({ verdict }) => verdict)).not.toContain('unhealthy');
    expect(candidates[0]?.verdict).toBe('excluded');
  });
});

describe('reasons and verdicts', () => {
  it.each<[string, Parameters<typeof createBalancer>, Candidate[], string | undefined, string, string[]]>([
    ['by turn', ['round_robin'], weighted(1, 2), undefined, 'turn', ['later', 'next']],
    ['the least busy', ['least_request'], busy(3, 1, 2), undefined, 'least_busy', ['busier', 'next', 'busier']],
    [
      'by turn among the least busy',
      ['least_request'],
      busy(1, 2, 1),
      undefined,
      'least_busy_turn',
      ['next', 'busier', 'later'],
    ],
    [
      'the first drawn',
      ['random_two', { chance: () => 0 }],
      busy(0, 0, 0),
      undefined,
      'first_drawn',
      ['next', 'later', 'not_drawn'],
    ],
    [
      'the second drawn',
      ['random_two', { chance: () => 0 }],
      busy(5, 0, 0),
      undefined,
      'second_drawn',
      ['busier', 'next', 'not_drawn'],
    ],
    ['without a key', ['consistent_hash'], busy(0, 1), undefined, 'no_key', ['next', 'busier']],
    ['by key', ['consistent_hash'], [candidate('only')], 'k', 'key_owner', ['next']],
  ])('%s', (_, args, all, key, reason, verdicts) => {
    const explained = createBalancer(...args).explain(all, request({ key }));
    expect(explained.reason).toBe(reason);
    expect(explained.candidates.map(({ verdict }) => verdict)).toEqual(verdicts);
  });

  it('by key, when the owner is ill', () => {
    const balancer = createBalancer('consistent_hash');
    const all = weighted(1, 1, 1);
    balancer.pick(all, request({ key: 'k' }))!.isHealthy = false;
    const { reason, candidates } = balancer.explain(all, request({ key: 'k' }));
    expect(reason).toBe('key_next');
    expect(candidates.map(({ verdict }) => verdict).sort()).toEqual(['next', 'other_key', 'unhealthy']);
  });
});

function busy(...inFlight: readonly number[]): Candidate[] {
  return weighted(...inFlight.map(() => 1)).map((one, i) => ({ ...one, inFlight: inFlight[i]! }));
}
