import { describe, expect, it } from 'vitest';
import { FixedHistogram, HTTP_DURATION_BOUNDS_SECONDS } from '../../../src/lib/wire/fixed-histogram.ts';
import { roll } from './pieces.ts';

describe('a histogram with fixed bounds', () => {
  it.each([
    [-1, 0],
    [0, 0],
    [1, 0],
    [1.0000001, 1],
    [5, 1],
    [5.1, 2],
    [10, 2],
    [11, 3],
    [Infinity, 3],
    [-Infinity, 0],
  ])('puts %d into bucket %d', (value, bucket) => {
    const histogram = new FixedHistogram([1, 5, 10]);
    histogram.record(value);
    expect([...histogram.counts]).toEqual([0, 1, 2, 3].map((i) => (i === bucket ? 1 : 0)));
    expect([histogram.count, histogram.sum]).toEqual([1, value]);
  });

  it('adds up', () => {
    const histogram = new FixedHistogram([1, 5]);
    for (const value of [0.5, 3, 4, 7]) histogram.record(value);
    expect([[...histogram.counts], histogram.count, histogram.sum]).toEqual([[1, 2, 1], 4, 14.5]);
  });

  it('leaves out what is no number', () => {
    const histogram = new FixedHistogram([1]);
    histogram.record(Number.NaN);
    expect([[...histogram.counts], histogram.count, histogram.sum]).toEqual([[0, 0], 0, 0]);
  });

  it('counts as a plain search for the first bound does', () => {
    const histogram = new FixedHistogram(HTTP_DURATION_BOUNDS_SECONDS);
    const expected = new Array<number>(15).fill(0);
    for (let round = 0; round < 1000; round++) {
      const value = roll(12_000, 'durations', round) / 1000;
      const found = HTTP_DURATION_BOUNDS_SECONDS.findIndex((bound) => value <= bound);
      expected[found < 0 ? 14 : found]! += 1;
      histogram.record(value);
    }
    expect([...histogram.counts]).toEqual(expected);
    expect(histogram.count).toBe(1000);
  });

  it('may have one bucket only', () => {
    const histogram = new FixedHistogram([]);
    histogram.record(7);
    expect([...histogram.counts]).toEqual([1]);
  });

  it.each([[[1, 1]], [[2, 1]], [[Number.NaN]], [[1, Infinity]]])('refuses the bounds %j', (bounds) => {
    expect(() => new FixedHistogram(bounds)).toThrow('bounds that are not finite and ascending');
  });

  it('has the bounds of the semantic conventions for HTTP', () => {
    expect(HTTP_DURATION_BOUNDS_SECONDS.join(' ')).toBe('0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10');
  });
});
