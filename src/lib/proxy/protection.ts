import type { BalancerKind, BalancerOptions, Candidate, PanicChange } from '../resilience/balance.ts';
import type { BreakerOptions } from '../resilience/breaker-options.ts';
import type { BreakerChange, BreakerView } from '../resilience/breaker.ts';
import type { RateLimitCounts, RateLimitOptions } from '../resilience/rate-limit.ts';
import type { FallbackCause, ResponseCacheCounts, ResponseCacheOptions } from '../resilience/response-cache.ts';
import type { RetryBudgetOptions } from '../resilience/retry-budget.ts';
import type { Upstream } from './addresses.ts';
import type { Match } from './scope.ts';

/** An endpoint that requests can be sent to. Whoever keeps the table of endpoints changes its fields; `startRequest` alone counts requests in. */
export interface Destination extends Candidate, Upstream {
  /** Hears how each request to it has ended; undefined: nobody wants to know. */
  readonly traffic?: TrafficRecorder | undefined;
}

/** Counts requests that have ended. `cancelled`: by the one who asked, which tells nothing of the endpoint. */
export interface TrafficRecorder {
  /** Ended ones, however they ended. */
  readonly requests: number;
  readonly failures: number;
  readonly cancelled: number;
  record(outcome: 'ok' | 'failed' | 'cancelled', tookMs: number): void;
}

/** The table of a service's endpoints as it is now; another list whenever members come or go. */
export type Destinations = () => readonly Destination[];

/** What a request is told apart by. */
export type KeyedBy =
  | { readonly by: 'route' }
  /** The client, behind so many proxies of one's own. */
  | { readonly by: 'source'; readonly trustedHops: number }
  | { readonly by: 'header'; readonly header: string };

export interface LimitRule extends RateLimitOptions {
  /** In headers, events and metrics; unique on its service. */
  readonly name: string;
  readonly key: KeyedBy;
  /** Whom it counts; undefined: every request. */
  readonly match: Match | undefined;
}

/** A breaker of its own for those requests that fit. */
export interface RouteBreakerRule extends BreakerOptions {
  /** In events and for orders; unique on its service. */
  readonly name: string;
  readonly match: Match;
}

export interface BreakerRule extends BreakerOptions {
  /** Those of routes: a request goes by the first that it fits, and by the service's when it fits none. */
  readonly routes?: readonly RouteBreakerRule[] | undefined;
  /** One for the service, or one for each endpoint: then an endpoint whose breaker is open gets no request as long as others do. */
  readonly per: 'service' | 'endpoint';
}

export interface BalanceRule extends BalancerOptions {
  readonly kind: BalancerKind;
  /** What stays together under `consistent_hash`; undefined: the client's address. */
  readonly key: KeyedBy | undefined;
}

export interface RetryRule {
  /** Tries at most, the first one included. */
  readonly attempts: number;
  /** Answers that are tried again on another endpoint, beside connections that fail. */
  readonly statuses: readonly number[];
  /** Methods that may be sent twice although they are not idempotent. */
  readonly alsoMethods: readonly string[];
  readonly budget: RetryBudgetOptions;
  /** How long a try may take to begin its answer before another is made in its place; undefined: as long as the whole may. */
  readonly tryTimeoutMs?: number | undefined;
}

export interface FallbackRule {
  /** The last good responses; undefined: none are kept. */
  readonly cache: ResponseCacheOptions | undefined;
  /** An answer for those requests that the cache has none for. */
  readonly fixed: FixedAnswer | undefined;
  /** When it is given. */
  readonly on: readonly FallbackCause[];
  /** Whom it is for; undefined: every request. */
  readonly match: Match | undefined;
}

export interface FixedAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** What protects a service and chooses among its endpoints; what is undefined is not done. */
export interface ProtectionOptions {
  readonly limits: readonly LimitRule[];
  readonly breaker: BreakerRule | undefined;
  readonly balance: BalanceRule | undefined;
  readonly retries: RetryRule | undefined;
  readonly fallback: FallbackRule | undefined;
  /** From the request's head until the answer's; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
}

export const UNPROTECTED: ProtectionOptions = {
  limits: [],
  breaker: undefined,
  balance: undefined,
  retries: undefined,
  fallback: undefined,
  timeoutMs: undefined,
};

/** What happens to the protection of a service. */
export type ProtectionChange =
  | {
      readonly type: 'breaker';
      readonly endpoint: string | undefined;
      readonly route?: string | undefined;
      readonly change: BreakerChange;
    }
  | { readonly type: 'panic'; readonly change: PanicChange; readonly thresholdPercent: number }
  /** A limit begins to refuse, or has refused nobody for a while. */
  | { readonly type: 'limit'; readonly limit: string; readonly refuses: boolean; readonly counts: RateLimitCounts };

/** What the protection of a service is like at a moment, as plain data. */
export interface ProtectionView {
  /** How endpoints are chosen. */
  readonly balance: BalancerKind;
  readonly breakers: readonly (BreakerView & {
    readonly endpoint: string | undefined;
    readonly route: string | undefined;
  })[];
  readonly limits: readonly (RateLimitCounts & { readonly name: string; readonly shadow: boolean })[];
  readonly retries: number;
  /** Answers given in the place of the service. */
  readonly fallbacks: number;
  /** Those of them that were kept from a good response. */
  readonly fallbacksFromCache: number;
  readonly cache: ResponseCacheCounts | undefined;
}

/** What a person wants of the breakers of a service. */
export interface BreakerOrder {
  readonly to: 'open' | 'closed' | 'reset';
  /** That of one endpoint; undefined, and no route either: all breakers of the service. */
  readonly endpoint: string | undefined;
  readonly route?: string | undefined;
}

/** A request that does not go on: the client is told this. */
export interface Turned {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
  readonly marker: 'rate-limited' | 'breaker-open' | 'no-endpoint';
}
