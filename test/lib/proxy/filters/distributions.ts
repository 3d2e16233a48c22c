import type { DelaySpec } from '../../../../src/lib/proxy/filters/distribution.ts';

/** The largest distance between the drawn and the asked distribution function (Kolmogorov–Smirnov). */
export function ksDistance(drawn: readonly number[], asked: (ms: number) => number): number {
  const sorted = drawn.toSorted((a, b) => a - b);
  const { length } = sorted;
  return Math.max(...sorted.map((ms, i) => Math.max(asked(ms) - i / length, (i + 1) / length - asked(ms))));
}

/** The distribution function of the normal distribution (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
export function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}

/** The distribution function of delays that are asked for, where jitter is so small that none is cut off at 0. */
export function delayCdf(spec: DelaySpec): (ms: number) => number {
  if (spec.distribution === 'empirical') return empiricalCdf(spec.sortedMs);
  const { delayMs, jitterMs } = spec;
  switch (spec.distribution) {
    case 'uniform':
      return (ms) => Math.min(1, Math.max(0, (ms - delayMs + jitterMs) / (2 * jitterMs)));
    case 'normal':
      return (ms) => normalCdf((ms - delayMs) / jitterMs);
    case 'pareto':
      return (ms) => (ms < delayMs ? 0 : 1 - (1 + (ms - delayMs) / (2 * jitterMs)) ** -3);
  }
}

/** The straight lines that join the samples. */
function empiricalCdf(sorted: Float64Array): (ms: number) => number {
  return (ms) => {
    const above = sorted.findIndex((sample) => sample > ms);
    if (above === 0) return 0;
    if (above < 0) return 1;
    const [low, high] = [sorted[above - 1]!, sorted[above]!];
    return (above - 1 + (ms - low) / (high - low)) / (sorted.length - 1);
  };
}
