/** Batches in flight are few; so many gaps in one file can only mean that acknowledgements got lost. */
const MAX_RANGES = 10_000;

/**
 * Which parts of a file have been acknowledged. Sinks answer in any order, and only what is acknowledged without a gap from the start may be
 * stored as done.
 *
 *     start ─────────▶ end     [from,to)    [from,to)
 *           no gap            waiting for what is between
 */
export class AckedRanges {
  #end: number;
  /** By their beginnings, beyond the end, apart from each other. */
  #waiting: Map<number, number> | undefined;

  constructor(start: number) {
    this.#end = start;
  }

  /** Everything before it has been acknowledged. */
  get end(): number {
    return this.#end;
  }

  /** How many acknowledged ranges wait for one before them. */
  get waiting(): number {
    return this.#waiting?.size ?? 0;
  }

  /** A range that was acknowledged twice counts once. Ranges are those that were sent: they meet, or they are the same. */
  add(from: number, to: number): void {
    if (to <= this.#end) return;
    if (from <= this.#end && this.waiting === 0) {
      this.#end = to;
      return;
    }
    // Made when it is needed: most files never have a gap, and there are many files.
    this.#waiting ??= new Map();
    this.#waiting.set(from, Math.max(to, this.#waiting.get(from) ?? to));
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#end = Math.max(this.#end, next);
    if (this.#waiting.size > MAX_RANGES)
      throw new Error(`more than ${MAX_RANGES} acknowledged ranges wait for one at ${this.#end}`);
  }

  /** Takes the range that begins at the end, or before it. */
  #next(): number | undefined {
    const direct = this.#waiting?.get(this.#end);
    if (direct !== undefined) {
      this.#waiting?.delete(this.#end);
      return direct;
    }
    for (const [from, to] of this.#waiting ?? []) {
      if (from > this.#end) continue;
      this.#waiting?.delete(from);
      return to;
    }
    return undefined;
  }
}
