import type { Cancel, Clock } from '../../runtime/clock.ts';

/** How long one attempt may take. */
export class Deadline {
  /** Aborted when the time is up, or when the outer one is. */
  readonly signal: AbortSignal;
  readonly #timeoutMs: number;
  readonly #own = new AbortController();
  readonly #cancel: Cancel;

  constructor(clock: Clock, timeoutMs: number, outer: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.signal = AbortSignal.any([outer, this.#own.signal]);
    this.#cancel = clock.after(timeoutMs, () => this.#own.abort());
  }

  /** Why it is over; undefined when the time is not up. */
  get reason(): string | undefined {
    return this.#own.signal.aborted ? `no answer in ${this.#timeoutMs} ms` : undefined;
  }

  end(): void {
    this.#cancel();
  }
}
