import type { Clock } from '../runtime/clock.ts';
import { FAILURE, IGNORED, SUCCESS, type CircuitBreaker, type Outcome } from './breaker.ts';

/** All that is needed of a clock: monotonic milliseconds. */
export type BreakerClock = Pick<Clock, 'monotonicMs'>;

export interface ExecuteOptions<T> {
  /** Which errors are the callee's fault. Default: every error. Those that are not count as successes (a 404 is an answer). */
  readonly isFailure?: ((error: unknown) => boolean) | undefined;
  /** Which errors say nothing about the callee and are not counted at all; asked before `isFailure`. Default: none. */
  readonly isIgnored?: ((error: unknown) => boolean) | undefined;
  /** Which values are failures all the same (a response with status 503). Default: none. */
  readonly isFailedValue?: ((value: T) => boolean) | undefined;
  /**
   * Gives up waiting: the promise rejects with the signal's reason at once. Counts nothing, as the caller went away; but a reason named
   * `TimeoutError`, as `AbortSignal.timeout` gives, is a failure of the callee.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why a call was not made. One object for a breaker and without a stack, so that rejecting costs next to nothing: do not write on it, and read
 * `retryAfterMs` when it is caught, not later.
 */
export class BreakerOpenError extends Error {
  override readonly name = 'BreakerOpenError';
  readonly code = 'BREAKER_OPEN';
  readonly hint = 'wait for retryAfterMs, or answer without the callee';
  readonly #breaker: CircuitBreaker;
  readonly #clock: BreakerClock;

  constructor(breaker: CircuitBreaker, clock: BreakerClock) {
    super(`circuit breaker ${breaker.name} lets no call through`);
    this.#breaker = breaker;
    this.#clock = clock;
    // The stack of the first rejection would be told for all of them.
    this.stack = `${this.name}: ${this.message}`;
  }

  /** Milliseconds until a call may be let through, at this moment; 0 when only a trial call is waited for, `Infinity` when forced open. */
  get retryAfterMs(): number {
    return this.#breaker.untilMs(this.#clock.monotonicMs());
  }
}

const NO_OPTIONS: ExecuteOptions<unknown> = {};

/**
 * Calls `fn` through the breaker: resolves and rejects as `fn` does (a synchronous throw rejects, too), or rejects with the breaker's
 * `BreakerOpenError` without calling it. `fn` is given the signal, to stop early; what it does after an abort is not waited for. A predicate that
 * throws rejects with what it threw, and the call is not counted.
 */
export function executeThrough<T>(
  breaker: CircuitBreaker,
  clock: BreakerClock,
  fn: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
  options: ExecuteOptions<T> = NO_OPTIONS,
): Promise<T> {
  if (options.signal?.aborted === true) return rejectAborted(options.signal);
  // A look at the clock costs more than the decision.
  const startMs = breaker.needsTime ? clock.monotonicMs() : 0;
  const ticket = breaker.allow(startMs);
  if (ticket < 0) return refuse(breaker, clock);
  return settle(breaker, clock, fn, options, ticket, startMs);
}

async function settle<T>(
  breaker: CircuitBreaker,
  clock: BreakerClock,
  fn: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
  options: ExecuteOptions<T>,
  ticket: number,
  startMs: number,
): Promise<T> {
  // What a predicate that throws leaves behind: the permit goes back, nothing is counted.
  let outcome: Outcome = IGNORED;
  try {
    let value: T;
    try {
      value = await (options.signal === undefined ? fn(undefined) : untilAborted(fn, options.signal));
    } catch (error) {
      outcome = outcomeOfError(error, options);
      throw error;
    }
    outcome = options.isFailedValue?.(value) === true ? FAILURE : SUCCESS;
    return value;
  } finally {
    const endMs = outcome === FAILURE || breaker.needsTime ? clock.monotonicMs() : 0;
    breaker.record(ticket, outcome, endMs - startMs, endMs);
  }
}

function untilAborted<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = (): void => reject(signal.reason);
  // Before `fn` adds its own, so that the reason wins over what `fn` makes of it.
  signal.addEventListener('abort', abort, { once: true });
  // An async function turns a synchronous throw into a rejection.
  const run = async (): Promise<T> => fn(signal);
  void run()
    .then(resolve, reject)
    .finally(() => signal.removeEventListener('abort', abort));
  return promise;
}

function outcomeOfError<T>(error: unknown, { signal, isIgnored, isFailure }: ExecuteOptions<T>): Outcome {
  if (signal?.aborted === true && error === signal.reason) return isTimeout(error) ? FAILURE : IGNORED;
  if (isIgnored?.(error) === true) return IGNORED;
  return isFailure?.(error) === false ? SUCCESS : FAILURE;
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

/** For each breaker its error, rejected once for all. */
const refusals = new WeakMap<CircuitBreaker, Promise<never>>();

/**
 * A promise that follows the one that is rejected already: it rejects a turn later, when its caller waits for it. One that were rejected from the
 * start would first be reported to the process as unhandled and then taken back, which costs several times as much as all the rest.
 */
function refuse(breaker: CircuitBreaker, clock: BreakerClock): Promise<never> {
  let refusal = refusals.get(breaker);
  if (refusal === undefined) {
    refusal = Promise.reject(new BreakerOpenError(breaker, clock));
    refusals.set(breaker, refusal);
  }
  return refusal.then();
}

async function rejectAborted(signal: AbortSignal): Promise<never> {
  throw signal.reason;
}
