import type { AppError } from '../errors/app-error.ts';

/** Why a run came to its end. */
export type Ending =
  | { readonly kind: 'completed' }
  /** The steady state did not hold before the first fault. */
  | { readonly kind: 'unhealthy'; readonly reasons: readonly string[] }
  /** A fault was refused, failed, or could not be journaled. */
  | { readonly kind: 'not-injected'; readonly reasons: readonly string[] }
  | { readonly kind: 'guard'; readonly guard: string; readonly reason: string }
  | { readonly kind: 'interrupted'; readonly signal: string }
  /** Something the user can mend, outside the faults: a service that does not start, a port that is taken. */
  | { readonly kind: 'error'; readonly error: AppError }
  | { readonly kind: 'bug'; readonly error: Error };

/** Thrown through everything that waits when a run must stop early. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped';
  readonly ending: Ending;

  constructor(ending: Ending) {
    super(`run stopped: ${ending.kind}`);
    this.ending = ending;
  }
}
