import { describe, expect, it } from 'vitest';
import { createDice } from '../../../../src/lib/proxy/dice.ts';
import type { Dice } from '../../../../src/lib/proxy/filter.ts';
import { drawDelayMs, MAX_DELAY_MS, type DelaySpec } from '../../../../src/lib/proxy/filters/distribution.ts';

const COUNT = 20_000;

function draw(spec: DelaySpec): number[] {
  return Array.from({ length: COUNT }, (_, index) =>
    drawDelayMs(spec, createDice({ seed: 1, fault: 'f', key: 'k', index })),
  ).sort((a, b) => a - b);
}

/** The largest distance between the drawn and the asked distribution function (Kolmogorov–Smirnov). */
function distance(sorted: readonly number[], asked: (ms: number) => number): number {
  return Math.max(...sorted.map((ms, i) => Math.abs((i + 0.5) / sorted.length - asked(ms))));
}

/** The distribution function of the normal distribution (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
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
    const delays = draw({ delayMs: 100, jitterMs: 40, distribution: 'uniform' });
    expect(delays[0]).toBeGreaterThanOrEqual(60);
    expect(delays.at(-1)).toBeLessThanOrEqual(140);
    expect(distance(delays, (ms) => (ms - 60) / 80)).toBeLessThan(KS_LIMIT);
  });

  it('with normal jitter have the delay as mean and the jitter as standard deviation', () => {
    const delays = draw({ delayMs: 100, jitterMs: 10, distribution: 'normal' });
    expect(distance(delays, (ms) => normalCdf((ms - 100) / 10))).toBeLessThan(KS_LIMIT);
  });

  it('with pareto jitter have the delay as least value, the jitter as mean excess, and a heavy tail', () => {
    const delays = draw({ delayMs: 100, jitterMs: 10, distribution: 'pareto' });
    expect(delays[0]).toBeGreaterThanOrEqual(100);
    expect(delays.at(-1)).toBeLessThanOrEqual(100 + 100 * 10);
    expect(distance(delays, (ms) => 1 - (1 + (ms - 100) / 20) ** -3)).toBeLessThan(KS_LIMIT);
    expect(mean(delays)).toBeGreaterThan(109);
    expect(mean(delays)).toBeLessThan(111);
    expect(delays[Math.floor(COUNT * 0.99)]).toBeGreaterThan(160);
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
});
