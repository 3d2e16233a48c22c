import { describe, expect, it } from 'vitest';
import {
  digestDecisions,
  lookupMeasurement,
  rememberMeasurement,
  round,
  type Measurement,
} from '../../../src/lib/faults/measured.ts';

const measurement = (touched: number): Measurement => ({
  effect: () => ({ touched, requested: {}, delivered: {}, decisions: { seen: 0, hit: 0, digest: '' } }),
  freeze: () => undefined,
});

describe('measurements', () => {
  it('are found by their mark, the last one for each', () => {
    rememberMeasurement('r/a', measurement(1));
    rememberMeasurement('r/a', measurement(2));
    expect(lookupMeasurement('r/a')?.effect().touched).toBe(2);
    expect(lookupMeasurement('r/b')).toBeUndefined();
  });

  it('of long ago are given up', () => {
    rememberMeasurement('old', measurement(1));
    for (let i = 0; i < 256; i++) rememberMeasurement(`new/${i}`, measurement(i));
    expect(lookupMeasurement('old')).toBeUndefined();
    expect(lookupMeasurement('new/0')).toBeDefined();
  });
});

describe('digestDecisions', () => {
  const a = ['a', true] as const;
  const b = ['b', true] as const;

  it('does not depend on the order', () => {
    expect(digestDecisions('cpu', [a, b])).toBe(digestDecisions('cpu', [b, a]));
  });

  it.each([
    [[a], [b]],
    [[a], [['a', false]]],
    [[a], [a, a]],
    [[], [a, a]],
    [[a, b], [a]],
  ] as const)('tells %j from %j', (one, other) => {
    expect(digestDecisions('cpu', one)).not.toBe(digestDecisions('cpu', other));
  });

  it('tells one kind of fault from another', () => {
    expect(digestDecisions('cpu', [a])).not.toBe(digestDecisions('kill', [a]));
  });

  it('has 16 digits', () => {
    expect(digestDecisions('cpu', [])).toBe('0000000000000000');
    expect(digestDecisions('cpu', [a])).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('round', () => {
  it.each([
    [19.97318, 19.97],
    [0, 0],
    [99.999, 100],
  ])('%d is %d', (value, rounded) => expect(round(value)).toBe(rounded));
});
