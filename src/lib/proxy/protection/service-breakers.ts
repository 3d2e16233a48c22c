import { CircuitBreaker, type BreakerChange, type BreakerView } from '../../resilience/breaker.ts';
import type { BreakerRule, ProtectionChange } from '../protection.ts';
import { compileMatch, type CompiledMatch } from '../scope.ts';
import type { ConnectionView, RequestView } from '../views.ts';
import { breakerOptions } from './breaker-rule.ts';

interface Route {
  readonly name: string;
  readonly match: CompiledMatch;
  readonly breaker: CircuitBreaker;
}

/**
 * The breakers that judge a service by all of its endpoints together: one for each route that has its own, and one for what goes by none of them. A
 * request goes by the first route that it fits.
 */
export class ServiceBreakers {
  readonly #own: CircuitBreaker | undefined;
  readonly #routes: readonly Route[];

  constructor(rule: BreakerRule | undefined, onChange: (change: ProtectionChange) => void) {
    const create = (options: BreakerRule, route: string | undefined): CircuitBreaker =>
      new CircuitBreaker({
        ...breakerOptions(options),
        ...(route === undefined ? {} : { name: route }),
        onChange: (change: BreakerChange) => onChange({ type: 'breaker', endpoint: undefined, route, change }),
      });
    this.#own = rule?.per === 'service' ? create(rule, undefined) : undefined;
    this.#routes = (rule?.routes ?? []).map(({ name, match, ...options }) => ({
      name,
      match: compileMatch(match),
      breaker: create({ ...options, per: 'service' }, name),
    }));
  }

  /** Undefined: none judges it. */
  breakerFor(request: RequestView, connection: ConnectionView): CircuitBreaker | undefined {
    for (const { match, breaker } of this.#routes)
      if (match.connection?.(connection) !== false && match.request?.(request) !== false) return breaker;
    return this.#own;
  }

  /** That of a route, or of what goes by none. */
  twinOf(route: string | undefined): CircuitBreaker | undefined {
    return route === undefined ? this.#own : this.#routes.find(({ name }) => name === route)?.breaker;
  }

  /** All of them, or that of a route. */
  named(route: string | undefined): CircuitBreaker[] {
    const own = route === undefined && this.#own !== undefined ? [this.#own] : [];
    return [
      ...own,
      ...this.#routes.flatMap(({ name, breaker }) => (route === undefined || name === route ? [breaker] : [])),
    ];
  }

  views(nowMs: number): (BreakerView & { readonly route: string | undefined })[] {
    const own = this.#own === undefined ? [] : [{ ...this.#own.view(nowMs), route: undefined }];
    return [...own, ...this.#routes.map(({ name, breaker }) => ({ ...breaker.view(nowMs), route: name }))];
  }
}
