import { describe, expect, it } from 'vitest';
import { hashFraction, hashHex, randomHex, randomSeed } from '../../../src/lib/runtime/chance.ts';

describe('hashFraction', () => {
  // These numbers are a promise: a seed that is written down today must give the same run in later versions.
  it.each([
    [['a'], 0.578419267095675],
    [[42, 'latency', 'req-1', 0], 0.4606409320426833],
    [[''], 0.8699823756801616],
    [['ünïcode ✓'], 0.8948773844865735],
  ])('gives the same fraction for %j in every version', (parts, expected) => {
    expect(hashFraction(...parts)).toBe(expected);
  });

  it('does not depend on what was asked before', () => {
    const first = hashFraction(7, 'fault', 'key', 3);
    for (let i = 0; i < 100; i++) hashFraction(i, 'other');
    expect(hashFraction(7, 'fault', 'key', 3)).toBe(first);
  });

  it.each([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['1'], [1]],
    [['a', ''], ['a']],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [-1]],
  ])('keeps %j and %j apart', (one, other) => {
    expect(hashFraction(...one)).not.toBe(hashFraction(...other));
  });

  it('stays within [0, 1) and spreads evenly over keys that differ in a counter', () => {
    const buckets = 20;
    const throws = 100_000;
    const counts = Array.from({ length: buckets }, () => 0);
    for (let i = 0; i < throws; i++) {
      const fraction = hashFraction(42, 'fault', `request-${i}`, 0);
      expect(fraction >= 0 && fraction < 1).toBe(true);
      counts[Math.floor(fraction * buckets)]!++;
    }
    // Chi-squared with 19 degrees of freedom: above 43.8 once in a thousand even hashes; the keys are fixed, so this never flakes.
    const expected = throws / buckets;
    const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(43.8);
  });

  it.each([
    ['seed', (i: number) => hashFraction(i, 'fault', 'key', 0)],
    ['fault', (i: number) => hashFraction(42, `f${i}`, 'key', 0)],
    ['index', (i: number) => hashFraction(42, 'fault', 'key', i)],
  ])('hits the asked share when only the %s changes', (_, throwDice) => {
    const hits = Array.from({ length: 20_000 }, (_, i) => throwDice(i)).filter((fraction) => fraction < 0.3).length;
    // Four standard deviations of a fair coin of 30 %.
    expect(Math.abs(hits / 20_000 - 0.3)).toBeLessThan(0.013);
  });

  it('gives neighbours that know nothing of each other', () => {
    const fractions = Array.from({ length: 20_000 }, (_, i) => hashFraction(1, 'k', i) - 0.5);
    const products = fractions.slice(1).map((fraction, i) => fraction * fractions[i]!);
    const correlation = (12 * products.reduce((sum, product) => sum + product, 0)) / products.length;
    expect(Math.abs(correlation)).toBeLessThan(0.03);
  });

  it('throws independent dice for two salts of one key', () => {
    const products = Array.from(
      { length: 20_000 },
      (_, i) => (hashFraction(1, 'f', `k${i}`, 'chosen') - 0.5) * (hashFraction(1, 'f', `k${i}`, 'delay') - 0.5),
    );
    const correlation = (12 * products.reduce((sum, product) => sum + product, 0)) / products.length;
    expect(Math.abs(correlation)).toBeLessThan(0.03);
  });

  it('does not collide over a million keys', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 1_000_000; i++) seen.add(hashHex('run', i));
    // Two lanes of 32 bits: by chance there would be one collision in 18 million such sets.
    expect(seen.size).toBe(1_000_000);
  });
});

describe('hashHex', () => {
  it('has 16 digits always', () => {
    for (let i = 0; i < 5_000; i++) expect(hashHex(i)).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('true chance', () => {
  it('makes names that do not meet', () => {
    expect(new Set(Array.from({ length: 1000 }, () => randomHex(8))).size).toBe(1000);
    expect(randomHex(8)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('draws seeds of 32 bits', () => {
    for (let i = 0; i < 100; i++) {
      const seed = randomSeed();
      expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
    }
  });
});
