/**
 * Bounds of buckets for durations of HTTP requests, in seconds: those which the semantic conventions of OpenTelemetry advise for
 * `http.server.request.duration`, so that dashboards made for it fit.
 */
export const HTTP_DURATION_BOUNDS_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/**
 * Counts values in buckets with fixed upper bounds; recording allocates nothing.
 *
 *     bounds        1        5
 *     counts   [0]  │  [1]   │  [2]       a value that is a bound belongs to the bucket below it
 *             …, 1  │  …, 5  │  …, +Inf
 */
export class FixedHistogram {
  readonly bounds: readonly number[];
  /** Values per bucket, not cumulative; the last bucket has no bound. */
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  /** Throws when the bounds are not finite and ascending. */
  constructor(bounds: readonly number[]) {
    requireBounds(bounds);
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Counts one value; NaN is no measurement and is left out. */
  record(value: number): void {
    if (Number.isNaN(value)) return;
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? Infinity)) bucket++;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
    this.count++;
  }
}

/** Throws unless the numbers can be the upper bounds of buckets: finite, each greater than the one before. */
export function requireBounds(bounds: readonly number[]): void {
  const areRight = bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (bounds[i - 1] ?? bound)));
  if (!areRight) throw new Error(`bounds that are not finite and ascending: ${bounds.join(', ')}`);
}
