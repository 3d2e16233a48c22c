/**
 * Notices that this process itself stood still: a long collection of garbage, SIGSTOP, a suspended machine. Whoever waits for others must
 * not take its own sleep for their silence.
 *
 *   looks     │   │   │   │                       │   │
 *   gap         ≤ planned          paused
 *
 * Its user looks at least every `plannedMs`; a gap longer than that by more than `toleranceMs` is a pause.
 */
export class PauseWatch {
  readonly #plannedMs: number;
  readonly #toleranceMs: number;
  #lastMs: number;

  constructor(plannedMs: number, toleranceMs: number, nowMs: number) {
    this.#plannedMs = plannedMs;
    this.#toleranceMs = toleranceMs;
    this.#lastMs = nowMs;
  }

  /** How long the pause was that lies between the last look and this one; 0 when there was none. Time that goes backwards is none. */
  look(nowMs: number): number {
    const lateMs = nowMs - this.#lastMs - this.#plannedMs;
    this.#lastMs = Math.max(this.#lastMs, nowMs);
    return lateMs > this.#toleranceMs ? lateMs : 0;
  }
}
