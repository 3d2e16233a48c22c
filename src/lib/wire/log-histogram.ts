/** Values below this, in microseconds, have a bucket each. */
const LINEAR = 16;
const LINEAR_BITS = 4;
/** Each further power of two is cut into so many buckets: a value is known to an eighth of itself. */
const PARTS = 8;
const PARTS_BITS = 3;
const MAX_MICROSECONDS = 0xffff_ffff;
const BUCKETS = LINEAR + (32 - LINEAR_BITS) * PARTS;

/**
 * Counts durations up to an hour in 240 buckets whose width grows with the value, so that quantiles of microseconds and of seconds are equally
 * good: off by a sixteenth of the value at the most (as in HdrHistogram, with three bits). Recording allocates nothing.
 */
export class LogHistogram {
  /** Only go up; a reader keeps a copy and takes differences. */
  readonly counts = new Float64Array(BUCKETS);
  count = 0;

  /** Counts one duration in ms; NaN is no measurement and is left out, what is below 0 counts as 0. */
  record(durationMs: number): void {
    if (Number.isNaN(durationMs)) return;
    const bucket = bucketOf(durationMs);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.count++;
  }
}

/**
 * The duration in ms below which `ratio` of the counted ones lie, interpolated within its bucket; undefined when nothing is counted. The counts
 * are those of a histogram, or the difference between two looks at one.
 */
export function quantileMs(counts: Float64Array, ratio: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const wanted = Math.min(1, Math.max(0, ratio)) * total;
  let below = 0;
  for (const [bucket, inside] of counts.entries()) {
    if (inside > 0 && below + inside >= wanted) {
      const lower = lowerMicroseconds(bucket);
      return (lower + ((lowerMicroseconds(bucket + 1) - lower) * (wanted - below)) / inside) / 1000;
    }
    below += inside;
  }
  return MAX_MICROSECONDS / 1000;
}

function bucketOf(durationMs: number): number {
  const value = Math.min(MAX_MICROSECONDS, Math.max(0, Math.round(durationMs * 1000))) >>> 0;
  if (value < LINEAR) return value;
  const power = 31 - Math.clz32(value);
  const part = (value >>> (power - PARTS_BITS)) & (PARTS - 1);
  return LINEAR + (power - LINEAR_BITS) * PARTS + part;
}

function lowerMicroseconds(bucket: number): number {
  if (bucket < LINEAR) return bucket;
  const power = LINEAR_BITS + Math.floor((bucket - LINEAR) / PARTS);
  const part = (bucket - LINEAR) % PARTS;
  return (PARTS + part) * 2 ** (power - PARTS_BITS);
}
