/** How often and how soon an undo is tried again. */
export interface RetryPolicy {
  /** Attempts in all; asked after each, so that an impatient user can shorten it. */
  attempts(): number;
  /** After this long no further attempt is begun, once there have been MIN_ATTEMPTS. */
  readonly forMs: number;
  readonly firstMs: number;
  readonly capMs: number;
}

/** Also an undo that takes long to fail is tried this often. */
const MIN_ATTEMPTS = 3;

/** About five seconds: what is merely busy (EBUSY, a process about to die) is over by then. */
export const PATIENT: RetryPolicy = { attempts: () => 10, forMs: 5_000, firstMs: 25, capMs: 1_000 };

/** The wait before attempt `failed + 1`: doubling, capped. */
export function backoffMs(policy: RetryPolicy, failed: number): number {
  return Math.min(policy.capMs, policy.firstMs * 2 ** (failed - 1));
}

/** Whether the last attempt was the last one. */
export function isFinal(policy: RetryPolicy, failed: number, elapsedMs: number): boolean {
  return failed >= policy.attempts() || (failed >= MIN_ATTEMPTS && elapsedMs >= policy.forMs);
}
