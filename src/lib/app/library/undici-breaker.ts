import { FAILURE, IGNORED, SUCCESS, type CircuitBreaker, type Outcome } from '../../resilience/breaker.ts';
import { BreakerOpenError, type BreakerClock } from '../../resilience/breaker-policy.ts';
import { realClock } from '../../runtime/clock.ts';

/** What undici 7 and 8 hand to a handler to steer its request. */
export interface UndiciController {
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: Error | null;
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

export type UndiciHeaders = Record<string, string | string[] | undefined>;

/** The handler of undici 7 and 8 (`Dispatcher.DispatchHandler`), as far as it is passed on. */
export interface UndiciHandler {
  onRequestStart?(controller: UndiciController, context: unknown): void;
  onRequestUpgrade?(controller: UndiciController, status: number, headers: UndiciHeaders, socket: unknown): void;
  onResponseStart?(controller: UndiciController, status: number, headers: UndiciHeaders, message?: string): void;
  onResponseData?(controller: UndiciController, chunk: Buffer): void;
  onResponseEnd?(controller: UndiciController, trailers: UndiciHeaders): void;
  onResponseError?(controller: UndiciController, error: Error): void;
  onResponseStarted?(): void;
  onBodySent?(chunk: Buffer): void;
  onRequestSent?(): void;
}

export type UndiciDispatch<Options> = (options: Options, handler: UndiciHandler) => boolean;

/** What `dispatcher.compose()` of undici 7 and 8 takes. */
export type UndiciInterceptor = <Options>(dispatch: UndiciDispatch<Options>) => UndiciDispatch<Options>;

export interface UndiciBreakerOptions {
  /** Which statuses (200 and up) are failures of the callee. Default: 500 and up. */
  readonly isFailedStatus?: ((status: number) => boolean) | undefined;
  /** Default: the machine's. */
  readonly clock?: BreakerClock | undefined;
}

/** Codes of undici's own errors that say nothing about the callee: the request makes no sense, or its dispatcher was closed. */
const OWN_FAULTS: readonly unknown[] = [
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
];

/**
 * An interceptor that asks the breaker before each request and tells it how the request ended; give each callee its own breaker and dispatcher.
 * Errors and failed statuses count as failures, a failed status as soon as it is seen. A request that is aborted counts nothing, unless by a
 * reason named `TimeoutError`, nor does one that undici itself refuses. While the breaker is open nothing is dispatched: `onResponseError` gets a `BreakerOpenError`. A success counts
 * when its body ends, so bodies have to be read or cancelled.
 */
export function undiciBreaker(breaker: CircuitBreaker, options: UndiciBreakerOptions = {}): UndiciInterceptor {
  const { isFailedStatus = isServerError, clock = realClock } = options;
  return (dispatch) => (request, handler) => {
    const ticket = breaker.allow(clock.monotonicMs());
    if (ticket < 0) return refuse(handler, new BreakerOpenError(breaker, clock));
    const watched = new WatchedHandler(handler, new Permit(breaker, clock, ticket), isFailedStatus);
    try {
      return dispatch(request, watched);
    } catch (error) {
      // What undici throws at once says that the request makes no sense; nothing was sent.
      watched.giveBack();
      throw error;
    }
  };
}

function isServerError(status: number): boolean {
  return status >= 500;
}

function saysNothing(error: Error, controller: UndiciController | null): boolean {
  if ('code' in error && OWN_FAULTS.includes(error.code)) return true;
  return controller?.aborted === true && error.name !== 'TimeoutError';
}

/** As undici itself refuses when it is closed: at once, and without `onRequestStart`. */
function refuse(handler: UndiciHandler, error: BreakerOpenError): true {
  handler.onResponseError?.(new EndedController(error), error);
  return true;
}

/** A ticket that is recorded once, by whatever comes first. */
class Permit {
  readonly #breaker: CircuitBreaker;
  readonly #clock: BreakerClock;
  readonly #ticket: number;
  readonly #startMs: number;
  #isRecorded = false;

  constructor(breaker: CircuitBreaker, clock: BreakerClock, ticket: number) {
    this.#breaker = breaker;
    this.#clock = clock;
    this.#ticket = ticket;
    this.#startMs = clock.monotonicMs();
  }

  record(outcome: Outcome): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    const nowMs = this.#clock.monotonicMs();
    this.#breaker.record(this.#ticket, outcome, nowMs - this.#startMs, nowMs);
  }
}

/** Passes everything on to the handler of the request, and tells the breaker first: it may throw. */
class WatchedHandler implements UndiciHandler {
  readonly #handler: UndiciHandler;
  readonly #permit: Permit;
  readonly #isFailedStatus: (status: number) => boolean;

  constructor(handler: UndiciHandler, permit: Permit, isFailedStatus: (status: number) => boolean) {
    this.#handler = handler;
    this.#permit = permit;
    this.#isFailedStatus = isFailedStatus;
  }

  giveBack(): void {
    this.#permit.record(IGNORED);
  }

  onRequestStart(controller: UndiciController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(controller: UndiciController, status: number, headers: UndiciHeaders, socket: unknown): void {
    this.#permit.record(this.#isFailedStatus(status) ? FAILURE : SUCCESS);
    this.#handler.onRequestUpgrade?.(controller, status, headers, socket);
  }

  onResponseStart(controller: UndiciController, status: number, headers: UndiciHeaders, message?: string): void {
    // Interim responses (1xx) come this way, too. Nobody may ever read the body of a failure, so it does not wait for the end.
    if (status >= 200 && this.#isFailedStatus(status)) this.#permit.record(FAILURE);
    this.#handler.onResponseStart?.(controller, status, headers, message);
  }

  onResponseData(controller: UndiciController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: UndiciController, trailers: UndiciHeaders): void {
    this.#permit.record(SUCCESS);
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: UndiciController | null, error: Error): void {
    this.#permit.record(saysNothing(error, controller) ? IGNORED : FAILURE);
    // A controller is missing where undici gave up before it had made one.
    this.#handler.onResponseError?.(controller ?? new EndedController(error), error);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }
}

/** The controller of a request that never was. */
class EndedController implements UndiciController {
  readonly aborted = true;
  readonly paused = false;
  readonly reason: Error;

  constructor(reason: Error) {
    this.reason = reason;
  }

  abort(): void {
    // It has ended.
  }

  pause(): void {
    // Nothing flows.
  }

  resume(): void {
    // Nothing flows.
  }
}
