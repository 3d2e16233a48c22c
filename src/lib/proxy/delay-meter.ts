import { build } from 'hdr-histogram-js';
import type { JsonObject } from '../events/json.ts';
import { FixedHistogram } from '../wire/fixed-histogram.ts';

/** Ten minutes and a little: no filter holds anything for longer. In microseconds. */
const HIGHEST_US = 660_000_000;
/** Three digits: 300 ms is told from 300.3 ms, in about 100 kB whatever the number of values. */
const SIGNIFICANT_DIGITS = 3;

/** From a millisecond to ten minutes: what faults are asked for. */
export const DELAY_BOUNDS_SECONDS: readonly number[] = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600,
];

/** Delays as they were delivered, in bounded memory: exact quantiles for reports (HdrHistogram), fixed buckets for metrics. */
export class DelayMeter {
  readonly histogram = new FixedHistogram(DELAY_BOUNDS_SECONDS);
  readonly #quantiles = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    useWebAssembly: false,
  });

  record(delayMs: number): void {
    this.histogram.record(delayMs / 1000);
    this.#quantiles.recordValue(Math.min(HIGHEST_US, Math.max(0, Math.round(delayMs * 1000))));
  }

  /** Quantiles in ms. */
  summary(): JsonObject {
    const quantile = (percent: number): number => this.#quantiles.getValueAtPercentile(percent) / 1000;
    return { p50: quantile(50), p90: quantile(90), p99: quantile(99), max: this.#quantiles.maxValue / 1000 };
  }
}
