import { describe, expect, it } from 'vitest';
import {
  BALANCER_KINDS,
  type BalancerKind,
  type BalancerOptions,
  type Candidate,
  createBalancer,
  DECISION,
  decisionName,
  Lease,
  MAX_CANDIDATES,
  PANIC,
  type PanicChange,
  startRequest,
} from '../../../src/lib/resilience/balance.ts';
import { candidate, request, tally, weighted } from './balance-candidates.ts';

/** Every kind with and without a key where that makes a difference. */
const keyed = (i: number): string => `key-${i}`;

describe.each(BALANCER_KINDS)('%s', (kind) => {
  it.each<[string, Candidate[], number]>([
    ['there is nobody', [], DECISION.empty],
    ['all are drained', weighted(0, 0), DECISION.drained],
    ['weights make no sense', weighted(-5, Number.NaN, 0.5), DECISION.drained],
  ])('picks nobody when %s', (_, candidates, decision) => {
    const balancer = createBalancer(kind);
    expect(balancer.lastDecision).toBe(DECISION.undecided);
    expect(balancer.pick(candidates, request({ key: 'k' }))).toBeUndefined();
    expect(balancer.lastDecision).toBe(decision);
    expect(balancer.explain(candidates, request({ key: 'k' }))).toMatchObject({
      next: undefined,
      reason: decisionName(decision),
    });
  });

  it('picks nobody when all are excluded, and the one that is not', () => {
    const balancer = createBalancer(kind);
    const [a, b] = weighted(1, 1) as [Candidate, Candidate];
    expect(balancer.pick([a, b], request({ key: 'k', excluded: [b, a] }))).toBeUndefined();
    expect(balancer.lastDecision).toBe(DECISION.excluded);
    for (let i = 0; i < 20; i++) {
      expect(balancer.pick([a, b], request({ key: keyed(i), excluded: [a] }))).toBe(b);
    }
  });

  it('keeps away from the drained and the unhealthy, and takes them again', () => {
    const balancer = createBalancer(kind);
    const all = weighted(1, 1, 1, 0);
    all[1]!.isHealthy = false;
    expect(taken(tally(balancer, all, 500, {}, keyed))).toBe('a c');
    all[1]!.isHealthy = true;
    all[3]!.weight = 1;
    expect(taken(tally(balancer, all, 500, {}, keyed))).toBe('a b c d');
    all[0]!.weight = 0;
    expect(taken(tally(balancer, all, 500, {}, keyed))).toBe('b c d');
  });

  it.each<[number, number, BalancerOptions, boolean]>([
    [2, 4, {}, false],
    [1, 4, {}, true],
    [1, 2, {}, false],
    [1, 3, {}, true],
    [0, 3, {}, true],
    [1, 4, { panicPercent: 25 }, false],
    [0, 4, { panicPercent: 25 }, true],
    [3, 4, { panicPercent: 100 }, true],
    [4, 4, { panicPercent: 100 }, false],
    [1, 4, { panicPercent: 0 }, false],
  ])('with %d of %d healthy and %j is in panic: %s', (healthy, count, options, isPanic) => {
    const balancer = createBalancer(kind, options);
    const all = weighted(...Array.from({ length: count }, () => 2), 0, 0, 0);
    for (const one of all) one.isHealthy = all.indexOf(one) < healthy;
    const ids = 'a b c d'.slice(0, 2 * (isPanic ? count : healthy) - 1);
    expect(taken(tally(balancer, all, 500, {}, keyed)), 'the drained do not count and are not taken').toBe(ids);
    expect((balancer.lastDecision & PANIC) !== 0).toBe(isPanic);
    expect(decisionName(balancer.lastDecision).endsWith('+panic')).toBe(isPanic);
    expect(balancer.explain(all, request()).isPanic).toBe(isPanic);
  });

  it('picks nobody when none is healthy and panic is off', () => {
    const balancer = createBalancer(kind, { panicPercent: 0 });
    const all = [candidate('a', { isHealthy: false }), candidate('b', { isHealthy: false })];
    expect(balancer.pick(all, request({ key: 'k' }))).toBeUndefined();
    expect(balancer.lastDecision).toBe(DECISION.unhealthy);
  });

  it('tells of panic once when it begins and once when it ends, even to a listener that throws and picks', () => {
    const changes: PanicChange[] = [];
    const all = weighted(1, 1, 1);
    const balancer = createBalancer(kind, {
      onChange: (change) => {
        changes.push(change);
        expect(balancer.pick(all, request({ nowMs: change.nowMs }))).toBeDefined();
        throw new Error('the onlooker fell over');
      },
    });
    all[0]!.isHealthy = all[1]!.isHealthy = false;
    for (let nowMs = 1; nowMs < 4; nowMs++) expect(balancer.pick(all, request({ nowMs }))).toBeDefined();
    balancer.explain(weighted(1), request());
    all[0]!.isHealthy = true;
    for (let nowMs = 4; nowMs < 7; nowMs++) expect(balancer.pick(all, request({ nowMs }))).toBeDefined();
    expect(changes).toEqual([
      { from: 'normal', to: 'panic', weighted: 3, healthy: 1, nowMs: 1 },
      { from: 'panic', to: 'normal', weighted: 3, healthy: 2, nowMs: 4 },
    ]);
  });

  it('shares idle endpoints out by weight', () => {
    const counts = tally(createBalancer(kind), weighted(1, 2, 3), 60_000, {}, keyed);
    const isExact = kind === 'round_robin' || kind === 'least_request';
    // 160 points for each unit of weight: a share of the ring is off by some percent.
    const slack = isExact ? 1 : kind === 'random_two' ? 2_500 : 3_000;
    for (const [i, id] of ['a', 'b', 'c'].entries()) {
      expect(Math.abs(counts.get(id)! - 10_000 * (i + 1)), id).toBeLessThanOrEqual(slack);
    }
  });

  it('gives an endpoint in slow start a little at once, more with time, and its share in the end', () => {
    const balancer = createBalancer(kind, { slowStartMs: 10_000, slowStartMinPercent: 10 });
    const all = [...weighted(4, 4, 4), candidate('new', { weight: 4, healthySinceMs: 100_000 })];
    const shares = [100_000, 102_500, 105_000, 110_000, 500_000].map(
      (nowMs) => tally(balancer, all, 40_000, { nowMs }, keyed).get('new')! / 40_000,
    );
    // Under consistent_hash it is a part of the keys that it owns; under the others a part beside three whole ones.
    const others = (factor: number): number => (kind === 'consistent_hash' ? 4 : 3 + factor);
    const ideal = [0.1, 0.25, 0.5, 1, 1].map((factor) => factor / others(factor));
    for (const [i, share] of shares.entries()) {
      expect(share, `step ${i}`).toBeGreaterThan(ideal[i]! * 0.8);
      expect(share, `step ${i}`).toBeLessThan(ideal[i]! * 1.2);
    }
  });

  it('is not slowed by all having started at once, nor led astray by a clock that goes backwards', () => {
    const options = { slowStartMs: 10_000 };
    const together = [candidate('a', { healthySinceMs: 50 }), candidate('b', { healthySinceMs: 50 })];
    const counts = tally(createBalancer(kind, options), together, 2_000, { nowMs: 60 }, keyed);
    expect(Math.abs(counts.get('a')! - 1_000)).toBeLessThan(250);

    const balancer = createBalancer(kind, options);
    const warm = [candidate('a'), candidate('b', { healthySinceMs: 0 })];
    balancer.pick(warm, request({ nowMs: 10_000 }));
    expect(balancer.explain(warm, request({ nowMs: -99 })).candidates[1]?.effectiveWeight).toBe(1);
    expect(balancer.explain(warm, request({ nowMs: Number.NaN })).candidates[1]?.effectiveWeight).toBe(1);
  });

  it('ignores slow start in panic', () => {
    const balancer = createBalancer(kind, { slowStartMs: 10_000 });
    const all = weighted(1, 1, 1).map((one) => ({ ...one, isHealthy: one.id === 'a', healthySinceMs: 0 }));
    const counts = tally(balancer, all, 9_000, { nowMs: 1 }, keyed);
    for (const { id } of all) expect(Math.abs(counts.get(id)! - 3_000)).toBeLessThan(800);
  });

  it('keeps records apart by id when the table replaces them', () => {
    const balancer = createBalancer(kind);
    const ids = Array.from({ length: 9 }, () => balancer.pick(weighted(1, 1, 1), request())?.id);
    for (const id of ['a', 'b', 'c']) expect(ids).toContain(id);
  });

  it('refuses more endpoints than it can hold', () => {
    const many = Array.from({ length: MAX_CANDIDATES + 1 }, (_, i) => candidate(`e${i}`));
    expect(() => createBalancer(kind).pick(many, request())).toThrow(expect.objectContaining({ exitName: 'usage' }));
    expect(createBalancer(kind).pick(many.slice(1), request({ key: 'k' }))).toBeDefined();
  });
});

