import { build } from 'hdr-histogram-js';
import type { JsonObject } from '../events/json.ts';

/** Ten minutes and a little: no filter holds anything for longer. In microseconds. */
const HIGHEST_US = 660_000_000;
/** Three digits: 300 ms is told from 300.3 ms, in about 100 kB whatever the number of values. */
const SIGNIFICANT_DIGITS = 3;

/** Delays as they were delivered, in bounded memory (HdrHistogram). */
export class DelayMeter {
  readonly #histogram = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    useWebAssembly: false,
  });

  record(delayMs: number): void {
    this.#histogram.recordValue(Math.min(HIGHEST_US, Math.max(0, Math.round(delayMs * 1000))));
  }

  /** Quantiles in ms. */
  summary(): JsonObject {
    const quantile = (percent: number): number => this.#histogram.getValueAtPercentile(percent) / 1000;
    return { p50: quantile(50), p90: quantile(90), p99: quantile(99), max: this.#histogram.maxValue / 1000 };
  }
}
