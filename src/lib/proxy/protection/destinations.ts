import { createBalancer, DEFAULT_PANIC_PERCENT, type Balancer, type Explanation } from '../../resilience/balance.ts';
import { breakerOptions } from './breaker-rule.ts';
import { CircuitBreaker, type BreakerChange } from '../../resilience/breaker.ts';
import type { BalanceRule, BreakerRule, Destination, Destinations, ProtectionChange } from '../protection.ts';

/** Endpoints whose breakers are kept; an endpoint that is gone loses its own at the next look. */
const MAX_BREAKERS = 1024;

/** A place for a request, and the permit of the endpoint's breaker. */
export interface Place {
  readonly destination: Destination;
  /** Of the endpoint's breaker; undefined when it has none. */
  readonly ticket: number | undefined;
}

/** The endpoints of a service, who of them is next, and a breaker for each if so wanted. */
export class BalancedDestinations {
  readonly balancer: Balancer;
  readonly #table: Destinations;
  readonly #rule: BreakerRule | undefined;
  readonly #onChange: (change: ProtectionChange) => void;
  readonly #breakers = new Map<string, CircuitBreaker>();

  constructor(
    table: Destinations,
    balance: BalanceRule | undefined,
    breaker: BreakerRule | undefined,
    onChange: (change: ProtectionChange) => void,
  ) {
    this.#table = table;
    this.balancer = createBalancer(balance?.kind ?? 'round_robin', {
      ...balance,
      onChange: (change) =>
        onChange({ type: 'panic', change, thresholdPercent: balance?.panicPercent ?? DEFAULT_PANIC_PERCENT }),
    });
    this.#rule = breaker?.per === 'endpoint' ? breaker : undefined;
    this.#onChange = onChange;
  }

  get list(): readonly Destination[] {
    return this.#table();
  }

  /** The endpoint to use, none of `excluded`; `open` when only their breakers stand in the way. Its count is not raised. */
  pick(
    key: string | undefined,
    nowMs: number,
    excluded: readonly Destination[] | undefined,
  ): Place | 'open' | undefined {
    const list = this.#table();
    if (this.#rule === undefined) {
      const destination = this.#choose(list, key, nowMs, excluded);
      return destination && { destination, ticket: undefined };
    }
    let left = excluded;
    let wasOpen = false;
    for (;;) {
      const destination = this.#choose(list, key, nowMs, left);
      if (destination === undefined) return wasOpen ? 'open' : undefined;
      const ticket = this.breakerOf(destination)?.allow(nowMs) ?? 0;
      if (ticket >= 0) return { destination, ticket };
      wasOpen = true;
      left = [...(left ?? []), destination];
    }
  }

  /** Whether it is to get new requests. */
  isUsable(destination: Destination, nowMs: number): boolean {
    const { isHealthy, weight } = destination;
    return isHealthy && weight > 0 && (this.#rule === undefined || this.#mayTry(destination, nowMs));
  }

  /** Whether another one is to. */
  hasOther(than: Destination, nowMs: number): boolean {
    return this.#table().some((one) => one !== than && this.isUsable(one, nowMs));
  }

  /** An open breaker whose time is over takes a trial. */
  #mayTry(destination: Destination, nowMs: number): boolean {
    return (this.breakerOf(destination)?.untilMs(nowMs) ?? 0) === 0;
  }

  /** A place at this very endpoint. */
  placeAt(destination: Destination, nowMs: number): Place | 'open' {
    const ticket = this.breakerOf(destination)?.allow(nowMs);
    return ticket !== undefined && ticket < 0 ? 'open' : { destination, ticket };
  }

  explain(key: string | undefined, nowMs: number): Explanation {
    return this.balancer.explain(this.#table(), { key, nowMs, excluded: undefined });
  }

  /** Undefined: endpoints have none of their own. */
  breakerOf(destination: Destination): CircuitBreaker | undefined {
    const rule = this.#rule;
    if (rule === undefined) return undefined;
    const known = this.#breakers.get(destination.id);
    if (known !== undefined) return known;
    const onChange = (change: BreakerChange): void =>
      this.#onChange({ type: 'breaker', endpoint: destination.id, change });
    const breaker = new CircuitBreaker({ ...breakerOptions(rule), name: destination.id, onChange });
    if (this.#breakers.size >= MAX_BREAKERS) this.#forgetGone();
    this.#breakers.set(destination.id, breaker);
    return breaker;
  }

  get breakers(): Iterable<CircuitBreaker> {
    return this.#breakers.values();
  }

  #choose(
    list: readonly Destination[],
    key: string | undefined,
    nowMs: number,
    excluded: readonly Destination[] | undefined,
  ): Destination | undefined {
    const picked = this.balancer.pick(list, { key, nowMs, excluded });
    // The balancer gives back one of the records that it was given.
    return picked as Destination | undefined;
  }

  #forgetGone(): void {
    const ids = new Set(this.#table().map(({ id }) => id));
    for (const id of [...this.#breakers.keys()]) if (!ids.has(id)) this.#breakers.delete(id);
  }
}