describe('the options of a balancer', () => {
  it.each<[BalancerOptions, string]>([
    [{ panicPercent: 101 }, 'panicPercent is 101: it must be a number from 0 to 100'],
    [{ panicPercent: Number.NaN }, 'panicPercent is NaN: it must be a number from 0 to 100'],
    [{ slowStartMs: -1 }, 'slowStartMs is -1: it must be a number from 0 to 86400000'],
    [{ slowStartMinPercent: 0 }, 'slowStartMinPercent is 0: it must be a number from 1 to 100'],
  ])('refuse %j', (options, message) => {
    expect(() => createBalancer('round_robin', options)).toThrow(
      expect.objectContaining({ message, exitName: 'usage' }),
    );
  });

  it('refuse a kind there is not, with the nearest one', () => {
    expect(() => createBalancer('round_robbin' as BalancerKind)).toThrow(
      expect.objectContaining({ message: 'there is no balancer `round_robbin`', hint: 'did you mean round_robin?' }),
    );
  });
});

describe('decisions', () => {
  it('have one name each', () => {
    const codes = Object.values(DECISION).flatMap((code) => [code, code + PANIC]);
    expect(new Set(codes.map(decisionName)).size).toBe(codes.length);
    expect(decisionName(DECISION.keyNext + PANIC)).toBe('key_next+panic');
    expect(decisionName(99)).toBe('unknown');
  });
});

describe('a lease', () => {
  it('counts one request, and takes it off once however often it is ended', () => {
    const one = candidate('a');
    const [first, second] = [startRequest(one), startRequest(one)];
    expect(one.inFlight).toBe(2);
    first.end();
    first.end();
    expect([first.isOpen, second.isOpen, one.inFlight]).toEqual([false, true, 1]);
    second.end();
    first.end();
    expect(one.inFlight).toBe(0);
  });

  it('ends with its block, also by an exception', () => {
    const one = candidate('a');
    const failing = (): void => {
      using lease = startRequest(one);
      expect(lease).toBeInstanceOf(Lease);
      expect(one.inFlight).toBe(1);
      throw new Error('the request failed');
    };
    expect(failing).toThrow('the request failed');
    expect(one.inFlight).toBe(0);
  });
});

/** The ids that were picked at all, in order. */
function taken(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([id]) => id)
    .sort()
    .join(' ');
}
