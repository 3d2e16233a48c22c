import type { OutcomeWindow } from './outcome-window.ts';

const FAILED = 1;
const WAS_SLOW = 2;

/**
 * The last `size` calls, one byte each, in a ring:
 *
 *     ┌───┬───┬───┬───┬───┬───┐
 *     │ 0 │ 1 │ 0 │ 3 │ 0 │ 2 │      bit 0: failed, bit 1: slow
 *     └───┴───┴───┴─▲─┴───┴───┘
 *                   next: the oldest, which the next call replaces
 */
export class CountWindow implements OutcomeWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #ring: Uint8Array;
  #next = 0;

  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  add(isFailure: boolean, isSlow: boolean): void {
    const ring = this.#ring;
    const next = this.#next;
    const flags = (isFailure ? FAILED : 0) | (isSlow ? WAS_SLOW : 0);
    // A place that was never used holds 0: nothing to take off.
    const replaced = ring[next] ?? 0;
    this.failures += (flags & FAILED) - (replaced & FAILED);
    this.slow += (flags >> 1) - (replaced >> 1);
    if (this.calls < ring.length) this.calls++;
    ring[next] = flags;
    this.#next = next + 1 === ring.length ? 0 : next + 1;
  }

  advance(): void {
    // Only calls push calls out, never time.
  }

  clear(): void {
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
    this.#ring.fill(0);
  }
}
