import { describe, expect, it } from 'vitest';
import { ChunkDice, createDice, DecisionDigest } from '../../../src/lib/proxy/dice.ts';

const thrown = { seed: 42, fault: 'f', key: 'k', index: 0 };

describe('dice', () => {
  it('give the same fraction for the same throw, in [0, 1)', () => {
    const first = createDice(thrown).fraction('percent');
    expect(createDice(thrown).fraction('percent')).toBe(first);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(first).toBeLessThan(1);
  });

  it.each([
    { ...thrown, seed: 43 },
    { ...thrown, fault: 'g' },
    { ...thrown, key: 'l' },
    { ...thrown, index: 1 },
  ])('fall differently for %j', (other) => {
    expect(createDice(other).fraction('percent')).not.toBe(createDice(thrown).fraction('percent'));
  });

  it('tell salts, directions and chunks of a connection apart', () => {
    const dice = createDice(thrown);
    const [up, down] = [new ChunkDice(dice, 'upstream'), new ChunkDice(dice, 'downstream')];
    const fractions = [
      dice.fraction('a'),
      dice.fraction('b'),
      up.next().fraction('a'),
      up.next().fraction('a'),
      down.next().fraction('a'),
    ];
    expect(new Set(fractions).size).toBe(fractions.length);
  });
});

describe('a digest of decisions', () => {
  const decisions = Array.from({ length: 100 }, (_, i) => [`key ${i % 10}`, Math.floor(i / 10), i % 3 === 0] as const);
  const digestOf = (rows: readonly (readonly [string, number, boolean])[]): string => {
    const digest = new DecisionDigest();
    for (const row of rows) digest.add(...row);
    return digest.toString();
  };

  it('does not depend on their order', () => {
    expect(digestOf(decisions.toReversed())).toBe(digestOf(decisions));
    expect(digestOf(decisions)).toMatch(/^[0-9a-f]{14}$/);
  });

  it('differs when any one decision does, and when one is missing', () => {
    const whole = digestOf(decisions);
    for (const [i, [key, index, hit]] of decisions.entries()) {
      expect(digestOf(decisions.with(i, [key, index, !hit]))).not.toBe(whole);
      expect(digestOf(decisions.toSpliced(i, 1))).not.toBe(whole);
    }
  });
});
