/** A line that carries so many bytes in a time, one after another; when it is free says all about it. */
export class RateLine {
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  get freeAtMs(): number {
    return this.#freeAtMs;
  }

  /** When bytes that are sent as soon as the line is free, and not before that time, have arrived. */
  reserve(bytes: number, notBeforeMs: number): number {
    this.#freeAtMs = Math.max(this.#freeAtMs, notBeforeMs) + bytes / this.#bytesPerMs;
    return this.#freeAtMs;
  }
}
