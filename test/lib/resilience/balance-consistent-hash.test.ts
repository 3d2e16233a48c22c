import { describe, expect, it } from 'vitest';
import { type Balancer, type Candidate, createBalancer, DECISION } from '../../../src/lib/resilience/balance.ts';
import { HashRing } from '../../../src/lib/resilience/balance/hash-ring.ts';
import { Xxh64 } from '../../../src/lib/resilience/xxh64.ts';
import { candidate, picks, request, tally, weighted } from './balance-candidates.ts';

const KEYS = Array.from({ length: 20_000 }, (_, i) => `/item/${i}`);

function servers(count: number, weight = 1): Candidate[] {
  return Array.from({ length: count }, (_, i) => candidate(`10.0.0.${i + 1}:8080`, { weight }));
}

/** The id that each key goes to. */
function owners(balancer: Balancer, all: readonly Candidate[], nowMs = 0): string[] {
  return KEYS.map((key) => balancer.pick(all, request({ key, nowMs }))!.id);
}

function moved(before: readonly string[], after: readonly string[]): { from: string; to: string }[] {
  return before.flatMap((from, i) => (after[i] === from ? [] : [{ from, to: after[i]! }]));
}

describe('consistent_hash', () => {
  it('sends a key to one place, in every process and whatever the order of the list', () => {
    const all = servers(10);
    const first = owners(createBalancer('consistent_hash'), all);
    const second = owners(
      createBalancer('consistent_hash'),
      all.toReversed().map((one) => ({ ...one })),
    );
    expect(second).toEqual(first);
    expect(new Set(first).size).toBe(10);
  });

  it('gives two points that fall on one place the same order everywhere', () => {
    // About two pairs among this many points share a place.
    const all = servers(800);
    const turned = all.toReversed();
    const [ring, other] = [new HashRing(all, new Xxh64()), new HashRing(turned, new Xxh64())];
    const ids = Array.from({ length: ring.size }, (_, point) => all[ring.ownerOf(point)]!.id);
    expect(ids.length).toBe(128_000);
    expect(ids.findIndex((id, point) => turned[other.ownerOf(point)]!.id !== id)).toBe(-1);
  });

  it.each<[string, (all: Candidate[]) => void, number]>([
    ['leaves', (all) => void all.splice(3, 1), DECISION.keyOwner],
    ['is drained', (all) => void (all[3]!.weight = 0), DECISION.keyOwner],
    ['is unhealthy', (all) => void (all[3]!.isHealthy = false), DECISION.keyNext],
  ])('moves only the keys of the one of ten that %s, about a tenth, and moves them back', (_, change, decision) => {
    const balancer = createBalancer('consistent_hash');
    const all = servers(10);
    const gone = all[3]!.id;
    const before = owners(balancer, all);
    change(all);
    const after = owners(balancer, all);
    const moves = moved(before, after);
    expect(moves.every(({ from, to }) => from === gone && to !== gone)).toBe(true);
    expect(moves).toHaveLength(before.filter((id) => id === gone).length);
    expect(moves.length / KEYS.length).toBeGreaterThan(0.08);
    expect(moves.length / KEYS.length).toBeLessThan(0.12);
    expect(new Set(moves.map(({ to }) => to)).size, 'they are spread over the others').toBe(9);
    balancer.pick(all, request({ key: KEYS[before.indexOf(gone)] }));
    expect(balancer.lastDecision).toBe(decision);
    expect(owners(balancer, servers(10))).toEqual(before);
  });

  it('sends the keys of an unhealthy one exactly where they would go without it', () => {
    const all = servers(10);
    all[3]!.isHealthy = false;
    const without = all.filter((_, i) => i !== 3);
    expect(owners(createBalancer('consistent_hash'), all)).toEqual(owners(createBalancer('consistent_hash'), without));
  });

  it('takes for a newcomer only what the newcomer owns', () => {
    const balancer = createBalancer('consistent_hash');
    const before = owners(balancer, servers(9));
    const moves = moved(before, owners(balancer, servers(10)));
    expect(moves.every(({ to }) => to === '10.0.0.10:8080')).toBe(true);
    expect(moves.length / KEYS.length).toBeLessThan(0.12);
  });

  it('moves keys only towards one whose weight grows', () => {
    const balancer = createBalancer('consistent_hash');
    const all = servers(10);
    const before = owners(balancer, all);
    all[2]!.weight = 2;
    const moves = moved(before, owners(balancer, all));
    expect(moves.every(({ to }) => to === all[2]!.id)).toBe(true);
    expect(moves.length / KEYS.length).toBeGreaterThan(0.06);
  });

  it.each([
    [1, 0.2],
    [4, 0.12],
    [16, 0.08],
  ])('spreads keys over ten of weight %d to within %d of an even share', (weight, slack) => {
    const balancer = createBalancer('consistent_hash');
    const counts = tally(balancer, servers(10, weight), 100_000, {}, (i) => `user-${i}`);
    for (const [id, count] of counts) expect(Math.abs(count / 10_000 - 1), id).toBeLessThan(slack);
  });

  it('follows weights', () => {
    const all = [candidate('small', { weight: 10 }), candidate('large', { weight: 30 })];
    const counts = tally(createBalancer('consistent_hash'), all, 100_000, {}, (i) => `user-${i}`);
    expect(counts.get('large')! / 100_000).toBeCloseTo(0.75, 1);
  });

  it('bounds the ring, and still gives the smallest its part', () => {
    const all = [...servers(50, 1000), candidate('tiny', { weight: 20 })];
    const counts = tally(createBalancer('consistent_hash'), all, 200_000, {}, (i) => `user-${i}`);
    for (const { id } of all.slice(0, 50)) expect(Math.abs(counts.get(id)! / 4_000 - 1), id).toBeLessThan(0.12);
    expect(counts.get('tiny')).toBeGreaterThan(30);
  });

  it('sends requests without a key where the least busy would be, and an empty key is a key', () => {
    const balancer = createBalancer('consistent_hash');
    expect(picks(balancer, weighted(1, 2), 6)).toBe('b a b b a b');
    expect(balancer.lastDecision).toBe(DECISION.noKey);
    const busy = weighted(1, 1);
    busy[0]!.inFlight = 5;
    expect(picks(balancer, busy, 3)).toBe('b b b');
    const keyed = Array.from({ length: 5 }, () => balancer.pick(servers(5), request({ key: '' }))!.id);
    expect(new Set(keyed).size).toBe(1);
    expect(balancer.lastDecision).toBe(DECISION.keyOwner);
  });

  it('moves each key at most once, and never back, while an endpoint warms up', () => {
    const balancer = createBalancer('consistent_hash', { slowStartMs: 1_000 });
    const all = servers(10);
    all[4]!.healthySinceMs = 0;
    let before = owners(balancer, all, 0);
    let last = 0;
    for (let nowMs = 100; nowMs <= 1_100; nowMs += 100) {
      const after = owners(balancer, all, nowMs);
      expect(moved(before, after).every(({ to }) => to === all[4]!.id)).toBe(true);
      const has = after.filter((id) => id === all[4]!.id).length;
      expect(has).toBeGreaterThanOrEqual(last);
      [before, last] = [after, has];
    }
    expect(before).toEqual(owners(createBalancer('consistent_hash'), servers(10)));
  });

  it('tries the next on the ring when a retry excludes the owner', () => {
    const balancer = createBalancer('consistent_hash');
    const all = servers(5);
    const first = balancer.pick(all, request({ key: 'k' }))!;
    const second = balancer.pick(all, request({ key: 'k', excluded: [first] }))!;
    const third = balancer.pick(all, request({ key: 'k', excluded: [first, second] }))!;
    expect(new Set([first, second, third]).size).toBe(3);
    expect(balancer.lastDecision).toBe(DECISION.keyNext);
  });
});
