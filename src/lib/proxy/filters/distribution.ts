import type { Dice } from '../filter.ts';

export const DISTRIBUTIONS = ['uniform', 'normal', 'pareto', 'empirical'] as const;

/** No delay is longer, whatever the dice say: a request held for more is one that everybody has given up. */
export const MAX_DELAY_MS = 600_000;

/** The shape of the heavy tail, that of netem's `pareto` table (iproute2, netem/pareto.c): finite mean and variance. */
const PARETO_SHAPE = 3;
/** The tail is cut at this many times the jitter; one delay in 130,000 is that long, so the mean stays within 0.1 %. */
const MAX_TAIL_JITTERS = 100;

/** A delay with jitter around it. */
export interface JitterSpec {
  readonly distribution: 'uniform' | 'normal' | 'pareto';
  readonly delayMs: number;
  readonly jitterMs: number;
}

/** Delays as they were measured somewhere: at least two, in ascending order. */
export interface EmpiricalSpec {
  readonly distribution: 'empirical';
  readonly sortedMs: Float64Array;
}

export type DelaySpec = JitterSpec | EmpiricalSpec;

/**
 * One delay in ms, from fractions u, v of the dice, never below 0 nor above MAX_DELAY_MS:
 *
 *     uniform    delay + jitter · (2u − 1)                    within delay ± jitter
 *     normal     delay + jitter · √(−2 ln(1−u)) · cos 2πv     mean delay, standard deviation jitter (Box and Muller 1958); below 0 is 0
 *     pareto     delay + 2 jitter · ((1−u)^(−1/3) − 1)        delay is the least; the excess is Lomax with shape 3 and mean jitter
 *     empirical  the u-quantile of the samples                between two samples on the straight line that joins them
 */
export function drawDelayMs(spec: DelaySpec, dice: Dice): number {
  if (spec.distribution === 'empirical') return clampDelay(quantile(spec.sortedMs, dice.fraction('jitter')));
  const { delayMs, jitterMs, distribution } = spec;
  if (jitterMs === 0) return clampDelay(delayMs);
  return clampDelay(delayMs + jitterMs * drawDeviation(distribution, dice));
}

/** The deviation from the delay, in jitters. */
function drawDeviation(distribution: JitterSpec['distribution'], dice: Dice): number {
  const u = dice.fraction('jitter');
  switch (distribution) {
    case 'uniform':
      return 2 * u - 1;
    case 'normal':
      return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * dice.fraction('jitter-angle'));
    case 'pareto':
      return Math.min(MAX_TAIL_JITTERS, (PARETO_SHAPE - 1) * ((1 - u) ** (-1 / PARETO_SHAPE) - 1));
  }
}

function quantile(sorted: Float64Array, fraction: number): number {
  const place = fraction * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? 0;
  const high = sorted[below + 1] ?? low;
  return low + (place - below) * (high - low);
}

function clampDelay(delayMs: number): number {
  return Math.min(MAX_DELAY_MS, Math.max(0, delayMs));
}
