import { describe, expect, it } from 'vitest';
import { type Candidate, createBalancer, startRequest } from '../../../src/lib/resilience/balance.ts';
import { candidate, picks, request, tally, weighted } from './balance-candidates.ts';

describe('round_robin', () => {
  it.each<[string, number[], string]>([
    ["nginx's example", [5, 1, 1], 'a a b a c a a a a b a c a a'],
    ['equal weights', [1, 1, 1], 'a b c a b c'],
    ['large equal weights', [1000, 1000], 'a b a b a b'],
    ['one to two', [1, 2], 'b a b b a b'],
    ['three to two', [3, 2], 'a b a b a a b a b a'],
    ['a drained one between', [1, 0, 1], 'a c a c'],
    ['one alone', [7], 'a a a'],
  ])('spreads %s', (_, weights, sequence) => {
    expect(picks(createBalancer('round_robin'), weighted(...weights), sequence.split(' ').length)).toBe(sequence);
  });

  it('keeps its sequence for ever: rounding decides no turn', () => {
    const balancer = createBalancer('round_robin');
    const all = weighted(5, 1, 1);
    for (let cycle = 0; cycle < 20_000; cycle++) {
      if (cycle % 1000 === 0) expect(picks(balancer, all, 7), `cycle ${cycle}`).toBe('a a b a c a a');
      else picks(balancer, all, 7);
    }
  });

  it('gives a newcomer its share and no burst', () => {
    const balancer = createBalancer('round_robin');
    const all = weighted(1, 1, 1);
    picks(balancer, all, 3_001);
    all.push(candidate('new'));
    expect(
      picks(balancer, all, 8)
        .split(' ')
        .filter((id) => id === 'new'),
    ).toHaveLength(2);
    expect(
      picks(balancer, all, 400)
        .split(' ')
        .filter((id) => id === 'new'),
    ).toHaveLength(100);
  });

  it('does not start over when members come, go or change places', () => {
    const balancer = createBalancer('round_robin');
    const [a, b, c] = weighted(1, 1, 1) as [Candidate, Candidate, Candidate];
    expect(picks(balancer, [a, b, c], 1)).toBe('a');
    expect(picks(balancer, [c, b, a], 2), 'a was just taken, wherever it stands').toBe('c b');
    expect(picks(balancer, [a, b, c], 1)).toBe('a');
    expect(picks(balancer, [a, c], 1), 'b is gone').toBe('c');
  });

  it.each<[string, (all: Candidate[]) => void]>([
    ['the large one becomes small', (all) => void (all[0]!.weight = 1)],
    ['the large one becomes unhealthy', (all) => void (all[0]!.isHealthy = false)],
    ['the large one leaves', (all) => void all.shift()],
  ])('owes nobody a thousand picks when %s', (_, change) => {
    for (let before = 1; before <= 1003; before += 37) {
      const balancer = createBalancer('round_robin');
      const all = weighted(1000, 1, 1, 1);
      picks(balancer, all, before);
      change(all);
      expect(longestStreak(picks(balancer, all, 60)), `after ${before} picks`).toBeLessThanOrEqual(2);
    }
  });

  it.each([
    ['after its turn', true],
    ['just before its turn', false],
  ])('stays fair to newcomers when a thousand guests in a row left %s', (_, isAfter) => {
    const balancer = createBalancer('round_robin');
    const hosts = weighted(1, 1, 1);
    for (let i = 0; i < 1000; i++) {
      const all = [...hosts, candidate(`guest-${i}`)];
      for (let waited = 0; balancer.explain(all, request()).next !== `guest-${i}`; waited++) {
        expect(waited, `guest ${i} waits its turn`).toBeLessThan(8);
        picks(balancer, all, 1);
      }
      if (isAfter) picks(balancer, all, 1);
      picks(balancer, hosts, 1);
    }
    const all = [...hosts, candidate('new')];
    const first = picks(balancer, all, 40);
    for (const { id } of all) {
      expect(Math.abs(first.split(' ').filter((one) => one === id).length - 10), id).toBeLessThanOrEqual(1);
    }
    expect(longestStreak(first)).toBeLessThanOrEqual(2);
  });
});

