import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { LatencySummary } from '../../events/run-events.ts';

/** Latencies are kept from 1 µs to 10 min to three digits: 87 KB a histogram, whatever the number of requests. */
const HIGHEST_US = 600_000_000;
const DIGITS = 3;

/** Latencies of any number of requests. Quantiles are true to three digits; count, least, greatest and mean are exact. */
export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: DIGITS,
    autoResize: false,
    useWebAssembly: false,
  });
  #sumUs = 0;
  #minUs = Number.POSITIVE_INFINITY;
  #maxUs = 0;

  record(latencyUs: number): void {
    this.#histogram.recordValue(Math.min(HIGHEST_US, Math.max(1, Math.round(latencyUs))));
    this.#sumUs += latencyUs;
    this.#minUs = Math.min(this.#minUs, latencyUs);
    this.#maxUs = Math.max(this.#maxUs, latencyUs);
  }

  /** Adds what was encoded before; its summary brings along what the encoding has rounded. */
  addEncoded(encoded: string, { count, minMs, meanMs, maxMs }: LatencySummary): void {
    if (count === 0) return;
    this.#histogram.add(decodeFromCompressedBase64(encoded, 32, false));
    this.#sumUs += meanMs * count * 1000;
    this.#minUs = Math.min(this.#minUs, minMs * 1000);
    this.#maxUs = Math.max(this.#maxUs, maxMs * 1000);
  }

  summary(): LatencySummary {
    const count = this.#histogram.totalCount;
    if (count === 0) return NO_LATENCIES;
    // The histogram gives the upper end of a bucket, which may lie above the greatest value seen.
    const atMs = (percentile: number): number =>
      Math.min(this.#histogram.getValueAtPercentile(percentile), this.#maxUs) / 1000;
    return {
      count,
      minMs: this.#minUs / 1000,
      meanMs: this.#sumUs / count / 1000,
      p50Ms: atMs(50),
      p90Ms: atMs(90),
      p95Ms: atMs(95),
      p99Ms: atMs(99),
      p999Ms: atMs(99.9),
      maxMs: this.#maxUs / 1000,
    };
  }

  /** HdrHistogram V2, deflated, base64; values in microseconds. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }
}

export const NO_LATENCIES: LatencySummary = {
  count: 0,
  minMs: 0,
  meanMs: 0,
  p50Ms: 0,
  p90Ms: 0,
  p95Ms: 0,
  p99Ms: 0,
  p999Ms: 0,
  maxMs: 0,
};
