import { describe, expect, it } from 'vitest';
import { LogHistogram, quantileMs } from '../../../src/lib/wire/log-histogram.ts';

function histogramOf(...durationsMs: readonly number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const durationMs of durationsMs) histogram.record(durationMs);
  return histogram;
}

describe('a histogram of durations', () => {
  it.each([0.001, 0.016, 0.1, 0.3, 1, 7, 120, 4_000, 30_000, 3_600_000])('knows %d ms to a sixteenth', (ms) => {
    const estimate = quantileMs(histogramOf(...Array.from({ length: 100 }, () => ms)).counts, 0.5)!;
    expect(Math.abs(estimate - ms)).toBeLessThanOrEqual(ms / 16 + 0.001);
  });

  it('puts every value into one bucket, at the edges of powers of two as well', () => {
    for (let power = 0; power < 32; power++)
      for (const microseconds of [2 ** power - 1, 2 ** power, 2 ** power + 1]) {
        const { counts, count } = histogramOf(microseconds / 1000);
        expect(count).toBe(1);
        expect(counts.filter((inside) => inside > 0)).toEqual(new Float64Array([1]));
      }
  });

  it('orders quantiles', () => {
    const { counts } = histogramOf(...Array.from({ length: 1000 }, (_, i) => i + 1));
    const quantiles = [0, 0.1, 0.5, 0.9, 0.99, 1].map((ratio) => quantileMs(counts, ratio)!);
    expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
    expect(quantiles[2]! / 500).toBeCloseTo(1, 1);
  });

  it('leaves out what is no number, takes negative ones for 0, and what is too long for the longest', () => {
    const histogram = histogramOf(NaN, -5, 1e15);
    expect(histogram.count).toBe(2);
    expect(quantileMs(histogram.counts, 0)).toBe(0);
    expect(quantileMs(histogram.counts, 1)).toBeGreaterThan(4_000_000);
  });

  it('has no quantile of nothing', () => {
    expect(quantileMs(new LogHistogram().counts, 0.5)).toBeUndefined();
  });
});
