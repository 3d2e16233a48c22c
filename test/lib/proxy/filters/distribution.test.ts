import { describe, expect, it } from 'vitest';
import type { Dice } from '../../../../src/lib/proxy/filter.ts';
import { drawDelayMs, MAX_DELAY_MS, type DelaySpec } from '../../../../src/lib/proxy/filters/distribution.ts';
import { delayCdf, ksDistance } from './distributions.ts';
import { diceOf } from './machine-driver.ts';

const COUNT = 20_000;

function draw(spec: DelaySpec): number[] {
  return Array.from({ length: COUNT }, (_, index) => drawDelayMs(spec, diceOf(index))).sort((a, b) => a - b);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
/** What 20,000 draws stay below in all but one case in a million. */
const KS_LIMIT = 0.02;

describe('delays', () => {
  it('without jitter are what was asked', () => {
    for (const distribution of ['uniform', 'normal', 'pareto'] as const) {
      expect(new Set(draw({ delayMs: 12.5, jitterMs: 0, distribution }))).toEqual(new Set([12.5]));
    }
  });

  it('with uniform jitter fill delay ± jitter evenly', () => {
    const spec = { delayMs: 100, jitterMs: 40, distribution: 'uniform' } as const;
    const delays = draw(spec);
    expect(delays[0]).toBeGreaterThanOrEqual(60);
    expect(delays.at(-1)).toBeLessThanOrEqual(140);
    expect(ksDistance(delays, delayCdf(spec))).toBeLessThan(KS_LIMIT);
  });

  it('with normal jitter have the delay as mean and the jitter as standard deviation', () => {
    const spec = { delayMs: 100, jitterMs: 10, distribution: 'normal' } as const;
    expect(ksDistance(draw(spec), delayCdf(spec))).toBeLessThan(KS_LIMIT);
  });

  it('with pareto jitter have the delay as least value, the jitter as mean excess, and a heavy tail', () => {
    const spec = { delayMs: 100, jitterMs: 10, distribution: 'pareto' } as const;
    const delays = draw(spec);
    expect(delays[0]).toBeGreaterThanOrEqual(100);
    expect(delays.at(-1)).toBeLessThanOrEqual(100 + 100 * 10);
    expect(ksDistance(delays, delayCdf(spec))).toBeLessThan(KS_LIMIT);
    expect(mean(delays)).toBeGreaterThan(109);
    expect(mean(delays)).toBeLessThan(111);
    expect(delays[Math.floor(COUNT * 0.99)]).toBeGreaterThan(160);
  });

  it('that follow samples lie on the lines between them, as many between any two neighbours', () => {
    const sortedMs = Float64Array.from([10, 20, 20, 1000]);
    const delays = draw({ distribution: 'empirical', sortedMs });
    expect(delays[0]).toBeGreaterThanOrEqual(10);
    expect(delays.at(-1)).toBeLessThanOrEqual(1000);
    const below = (ms: number): number => delays.filter((delay) => delay < ms).length / COUNT;
    const within = delays.filter((delay) => delay === 20).length / COUNT;
    expect(below(15)).toBeCloseTo(1 / 6, 1);
    expect(within).toBeCloseTo(1 / 3, 1);
    expect(below(510)).toBeCloseTo(5 / 6, 1);
  });

  it.each(['uniform', 'normal', 'pareto'] as const)('are never negative nor beyond the bound (%s)', (distribution) => {
    const wide = draw({ delayMs: 1, jitterMs: MAX_DELAY_MS, distribution });
    expect(wide[0]).toBeGreaterThanOrEqual(0);
    expect(wide.at(-1)).toBeLessThanOrEqual(MAX_DELAY_MS);
    for (const fraction of [0, 1 - 2 ** -53]) {
      const dice: Dice = { fraction: () => fraction };
      expect(drawDelayMs({ delayMs: 5, jitterMs: 10, distribution }, dice)).toBeGreaterThanOrEqual(0);
      expect(drawDelayMs({ delayMs: 5, jitterMs: 10, distribution }, dice)).toBeLessThanOrEqual(MAX_DELAY_MS);
    }
  });

  it.each([
    [0, 10],
    [0.5, 20],
    [1 - 2 ** -53, 30],
  ])('at the quantile %d of the samples 10, 30 are %d', (fraction, ms) => {
    const sortedMs = Float64Array.from([10, 30]);
    expect(drawDelayMs({ distribution: 'empirical', sortedMs }, { fraction: () => fraction })).toBeCloseTo(ms, 9);
  });
});
