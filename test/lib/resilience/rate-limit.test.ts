import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { checkAll, RateLimit, type RateLimitOptions } from '../../../src/lib/resilience/rate-limit.ts';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';

/** Numbers from 0 to 1, the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let index = 0;
  return () => hashFraction(seed, index++);
}

function admittedOf(limit: RateLimit, key: string, times: readonly number[]): number {
  return times.filter((nowMs) => limit.check(key, nowMs) === 0).length;
}

const many = (count: number, nowMs: number): number[] => Array.from({ length: count }, () => nowMs);

describe('a rate limit', () => {
  it('admits the burst at once, then one request for each token that comes back', () => {
    const limit = new RateLimit({ ratePerSecond: 2, burst: 3 });
    expect(admittedOf(limit, 'a', many(10, 0))).toBe(3);
    expect(limit.check('a', 499.999)).toBeGreaterThan(0);
    expect(limit.check('a', 500)).toBe(0);
    expect(limit.check('a', 500)).toBe(500);
  });

  it('keeps keys apart', () => {
    const limit = new RateLimit({ ratePerSecond: 1 });
    expect([limit.check('a', 0), limit.check('b', 0), limit.check('a', 0)]).toEqual([0, 0, 1000]);
  });

  it('holds no more than the burst after a long silence', () => {
    const limit = new RateLimit({ ratePerSecond: 1000, burst: 5 });
    limit.check('a', 0);
    expect(admittedOf(limit, 'a', many(20, 1e12))).toBe(5);
  });

  it('takes one second of tokens as the burst, at least one', () => {
    expect([0.1, 1, 2.5, 40].map((ratePerSecond) => new RateLimit({ ratePerSecond }).burst)).toEqual([1, 1, 3, 40]);
  });

  it('does not drift: the millionth token comes when it should, to the microsecond', () => {
    for (const [ratePerSecond, periodUs] of [
      [3, 1e6 / 3],
      [1 / 60, 60e6],
      [0.1, 10e6],
      [7.7, 1e6 / 7.7],
      [999_983, 1e6 / 999_983],
    ] as const) {
      const limit = new RateLimit({ ratePerSecond, burst: 1 });
      let [nowUs, tooEarly, refused] = [0, 0, 0];
      limit.check('a', 0);
      for (let token = 1; token <= 20_000; token++) {
        const waitMs = limit.check('a', nowUs / 1000);
        nowUs += Math.round(waitMs * 1000);
        if (limit.check('a', nowUs / 1000) !== 0) refused++;
        // A full bucket of 1 loses what comes in while it is full, so at most the rounding of each wait may be lost.
        if (nowUs < Math.floor(token * periodUs - 1e-3)) tooEarly++;
      }
      expect([tooEarly, refused, nowUs <= 20_000 * (periodUs + 1)]).toEqual([0, 0, true]);
    }
  });

  it('loses nothing to rounding while the bucket is not full', () => {
    const limit = new RateLimit({ ratePerSecond: 3, burst: 1000 });
    admittedOf(limit, 'a', many(1000, 0));
    // Looked at every 0.7 ms for 100 s: 300 tokens came back, however often it was looked at.
    const times = Array.from({ length: 142_859 }, (_, i) => (i * 7) / 10);
    expect(admittedOf(limit, 'a', times)).toBe(300);
  });

  it('admits whoever waits as long as it was told', () => {
    const random = randomNumbers(7);
    for (let round = 0; round < 300; round++) {
      const limit = new RateLimit({ ratePerSecond: random() * 1000 + 0.01, burst: 1 + Math.floor(random() * 50) });
      let nowUs = Math.floor(random() * 1e12);
      for (let step = 0; step < 100; step++) {
        const cost = 1 + Math.floor(random() * limit.burst);
        const waitUs = Math.round(limit.check('a', nowUs / 1000, cost) * 1000);
        if (waitUs === 0) continue;
        expect(limit.ask('a', (nowUs + waitUs - 1) / 1000, cost)).toBeGreaterThan(0);
        nowUs += waitUs;
        expect(limit.check('a', nowUs / 1000, cost)).toBe(0);
      }
    }
  });

  it('never admits more than burst + rate t in any stretch of time', () => {
    const random = randomNumbers(11);
    for (let round = 0; round < 100; round++) {
      const ratePerSecond = random() * 200 + 1;
      const limit = new RateLimit({ ratePerSecond, burst: 1 + Math.floor(random() * 20) });
      const admittedAtMs: number[] = [];
      for (let step = 0, nowMs = 0; step < 400; step++, nowMs += (random() * 1000) / ratePerSecond)
        if (limit.check('a', nowMs) === 0) admittedAtMs.push(nowMs);
      let mostOver = -Infinity;
      for (let from = 0; from < admittedAtMs.length; from++)
        for (let to = from; to < admittedAtMs.length; to++) {
          const seconds = (admittedAtMs[to]! - admittedAtMs[from]!) / 1000;
          mostOver = Math.max(mostOver, to - from + 1 - limit.burst - ratePerSecond * seconds);
        }
      // A microsecond's worth, by which times are rounded.
      expect(mostOver).toBeLessThanOrEqual(ratePerSecond * 1e-6 + 1e-9);
      expect(mostOver).toBeGreaterThan(-1);
    }
  });

  it.each([
    ['a clock that goes back', 500],
    ['a time that is no number', NaN],
    ['an infinite time', Infinity],
    ['a time before all', -Infinity],
  ])('takes %s as no time passed', (_, strangeMs) => {
    const limit = new RateLimit({ ratePerSecond: 1 });
    expect(limit.check('a', 1000)).toBe(0);
    expect(limit.check('a', strangeMs)).toBe(1000);
    expect(limit.check('a', 2000)).toBe(0);
  });

  it.each([NaN, -5, -Infinity])('can start at %d', (firstMs) => {
    const limit = new RateLimit({ ratePerSecond: 1 });
    expect([limit.check('a', firstMs), limit.check('a', firstMs), limit.check('a', 1e6)]).toEqual([0, 1000, 0]);
  });

  describe('with costs', () => {
    it('refuses for ever what costs more than the burst, and takes nothing for it', () => {
      const limit = new RateLimit({ ratePerSecond: 1, burst: 5 });
      expect([limit.check('a', 0, 6), limit.check('a', 0, Infinity), limit.check('a', 0, 5)]).toEqual([
        Infinity,
        Infinity,
        0,
      ]);
    });

    it('takes nothing from the bucket when it refuses', () => {
      const limit = new RateLimit({ ratePerSecond: 1, burst: 5 });
      limit.check('a', 0, 3);
      expect([limit.check('a', 0, 3), limit.check('a', 0, 3), limit.check('a', 0, 2)]).toEqual([1000, 1000, 0]);
    });

    it('admits what costs nothing, even with an empty bucket', () => {
      const limit = new RateLimit({ ratePerSecond: 1 });
      limit.check('a', 0);
      expect(limit.check('a', 0, 0)).toBe(0);
    });

    it.each([-1, NaN])('refuses to take %d', (cost) => {
      expect(() => new RateLimit({ ratePerSecond: 1 }).check('a', 0, cost)).toThrow(/cost is/);
    });
  });

  it('tells what a key has left', () => {
    const limit = new RateLimit({ ratePerSecond: 2, burst: 3 });
    expect(limit.quota('a', 0)).toEqual({ remaining: 3, moreAfterMs: undefined });
    limit.check('a', 0, 3);
    expect(limit.quota('a', 0)).toEqual({ remaining: 0, moreAfterMs: 500 });
    expect(limit.quota('a', 600)).toEqual({ remaining: 1, moreAfterMs: 400 });
    expect(limit.quota('a', 1500)).toEqual({ remaining: 3, moreAfterMs: undefined });
    expect(limit.counts().keys).toBe(1);
  });

  it('lets everything pass in shadow mode, and counts what it would have refused', () => {
    const limit = new RateLimit({ ratePerSecond: 1, burst: 2, shadow: true });
    expect(admittedOf(limit, 'a', many(5, 0))).toBe(5);
    expect(limit.check('a', 0, 3)).toBe(0);
    expect(limit.counts()).toMatchObject({ admitted: 2, refused: 4 });
  });

  it.each<[string, RateLimitOptions]>([
    ['ratePerSecond', { ratePerSecond: 0 }],
    ['ratePerSecond', { ratePerSecond: -1 }],
    ['ratePerSecond', { ratePerSecond: NaN }],
    ['ratePerSecond', { ratePerSecond: Infinity }],
    ['ratePerSecond', { ratePerSecond: '5' as never }],
    ['burst', { ratePerSecond: 1, burst: 0 }],
    ['burst', { ratePerSecond: 1, burst: 1.5 }],
    ['burst', { ratePerSecond: 1, burst: 1_000_001 }],
    ['keys', { ratePerSecond: 1, keys: 0 }],
    ['keys', { ratePerSecond: 1, keys: 1e9 }],
    ['rate', { ratePerSecond: 1e-9 }],
    ['rate', { ratePerSecond: 0.000_12, burst: 1_000_000 }],
  ])('refuses a bad %s: %o', (field, options) => {
    const make = (): RateLimit => new RateLimit(options);
    expect(make).toThrow(AppError);
    expect(make).toThrow(field);
  });
});

describe('the table of keys', () => {
  it('gives the full bucket charged longest ago to a new key', () => {
    const limit = new RateLimit({ ratePerSecond: 1, keys: 2 });
    limit.check('a', 0);
    limit.check('b', 0);
    expect(limit.check('c', 1000)).toBe(0);
    expect(limit.counts()).toMatchObject({ evicted: 1, keys: 2, overflowed: 0 });
    // `b` still has its bucket, `a` had a full one: neither sees a difference.
    expect([limit.check('b', 1000), limit.check('c', 1000)]).toEqual([0, 1000]);
  });

  it('passes over old buckets that are not full', () => {
    const limit = new RateLimit({ ratePerSecond: 1, burst: 100, keys: 3 });
    limit.check('attacker', 0, 100);
    limit.check('b', 0);
    limit.check('c', 0);
    expect(limit.check('d', 1000)).toBe(0);
    expect(limit.check('attacker', 1000, 2)).toBe(1000);
  });

  it('looks first at what was charged longest ago, not at what came first', () => {
    const limit = new RateLimit({ ratePerSecond: 1, burst: 2, keys: 40 });
    for (let key = 0; key < 40; key++) limit.check(String(key), 0);
    for (let key = 0; key < 39; key++) limit.check(String(key), 1000, 2);
    expect([limit.check('new', 1000), limit.counts().overflowed, limit.counts().evicted]).toEqual([0, 0, 1]);
  });

  it('does not let an attacker get a fresh bucket by minting keys', () => {
    const limit = new RateLimit({ ratePerSecond: 1, burst: 10, keys: 100 });
    limit.check('attacker', 0, 10);
    for (let minted = 0; minted < 10_000; minted++) limit.check(`minted-${minted}`, minted / 1000);
    expect(limit.check('attacker', 9.999, 1)).toBeGreaterThan(980);
    expect(limit.counts().keys).toBe(100);
  });

  it('lets keys that find no room share one bucket, and counts them', () => {
    const limit = new RateLimit({ ratePerSecond: 1, burst: 5, keys: 10 });
    for (let key = 0; key < 10; key++) limit.check(String(key), 0, 5);
    const passed = Array.from({ length: 100 }, (_, i) => limit.check(`new-${i}`, 0)).filter((ms) => ms === 0);
    expect(passed).toHaveLength(5);
    expect(limit.counts()).toMatchObject({ overflowed: 100, keys: 10, refused: 95 });
    expect(limit.quota('another', 0)).toEqual({ remaining: 0, moreAfterMs: 1000 });
    expect(limit.check('late', 5000)).toBe(0);
    expect(limit.counts()).toMatchObject({ overflowed: 100, evicted: 1 });
  });

  it('gives a very long key no bucket of its own', () => {
    const limit = new RateLimit({ ratePerSecond: 1 });
    expect(limit.check('x'.repeat(257), 0)).toBe(0);
    expect(limit.check('y'.repeat(257), 0)).toBe(1000);
    expect(limit.counts()).toMatchObject({ keys: 0, overflowed: 2 });
  });

  it('makes no entry for a key that was only asked about or refused', () => {
    const limit = new RateLimit({ ratePerSecond: 1 });
    limit.ask('a', 0);
    limit.quota('b', 0);
    limit.check('c', 0, 2);
    limit.check('d', 0, 0);
    expect(limit.counts().keys).toBe(0);
  });

  it('decides as a table without bound does, as long as there is room or a full bucket', () => {
    const random = randomNumbers(3);
    let evicted = 0;
    for (let round = 0; round < 50; round++) {
      const options = { ratePerSecond: 1 + random() * 50, burst: 1 + Math.floor(random() * 5) };
      const [small, large] = [new RateLimit({ ...options, keys: 8 }), new RateLimit({ ...options, keys: 1000 })];
      let nowMs = 0;
      for (let step = 0; step < 500; step++) {
        nowMs += random() * 60;
        const key = String(Math.floor(random() * 40));
        const before = small.counts().overflowed;
        const [one, other] = [small.check(key, nowMs), large.check(key, nowMs)];
        if (small.counts().overflowed !== before) break;
        expect(one).toBe(other);
      }
      expect(small.counts().keys).toBeLessThanOrEqual(8);
      evicted += small.counts().evicted;
    }
    expect(evicted).toBeGreaterThan(500);
  });
});

describe('several limits on one request', () => {
  const two = (): [RateLimit, RateLimit] => [
    new RateLimit({ ratePerSecond: 1, burst: 3 }),
    new RateLimit({ ratePerSecond: 0.5, burst: 1 }),
  ];

  it('charges all when all admit', () => {
    const limits = two();
    expect(checkAll(limits, ['ip', 'user'], 0)).toBe(0);
    expect(limits.map((limit, i) => limit.quota(['ip', 'user'][i]!, 0).remaining)).toEqual([2, 0]);
  });

  it('charges none when one refuses, and tells the longest wait', () => {
    const limits = two();
    checkAll(limits, ['ip', 'user'], 0);
    expect(checkAll(limits, ['ip', 'user'], 0)).toBe(2000);
    expect(limits[0].quota('ip', 0).remaining).toBe(2);
    expect(limits.map((limit) => limit.counts().refused)).toEqual([0, 1]);
    expect(checkAll(limits, ['ip', 'other'], 0, [4, 1])).toBe(Infinity);
    expect(limits[1].quota('other', 0).remaining).toBe(1);
  });

  it('takes a cost for each limit', () => {
    const limits = two();
    expect(checkAll(limits, ['ip', 'user'], 0, [3, 1])).toBe(0);
    expect(limits[0].quota('ip', 0).remaining).toBe(0);
  });

  it('is never held up by one in shadow mode, which counts all the same', () => {
    const real = new RateLimit({ ratePerSecond: 1, burst: 5 });
    const shadow = new RateLimit({ ratePerSecond: 1, burst: 1, shadow: true });
    expect([0, 0, 0].map((nowMs) => checkAll([real, shadow], ['a', 'a'], nowMs))).toEqual([0, 0, 0]);
    expect([real, shadow].map((limit) => limit.counts())).toMatchObject([
      { admitted: 3, refused: 0 },
      { admitted: 1, refused: 2 },
    ]);
  });

  it('admits under no limits, and refuses a list of keys that does not fit', () => {
    expect(checkAll([], [], 0)).toBe(0);
    expect(() => checkAll(two(), ['ip'], 0)).toThrow(/2 limits are given 1 keys/);
  });
});
