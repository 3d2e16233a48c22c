import { describe, expect, it } from 'vitest';
import { createBalancer, DECISION, startRequest } from '../../../src/lib/resilience/balance.ts';
import { candidate, picks, request, seeded, tally, weighted } from './balance-candidates.ts';

/** Chance that comes from a list, over and over. */
function listed(...fractions: readonly number[]): () => number {
  let at = 0;
  return () => fractions[at++ % fractions.length]!;
}

describe('random_two', () => {
  it.each<[string, [number, number], number[], string, number]>([
    ['the first when neither is busier', [0, 0], [0, 0, 0], 'a', DECISION.firstDrawn],
    ['the first, drawn by weight', [0.99, 0], [0, 0, 0], 'c', DECISION.firstDrawn],
    ['the second when it is less busy', [0, 0], [2, 1, 0], 'b', DECISION.secondDrawn],
    ['the first when it is less busy', [0, 0], [1, 2, 0], 'a', DECISION.firstDrawn],
    ['another as the second than the first', [0.5, 0.9], [9, 5, 0], 'c', DECISION.secondDrawn],
  ])('takes %s', (_, fractions, inFlight, id, decision) => {
    const balancer = createBalancer('random_two', { chance: listed(...fractions) });
    const all = weighted(1, 1, 1);
    all.forEach((one, i) => (one.inFlight = inFlight[i]!));
    expect(picks(balancer, all, 1)).toBe(id);
    expect(balancer.lastDecision).toBe(decision);
  });

  it.each([0, 0.5, 1 - 2 ** -53, 1])('takes somebody even when chance says %d', (fraction) => {
    const balancer = createBalancer('random_two', { chance: () => fraction });
    expect(picks(balancer, weighted(0, 1, 3, 0), 3)).not.toContain('-');
    expect(picks(balancer, weighted(0, 1, 0), 3)).toBe('b b b');
  });

  it('shares a million ties among three equals to half a percent', () => {
    const counts = tally(createBalancer('random_two', { chance: seeded(3) }), weighted(1, 1, 1), 1_000_000);
    for (const count of counts.values()) expect(Math.abs(count / 1_000_000 - 1 / 3)).toBeLessThan(0.005);
  });

  it('repeats itself by default, and follows its chance', () => {
    const run = (chance?: () => number): string =>
      picks(createBalancer('random_two', { chance }), weighted(1, 1, 1), 40);
    expect(run()).toBe(run());
    expect(run(seeded(5))).toBe(run(seeded(5)));
    expect(run(seeded(5))).not.toBe(run(seeded(6)));
  });

  it('keeps the busiest far nearer to the rest than one draw would', () => {
    const spread = (draws: 1 | 2): number => {
      const all = Array.from({ length: 100 }, (_, i) => candidate(`e${i}`));
      const chance = seeded(9);
      const balancer = createBalancer('random_two', { chance });
      for (let i = 0; i < 10_000; i++) {
        startRequest(draws === 2 ? balancer.pick(all, request())! : all[Math.floor(chance() * 100)]!);
      }
      return Math.max(...all.map(({ inFlight }) => inFlight)) - 100;
    };
    expect(spread(2)).toBeLessThanOrEqual(4);
    expect(spread(1)).toBeGreaterThan(12);
  });

  it('fills up to the weights under held requests', () => {
    const balancer = createBalancer('random_two', { chance: seeded(4) });
    const all = weighted(1, 2, 3);
    for (let i = 0; i < 6_000; i++) startRequest(balancer.pick(all, request())!);
    all.forEach(({ inFlight }, i) => expect(Math.abs(inFlight - 1000 * (i + 1))).toBeLessThanOrEqual(12));
  });
});
