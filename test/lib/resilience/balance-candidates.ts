import type { Balancer, BalanceRequest, Candidate } from '../../../src/lib/resilience/balance.ts';

/** A healthy, idle endpoint of weight 1 that always was so, but for what is given. */
export function candidate(id: string, change: Partial<Omit<Candidate, 'id'>> = {}): Candidate {
  return { id, weight: 1, isHealthy: true, inFlight: 0, healthySinceMs: -Infinity, ...change };
}

/** Endpoints a, b, c … of these weights. */
export function weighted(...weights: readonly number[]): Candidate[] {
  return weights.map((weight, i) => candidate(String.fromCharCode(97 + i), { weight }));
}

export function request(change: Partial<BalanceRequest> = {}): BalanceRequest {
  return { key: undefined, nowMs: 0, excluded: undefined, ...change };
}

/** The ids of so many picks in a row, `-` where there was none. */
export function picks(balancer: Balancer, candidates: readonly Candidate[], count: number): string {
  return Array.from({ length: count }, () => balancer.pick(candidates, request())?.id ?? '-').join(' ');
}

/** How often each id came out of so many picks; `keyOf` gives each its key. */
export function tally(
  balancer: Balancer,
  candidates: readonly Candidate[],
  count: number,
  change: Partial<BalanceRequest> = {},
  keyOf: (i: number) => string | undefined = () => undefined,
): Map<string, number> {
  const counts = new Map(candidates.map(({ id }) => [id, 0]));
  const asked = { ...request(change) };
  for (let i = 0; i < count; i++) {
    asked.key = keyOf(i);
    const id = balancer.pick(candidates, asked)?.id ?? '-';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Fractions in [0, 1) that follow from the seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
