import { CircuitBreaker, FAILURE, IGNORED, SUCCESS, type Outcome } from '../../resilience/breaker.ts';
import { retryAfterText } from '../../resilience/rate-limit-fields.ts';
import { mayRetry, RetryBudget } from '../../resilience/retry-budget.ts';
import type {
  BreakerOrder,
  Destination,
  Destinations,
  ProtectionChange,
  ProtectionOptions,
  ProtectionView,
  Turned,
} from '../protection.ts';
import type { ConnectionView, Protocol, RequestView } from '../views.ts';
import { BalancedDestinations, type Place } from './destinations.ts';
import { Fallbacks } from './fallbacks.ts';
import { keyOf } from './keys.ts';
import { Limits } from './limits.ts';
import { ServiceBreakers } from './service-breakers.ts';
import { Passage, type FailedTries, type PassageHost } from './passage.ts';

/**
 * What a request passes before faults see it, and what hears how it ended:
 *
 *     rate limits ──▶ breaker ──▶ balance ──▶ (faults) ──▶ endpoint
 *         429           503         503
 */
export class Guard implements PassageHost {
  readonly options: ProtectionOptions;
  readonly destinations: BalancedDestinations;
  readonly #limits: Limits;
  readonly #breakers: ServiceBreakers;
  readonly #budget: RetryBudget | undefined;
  readonly fallbacks: Fallbacks | undefined;
  retries = 0;

  constructor(options: ProtectionOptions, table: Destinations, onChange: (change: ProtectionChange) => void) {
    this.options = options;
    const { limits, breaker, balance, retries, fallback } = options;
    this.#limits = new Limits(limits, onChange);
    this.#breakers = new ServiceBreakers(breaker, onChange);
    this.destinations = new BalancedDestinations(table, balance, breaker, onChange);
    this.#budget = retries && new RetryBudget(retries.budget);
    this.fallbacks = fallback && new Fallbacks(fallback);
  }

  /**
   * Whether the request may go on, and where. The passage must be ended once, whatever happens. `chosen`: where a connection goes that was
   * begun for it already, which counts as far as that may be used.
   */
  admit(
    chosen: Destination | undefined,
    request: RequestView,
    connection: ConnectionView,
    nowMs: number,
  ): Passage | Turned {
    // Only now is it known what the request is told apart by.
    const isOpen = chosen === undefined || this.options.balance?.kind === 'consistent_hash';
    if (isOpen) return this.#admit(request, connection, nowMs, undefined);
    const { destinations } = this;
    const isElsewhere = !destinations.isUsable(chosen, nowMs) && destinations.hasOther(chosen, nowMs);
    return this.#admit(request, connection, nowMs, isElsewhere ? undefined : chosen);
  }

