/** The calls by which a closed breaker judges. One shape for every kind, so that the breaker calls each of them the same way. */
export interface OutcomeWindow {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** Counts one call. `nowMs` never goes backwards from one call to the next. */
  add(isFailure: boolean, isSlow: boolean, nowMs: number): void;
  /** Lets go of what is too old at `nowMs`. */
  advance(nowMs: number): void;
  clear(): void;
}
