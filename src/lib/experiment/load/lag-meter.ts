import { quantile } from './quantile.ts';

/** How late the generator sends, second by second: the sign of a machine that cannot keep up with its own load. */
export class LagMeter {
  #lagsMs: number[] = [];
  #second = 0;

  add(nowMs: number, lagMs: number): void {
    if (this.#lagsMs.length === 0) this.#second = Math.floor(nowMs / 1000);
    this.#lagsMs.push(lagMs);
  }

  /** The p99 of the second that is over; undefined while it is not. */
  take(nowMs: number): number | undefined {
    if (this.#lagsMs.length === 0 || Math.floor(nowMs / 1000) === this.#second) return undefined;
    const sorted = Float64Array.from(this.#lagsMs).sort();
    this.#lagsMs = [];
    return quantile(sorted, 0.99);
  }
}