describe('least_request', () => {
  it('gives idle endpoints of 1 and 2 exactly one and two picks of three, well mixed', () => {
    expect(picks(createBalancer('least_request'), weighted(1, 2), 9)).toBe('b a b b a b b a b');
    const counts = tally(createBalancer('least_request'), weighted(1, 2), 300_000);
    expect([...counts.values()]).toEqual([100_000, 200_000]);
  });

  it('shares a million ties among three equals to half a percent, and is not bound to the first in the list', () => {
    const counts = tally(createBalancer('least_request'), weighted(1, 1, 1), 1_000_000);
    for (const count of counts.values()) expect(Math.abs(count / 1_000_000 - 1 / 3)).toBeLessThan(0.005);
  });

  it('shares ties out fairly when each request ends before the next', () => {
    const balancer = createBalancer('least_request');
    const all = weighted(1, 1, 1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 3_000; i++) {
      const picked = balancer.pick(all, request())!;
      const lease = startRequest(picked);
      counts.set(picked.id, (counts.get(picked.id) ?? 0) + 1);
      lease.end();
    }
    expect([...counts.values()]).toEqual([1000, 1000, 1000]);
  });

  it.each<[string, [weight: number, inFlight: number][], string]>([
    [
      'fewest in flight',
      [
        [1, 3],
        [1, 1],
        [1, 2],
      ],
      'b',
    ],
    [
      'fewest for their weight',
      [
        [1, 2],
        [2, 3],
      ],
      'b',
    ],
    [
      'fewest for their weight, the other way around',
      [
        [1, 1],
        [2, 4],
      ],
      'a',
    ],
    [
      'an idle small one beside a busy large one',
      [
        [1, 0],
        [10, 10],
      ],
      'a',
    ],
    [
      'one that would be less busy even with one more',
      [
        [1, 1],
        [10, 8],
      ],
      'b',
    ],
    [
      'one that one more makes just as busy, however many they have',
      [
        [999, 998_001_000],
        [1000, 998_999_999],
      ],
      'b',
    ],
  ])('takes %s', (_, rows, id) => {
    const all = rows.map(([weight, inFlight], i) => candidate(String.fromCharCode(97 + i), { weight, inFlight }));
    expect(picks(createBalancer('least_request'), all, 4)).toBe(Array(4).fill(id).join(' '));
  });

  it('fills up to the weights under held requests, at every moment', () => {
    const balancer = createBalancer('least_request');
    const all = weighted(1, 2, 3);
    for (let held = 1; held <= 600; held++) {
      startRequest(balancer.pick(all, request())!);
      for (const { weight, inFlight } of all) expect(Math.abs(inFlight - (held * weight) / 6)).toBeLessThanOrEqual(1.5);
    }
    expect(all.map(({ inFlight }) => inFlight)).toEqual([100, 200, 300]);
  });

  it('goes around an endpoint that hangs', () => {
    const balancer = createBalancer('least_request');
    const all = weighted(1, 1, 1);
    let hung = 0;
    for (let i = 0; i < 3_000; i++) {
      const picked = balancer.pick(all, request())!;
      const lease = startRequest(picked);
      if (picked.id === 'b') hung++;
      else lease.end();
    }
    expect(hung).toBe(1);
  });

  it.each([1, 2, 4, 16, 64])(
    'neither starves nor floods an endpoint in slow start with %d requests at a time',
    (many) => {
      const balancer = createBalancer('least_request', { slowStartMs: 60_000 });
      const all = [...weighted(1, 1, 1), candidate('new', { healthySinceMs: 0 })];
      const open: ReturnType<typeof startRequest>[] = [];
      let [fresh, most] = [0, 0];
      for (let i = 0; i < 10_000; i++) {
        if (open.length === many) open.splice((i * 7) % many, 1)[0]!.end();
        const picked = balancer.pick(all, request({ nowMs: 1 }))!;
        if (picked.id === 'new') fresh++;
        open.push(startRequest(picked));
        most = Math.max(most, all[3]!.inFlight);
      }
      expect(fresh, 'a tenth of a weight beside three is 3.2 %').toBeGreaterThan(200);
      expect(fresh / 10_000, 'less than an equal share').toBeLessThan(0.2);
      expect(most, 'never more at once than its part').toBeLessThanOrEqual(Math.ceil((many * 0.1) / 3.1) + 1);
    },
  );
});

function longestStreak(sequence: string): number {
  let [longest, current, last] = [0, 0, ''];
  for (const id of sequence.split(' ')) {
    current = id === last ? current + 1 : 1;
    last = id;
    longest = Math.max(longest, current);
  }
  return longest;
}