  #admit(
    request: RequestView,
    connection: ConnectionView,
    nowMs: number,
    fixed: Destination | undefined,
  ): Passage | Turned {
    const limited = this.#limits.isEmpty ? undefined : this.#limits.check(request, connection, nowMs);
    if (limited !== undefined)
      return {
        status: 429,
        headers: limited.headers,
        text: `the rate limit "${limited.limit}" is used up`,
        marker: 'rate-limited',
      };
    const breaker = this.#breakers.breakerFor(request, connection);
    const ticket = breaker?.allow(nowMs) ?? 0;
    if (ticket < 0) return this.#open(breaker, nowMs);
    this.#budget?.deposit(nowMs);
    const key = this.#keyOf(request, connection);
    const { destinations } = this;
    const place = fixed === undefined ? destinations.pick(key, nowMs, undefined) : destinations.placeAt(fixed, nowMs);
    if (place !== undefined && place !== 'open') return new Passage(this, { breaker, ticket, key, place, nowMs });
    breaker?.record(ticket, IGNORED, 0, nowMs);
    return place === 'open' ? this.#open(undefined, nowMs) : NO_ENDPOINT;
  }

  /** The endpoint for a connection whose requests nobody sees; undefined when there is none. `endDial` must be told how it came out. */
  pickForConnection(source: string | undefined, nowMs: number): Place | undefined {
    const key = this.options.balance?.kind === 'consistent_hash' ? source : undefined;
    const place = this.destinations.pick(key, nowMs, undefined);
    return place === 'open' ? undefined : place;
  }

  /** That an endpoint accepts connections is a success only where nothing more can be seen of it. */
  endDial(place: Place, isReady: boolean, protocol: Protocol, nowMs: number): void {
    this.#judge(place, isReady ? (protocol === 'tcp' ? SUCCESS : IGNORED) : FAILURE, 0, nowMs);
  }

  mayRepeat(method: string): boolean {
    return mayRetry(method) || this.options.retries?.alsoMethods.includes(method) === true;
  }

  retry(method: string, failed: FailedTries, nowMs: number): Place | undefined {
    const { attempts, key, tried, end } = failed;
    const another = end !== 'failed' && attempts === 1 ? this.#sendUnseen(failed, nowMs) : undefined;
    if (another !== undefined) return another;
    const { retries } = this.options;
    if (retries === undefined || attempts >= retries.attempts) return undefined;
    if (end === 'failed' && !this.mayRepeat(method)) return undefined;
    const place = this.destinations.pick(key, nowMs, tried) ?? this.destinations.pick(key, nowMs, undefined);
    if (place === undefined || place === 'open') return undefined;
    if (this.#budget?.tryWithdraw(nowMs) === false) {
      this.#judge(place, IGNORED, 0, nowMs);
      return undefined;
    }
    this.retries++;
    return place;
  }

  /** A request that nobody has looked at is sent again once, free of charge: it puts no more load on the service. */
  #sendUnseen({ key, tried, end }: FailedTries, nowMs: number): Place | undefined {
    const { destinations } = this;
    const other = destinations.pick(key, nowMs, tried);
    // An endpoint that ends a connection may well take another one.
    const place = other ?? (end === 'leaving' ? destinations.pick(key, nowMs, undefined) : undefined);
    if (place === undefined || place === 'open') return undefined;
    this.retries++;
    return place;
  }

  endAttempt(place: Place, outcome: Outcome, tookMs: number, nowMs: number): void {
    place.destination.traffic?.record(OUTCOME_WORDS[outcome], tookMs);
    this.#judge(place, outcome, tookMs, nowMs);
  }

  /** What an endpoint's own breaker is told. */
  #judge({ destination, ticket }: Place, outcome: Outcome, tookMs: number, nowMs: number): void {
    if (ticket !== undefined) this.destinations.breakerOf(destination)?.record(ticket, outcome, tookMs, nowMs);
  }

  endpointBreaker({ destination }: Place): CircuitBreaker | undefined {
    return this.destinations.breakerOf(destination);
  }

  hasBreaker(order: BreakerOrder): boolean {
    return this.#breakersOf(order).length > 0;
  }

  orderBreaker(order: BreakerOrder, nowMs: number): void {
    const { to } = order;
    for (const breaker of this.#breakersOf(order)) {
      if (to === 'reset') breaker.reset(nowMs);
      else breaker.force(to, nowMs);
    }
  }

  /** What a person has forced on the one before stays so, as far as there are such breakers here. */
  takeOrdersOf(before: Guard, nowMs: number): void {
    for (const { forced, endpoint, route } of before.view(nowMs).breakers) {
      if (forced === undefined) continue;
      const mine =
        endpoint === undefined ? this.#breakers.twinOf(route) : this.#breakersOf({ to: forced, endpoint })[0];
      mine?.force(forced, nowMs);
    }
  }

  view(nowMs: number): ProtectionView {
    const breakers = [
      ...this.#breakers.views(nowMs).map((view) => ({ ...view, endpoint: undefined })),
      ...[...this.destinations.breakers].map((breaker) => ({
        ...breaker.view(nowMs),
        endpoint: breaker.name,
        route: undefined,
      })),
    ];
    const { retries, fallbacks } = this;
    const { kind: balance } = this.destinations.balancer;
    return {
      balance,
      breakers,
      limits: this.#limits.views(),
      retries,
      fallbacks: fallbacks?.given ?? 0,
      fallbacksFromCache: fallbacks?.givenFromCache ?? 0,
      cache: fallbacks?.counts(),
    };
  }

  #breakersOf({ endpoint, route }: BreakerOrder): CircuitBreaker[] {
    const ofService = endpoint === undefined ? this.#breakers.named(route) : [];
    if (route !== undefined) return ofService;
    const meant = this.destinations.list.filter(({ id }) => endpoint === undefined || id === endpoint);
    const ofEndpoints = meant.map((destination) => this.destinations.breakerOf(destination));
    return [...ofService, ...ofEndpoints.filter((one) => one !== undefined)];
  }

  #keyOf(request: RequestView, connection: ConnectionView): string | undefined {
    const { balance } = this.options;
    if (balance?.kind !== 'consistent_hash') return undefined;
    return keyOf(balance.key ?? { by: 'source', trustedHops: 0 }, request, connection);
  }

  #open(breaker: CircuitBreaker | undefined, nowMs: number): Turned {
    const untilMs = breaker?.untilMs(nowMs) ?? 0;
    const retryAfter = untilMs > 0 && untilMs < Infinity ? retryAfterText(untilMs) : undefined;
    const isForced = untilMs === Infinity;
    return {
      status: 503,
      headers: retryAfter === undefined ? [] : [['retry-after', retryAfter]],
      text: `the circuit breaker is open: ${isForced ? 'somebody has forced it' : 'the service has failed too often'}`,
      marker: 'breaker-open',
    };
  }
}

const OUTCOME_WORDS = { [SUCCESS]: 'ok', [FAILURE]: 'failed', [IGNORED]: 'cancelled' } as const;

const NO_ENDPOINT: Turned = {
  status: 503,
  headers: [],
  text: 'there is no endpoint that may be used',
  marker: 'no-endpoint',
};
