import type { OutcomeWindow } from './outcome-window.ts';

/**
 * The calls of the last `windowMs`, in `size` buckets. A call belongs to bucket `floor(nowMs / bucketMs)`; the window holds the bucket of
 * now and the `size - 1` before it, so it reaches back between `windowMs - bucketMs` and `windowMs`.
 *
 *     bucket     41      42      43      44      45   ◀ now
 *             ───┬───────┬───────┬───────┬───────┬────▶ time
 *       of 4     │ gone  │ ◀───────── counted ────────▶
 *
 * A bucket that time skipped is emptied before its place in the ring is used again; after an idle time longer than the window all are.
 */
export class TimeWindow implements OutcomeWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #size: number;
  readonly #bucketMs: number;
  // Doubles: a bucket may be a day long, and a count of 32 bits ends.
  readonly #calls: Float64Array;
  readonly #failures: Float64Array;
  readonly #slow: Float64Array;
  #bucket = 0;
  #bucketEndMs: number;
  #place = 0;

  constructor(windowMs: number, size: number) {
    this.#size = size;
    this.#bucketMs = windowMs / size;
    this.#bucketEndMs = this.#bucketMs;
    this.#calls = new Float64Array(size);
    this.#failures = new Float64Array(size);
    this.#slow = new Float64Array(size);
  }

  add(isFailure: boolean, isSlow: boolean, nowMs: number): void {
    if (nowMs >= this.#bucketEndMs) this.#moveOn(nowMs);
    const place = this.#place;
    this.calls++;
    this.#calls[place] = (this.#calls[place] ?? 0) + 1;
    if (isFailure) {
      this.failures++;
      this.#failures[place] = (this.#failures[place] ?? 0) + 1;
    }
    if (isSlow) {
      this.slow++;
      this.#slow[place] = (this.#slow[place] ?? 0) + 1;
    }
  }

  advance(nowMs: number): void {
    if (nowMs >= this.#bucketEndMs) this.#moveOn(nowMs);
  }

  clear(): void {
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
    this.#calls.fill(0);
    this.#failures.fill(0);
    this.#slow.fill(0);
  }

  #moveOn(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket - this.#bucket >= this.#size) this.clear();
    else for (let skipped = this.#bucket + 1; skipped <= bucket; skipped++) this.#emptyPlace(skipped % this.#size);
    this.#bucket = bucket;
    this.#place = bucket % this.#size;
    this.#bucketEndMs = (bucket + 1) * this.#bucketMs;
  }

  #emptyPlace(place: number): void {
    this.calls -= this.#calls[place] ?? 0;
    this.failures -= this.#failures[place] ?? 0;
    this.slow -= this.#slow[place] ?? 0;
    this.#calls[place] = 0;
    this.#failures[place] = 0;
    this.#slow[place] = 0;
  }
}
