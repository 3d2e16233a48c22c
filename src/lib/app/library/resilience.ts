/** `faultline/resilience`: what a Node service may import of the room of that name, and how it is put before undici and grpc-js. */
export { AppError } from '../../errors/app-error.ts';
export {
  type Balancer,
  type BalancerKind,
  type BalancerOptions,
  type BalanceRequest,
  type Candidate,
  type Chance,
  type ExplainedCandidate,
  type Explanation,
  type PanicChange,
  type Verdict,
  BALANCER_KINDS,
  createBalancer,
  DECISION,
  decisionName,
  Lease,
  MAX_CANDIDATES,
  MAX_WEIGHT,
  PANIC,
  startRequest,
} from '../../resilience/balance.ts';
export {
  type BreakerChange,
  type BreakerCounts,
  type BreakerForce,
  type BreakerReason,
  type BreakerState,
  type BreakerView,
  type CircuitBreakerOptions,
  type Outcome,
  CircuitBreaker,
  FAILURE,
  IGNORED,
  REJECTED_FORCED,
  REJECTED_OPEN,
  REJECTED_TRIALS,
  SUCCESS,
} from '../../resilience/breaker.ts';
export type { BreakerOptions, BreakerWindow } from '../../resilience/breaker-options.ts';
export {
  type BreakerClock,
  type ExecuteOptions,
  BreakerOpenError,
  executeThrough,
} from '../../resilience/breaker-policy.ts';
export {
  type RateLimitCounts,
  type RateLimitOptions,
  type RateQuota,
  checkAll,
  MAX_TRUSTED_HOPS,
  RateLimit,
  sourceKey,
  UNKNOWN_SOURCE,
} from '../../resilience/rate-limit.ts';
export { rateLimitPolicyText, rateLimitText, retryAfterText } from '../../resilience/rate-limit-fields.ts';
export {
  type CacheableResponse,
  type CacheRequest,
  type ExchangeTimes,
  type FallbackCause,
  type FallbackResponse,
  type Ground,
  type HeaderPair,
  type Refusal,
  type ResponseCacheCounts,
  type ResponseCacheOptions,
  type StoreOutcome,
  ResponseCache,
} from '../../resilience/response-cache.ts';
export {
  type BudgetChange,
  type BudgetView,
  type MayRetryOptions,
  type RetryBudgetOptions,
  mayRetry,
  RetryBudget,
} from '../../resilience/retry-budget.ts';
export { realClock } from '../../runtime/clock.ts';
export {
  type GrpcAuthContext,
  type GrpcBreakerOptions,
  type GrpcCall,
  type GrpcInterceptor,
  type GrpcListener,
  type GrpcModule,
  type GrpcStatus,
  grpcBreaker,
} from './grpc-breaker.ts';
export {
  type UndiciBreakerOptions,
  type UndiciController,
  type UndiciDispatch,
  type UndiciHandler,
  type UndiciHeaders,
  type UndiciInterceptor,
  undiciBreaker,
} from './undici-breaker.ts';
