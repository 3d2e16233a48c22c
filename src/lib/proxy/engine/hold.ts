import type { Cancel, Clock } from '../../runtime/clock.ts';
import type { Delay } from '../chain.ts';
import type { Exchange } from '../exchange.ts';
import type { Held } from '../installed-filter.ts';

/** A timer of the system may fire up to a millisecond early; within this much it counts as due. */
export const DUE_TOLERANCE_MS = 0.05;

/**
 * Holds one request (or one connection) back for its delays, one filter's after another's, and measures how long each really lasted.
 *
 *     ├── filter A 200 ms ──┼──── filter B 300 ms ────┤ done
 *                           ↑ removing A before this point skips to here at once; removing B before it drops B's part
 */
export class Hold implements Held {
  readonly #clock: Clock;
  readonly #delays: readonly Delay[];
  readonly #done: () => void;
  #next = 0;
  #current: Delay | undefined;
  #startedMs = 0;
  #dueMs = 0;
  #cancelTimer: Cancel | undefined;

  readonly #exchange: Exchange | undefined;

  constructor(clock: Clock, delays: readonly Delay[], done: () => void, exchange?: Exchange) {
    this.#clock = clock;
    this.#exchange = exchange;
    this.#delays = delays;
    this.#done = done;
  }

  /** True when there is nothing to wait for; otherwise `done` is called later. */
  start(): boolean {
    return this.#advance();
  }

  /** The filter whose delay is running was removed: that delay ends here. `done` comes in a turn of its own, as removal must return soon. */
  letGo(): void {
    this.#endDelay();
    this.#cancelTimer = this.#clock.after(0, () => this.#resume());
  }

  onRetune(): void {
    this.letGo();
  }

  /** Whoever waited has gone: `done` is never called. */
  cancel(): void {
    this.#endDelay();
  }

  #resume(): void {
    if (this.#advance()) this.#done();
  }

  /** Begins the next delay that takes time; true when there is none left. */
  #advance(): boolean {
    for (let delay = this.#delays[this.#next++]; delay !== undefined; delay = this.#delays[this.#next++]) {
      if (delay.by.isRemoved) continue;
      this.#begin(delay);
      if (this.#armTimer()) return false;
      this.#endDelay();
    }
    return true;
  }

  #begin(delay: Delay): void {
    this.#current = delay;
    this.#startedMs = this.#clock.monotonicMs();
    this.#dueMs = this.#startedMs + delay.delayMs;
    delay.by.account.touched++;
    delay.by.held.add(this);
  }

  /** False when the delay is over. */
  #armTimer(): boolean {
    const leftMs = this.#dueMs - this.#clock.monotonicMs();
    if (leftMs <= DUE_TOLERANCE_MS) return false;
    this.#cancelTimer = this.#clock.afterPrecisely(leftMs, () => {
      if (this.#armTimer()) return;
      this.#endDelay();
      this.#resume();
    });
    return true;
  }

  #endDelay(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const delay = this.#current;
    if (delay === undefined) return;
    this.#current = undefined;
    delay.by.held.delete(this);
    const nowMs = this.#clock.monotonicMs();
    delay.by.account.recordDelay(nowMs - this.#startedMs, this.#dueMs - nowMs > DUE_TOLERANCE_MS);
    this.#exchange?.hurt(delay.by, 'delay', nowMs - this.#startedMs);
  }
}
