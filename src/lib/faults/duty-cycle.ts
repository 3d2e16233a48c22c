/** Work and rest take turns in slices this long: short against any time-out, long against the cost of a timer. */
export const SLICE_MS = 10;
/** CPU time that was due and not got is made up for, but no more than this, so that a worker does not run wild after a stall. */
const LIMIT_DEBT_MS = 5 * SLICE_MS;

/** What a worker knows at the start of a slice. */
export interface DutyReading {
  readonly nowMs: number;
  /** CPU time that this process has used since it was started. */
  readonly usedMs: number;
}

export interface Slice {
  /** Work until this much CPU time has been used ... */
  readonly untilUsedMs: number;
  /** ... or until this moment, whichever comes first; then rest until this moment. */
  readonly endMs: number;
}

/**
 * A duty cycle that steers by the CPU time really used (a closed loop): what timers, the start-up and other processes took or
 * cost is made up for in the next slices.
 *
 *   50 %   │█████     │███████   │███       │█████     │
 *          └─ 10 ms ──┴ owed 2 ──┴ ahead 2 ─┴──────────┘
 */
export function createDutyCycle(ratio: number, start: DutyReading): (now: DutyReading) => Slice {
  let accountedMs = start.nowMs;
  let dueMs = start.usedMs;
  return ({ nowMs, usedMs }) => {
    const endMs = nowMs + SLICE_MS;
    dueMs += ratio * (endMs - accountedMs);
    accountedMs = endMs;
    dueMs = Math.min(dueMs, usedMs + ratio * SLICE_MS + LIMIT_DEBT_MS);
    return { untilUsedMs: dueMs, endMs };
  };
}
