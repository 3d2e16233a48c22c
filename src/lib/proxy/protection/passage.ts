import type { Cancel, Clock } from '../../runtime/clock.ts';
import { startRequest, type Lease } from '../../resilience/balance.ts';
import { FAILURE, IGNORED, SUCCESS, type CircuitBreaker, type Outcome } from '../../resilience/breaker.ts';
import type { Destination, ProtectionOptions } from '../protection.ts';
import type { Place } from './destinations.ts';

/** How a request ended: `ignored` says nothing of the service, since the client gave up, or another rule refused. */
export type PassageOutcome = 'ok' | 'failed' | 'ignored';

const OUTCOMES: Readonly<Record<PassageOutcome, Outcome>> = { ok: SUCCESS, failed: FAILURE, ignored: IGNORED };

/**
 * How a try ended that may not be the last one. The endpoint has surely not looked at the request when it could not be reached
 * (`unreachable`), refused the request (`refused`), or was about to go away (`leaving`): such a request may be sent again, whatever it is.
 */
export type TryEnd = 'failed' | 'unreachable' | 'refused' | 'leaving';

/** Who let the request through, and is told how each try ended. */
export interface PassageHost {
  readonly options: ProtectionOptions;
  /** Whether a request of this method may be sent twice. */
  mayRepeat(method: string): boolean;
  /** Another endpoint for a request that has failed there; undefined: that was the last try. */
  retry(method: string, failed: FailedTries, nowMs: number): Place | undefined;
  endAttempt(place: Place, outcome: Outcome, tookMs: number, nowMs: number): void;
  /** Undefined when endpoints have none of their own. */
  endpointBreaker(place: Place): CircuitBreaker | undefined;
}

export interface FailedTries {
  readonly attempts: number;
  readonly key: string | undefined;
  readonly tried: readonly Destination[];
  readonly end: TryEnd;
}

/** What was decided for a request when it came. */
export interface Admitted {
  /** The one of the service, or of the route, that judges the request; undefined when none does. */
  readonly breaker: CircuitBreaker | undefined;
  /** Of that breaker. */
  readonly ticket: number;
  readonly key: string | undefined;
  readonly place: Place;
  readonly nowMs: number;
}

/**
 * One request's way through the protection. It counts as in flight at its endpoint, and every permit that it holds is given back, exactly
 * once each.
 */
export class Passage {
  readonly #host: PassageHost;
  readonly #admitted: Admitted;
  #place: Place;
  #lease: Lease;
  #attemptMs: number;
  #attempts = 1;
  #tried: Destination[] | undefined;
  #isOver = false;
  #isKept = false;
  #cancelTimeout: Cancel | undefined;
  #cancelTryTimeout: Cancel | undefined;
  #armTry: (() => void) | undefined;

  constructor(host: PassageHost, admitted: Admitted) {
    this.#host = host;
    this.#admitted = admitted;
    this.#place = admitted.place;
    this.#lease = startRequest(admitted.place.destination);
    this.#attemptMs = admitted.nowMs;
  }

  /** Where the request goes. */
  get destination(): Destination {
    return this.#place.destination;
  }

  /** 1 for the first try. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Tells when the service has not begun to answer in time, unless the request has ended by then; not at all when it may take its time. */
  arm(clock: Clock, onTimeout: (timeoutMs: number) => void): void {
    const { timeoutMs } = this.#host.options;
    if (timeoutMs !== undefined) this.#cancelTimeout = clock.after(timeoutMs, () => onTimeout(timeoutMs));
  }

  /** Tells, for this try and each that follows, when the answer has not begun in the time of one try; not at all when tries have no time of their own. */
  armTries(clock: Clock, onTimeout: () => void): void {
    const tryTimeoutMs = this.#host.options.retries?.tryTimeoutMs;
    if (tryTimeoutMs === undefined) return;
    this.#armTry = () => {
      this.#cancelTryTimeout?.();
      this.#cancelTryTimeout = clock.after(tryTimeoutMs, onTimeout);
    };
    this.#armTry();
  }

  /** Whether an answer of this status is to be tried again elsewhere, if `retry` allows it. */
  isRetried(status: number): boolean {
    return this.#host.options.retries?.statuses.includes(status) === true;
  }

  /** Whether a request of this method may be sent twice. */
  mayRepeat(method: string): boolean {
    return this.#host.mayRepeat(method);
  }

  /** This try has failed: true when there is another, at `destination`. */
  retry(method: string, nowMs: number, end: TryEnd = 'failed'): boolean {
    if (this.#isOver) return false;
    const tried = [...(this.#tried ?? []), this.destination];
    const failed = { attempts: this.#attempts, key: this.#admitted.key, tried, end };
    const place = this.#host.retry(method, failed, nowMs);
    if (place === undefined) return false;
    this.#endAttempt(end === 'leaving' ? 'ignored' : 'failed', nowMs);
    this.#tried = tried;
    this.#attempts++;
    this.#place = place;
    this.#attemptMs = nowMs;
    this.#lease = startRequest(place.destination);
    this.#armTry?.();
    return true;
  }

  /** The first end counts. */
  end(outcome: PassageOutcome, nowMs: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimeout?.();
    this.#cancelTryTimeout?.();
    this.#endAttempt(outcome, nowMs);
    const { breaker, ticket, nowMs: startedMs } = this.#admitted;
    breaker?.record(ticket, OUTCOMES[outcome], nowMs - startedMs, nowMs);
  }

  /** Of the service's breaker, or of the endpoint's; undefined when there is none. */
  breakerState(nowMs: number): string | undefined {
    return (this.#admitted.breaker ?? this.#host.endpointBreaker(this.#place))?.view(nowMs).state;
  }

  /** The request became a tunnel: after its end it still counts as under way at its endpoint, until `release`. */
  keep(): void {
    this.#isKept = true;
  }

  /** Harmless when it was done. */
  release(): void {
    this.#lease.end();
  }

  #endAttempt(outcome: PassageOutcome, nowMs: number): void {
    if (!this.#isKept) this.#lease.end();
    this.#host.endAttempt(this.#place, OUTCOMES[outcome], nowMs - this.#attemptMs, nowMs);
  }
}
