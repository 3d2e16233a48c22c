import { FixedHistogram } from '../wire/fixed-histogram.ts';

/** How a request ended. `cancelled`: by the one who asked, which tells nothing of the endpoint: neither a failure nor a latency. */
export type CallOutcome = 'ok' | 'failed' | 'cancelled';

/** Upper bounds of the latency buckets in ms, each double the one before: an estimate is off by a factor of two at the most. */
const LATENCY_BOUNDS_MS: readonly number[] = Array.from({ length: 18 }, (_, i) => 0.25 * 2 ** i);

/**
 * Rate, errors and duration of one endpoint (the RED method). Counts only go up; readers take differences. Recording allocates nothing.
 */
export class Traffic {
  /** Ended ones, however they ended. */
  requests = 0;
  failures = 0;
  cancelled = 0;
  readonly #latency = new FixedHistogram(LATENCY_BOUNDS_MS);

  /** One request has ended. */
  record(outcome: CallOutcome, tookMs: number): void {
    this.requests++;
    if (outcome === 'cancelled') {
      this.cancelled++;
      return;
    }
    if (outcome === 'failed') this.failures++;
    this.#latency.record(tookMs);
  }

  /**
   * An estimate of the latency in ms below which `ratio` of all ended requests lie, interpolated within its bucket (as Prometheus'
   * `histogram_quantile` does); undefined before the first one. Above the last bound (about 33 s) it is that bound.
   */
  latencyQuantileMs(ratio: number): number | undefined {
    const { bounds, counts, count } = this.#latency;
    if (count === 0) return undefined;
    const wanted = Math.min(1, Math.max(0, ratio)) * count;
    let below = 0;
    for (const [bucket, upper] of bounds.entries()) {
      const inside = counts[bucket] ?? 0;
      const lower = bounds[bucket - 1] ?? 0;
      if (inside > 0 && below + inside >= wanted) return lower + ((upper - lower) * (wanted - below)) / inside;
      below += inside;
    }
    return bounds.at(-1);
  }
}
