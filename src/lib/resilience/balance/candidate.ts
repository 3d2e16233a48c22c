/** The largest weight; 1000 steps are fine enough for a canary, and products with request counts stay exact in a double. */
export const MAX_WEIGHT = 1000;

/** Endpoints that one balancer looks at: owners of ring points are kept as 16-bit numbers. */
export const MAX_CANDIDATES = 65_536;

/**
 * One endpoint as a balancer sees it. The record belongs to whoever keeps the table of endpoints and may change between any two picks;
 * balancers only read it, and `startRequest` alone raises `inFlight`.
 */
export interface Candidate {
  /** Unique among the candidates of one balancer; state is kept by it when a record is replaced. */
  readonly id: string;
  /** Whole number, 0 to 1000: the share of traffic beside the others. 0 drains: nothing new is sent there. */
  weight: number;
  isHealthy: boolean;
  /** Requests (or connections) begun and not yet ended. */
  inFlight: number;
  /** Monotonic milliseconds at which it became healthy, for slow start; -Infinity when it always was. */
  healthySinceMs: number;
}

/** What a decision depends on besides the candidates. */
export interface BalanceRequest {
  /** Requests of one key stay together under `consistent_hash`; undefined: the request has none. The other kinds ignore it. */
  readonly key: string | undefined;
  /** Monotonic milliseconds, fractions allowed; when it goes backwards no time has passed. */
  readonly nowMs: number;
  /** Records that are not to be taken, such as those that a retry has tried; a handful at most. */
  readonly excluded: readonly Candidate[] | undefined;
}

/** The configured weight as a whole number from 0 to 1000, whatever the record holds. */
export function weightOf(candidate: Candidate): number {
  const weight = candidate.weight | 0;
  if (weight <= 0) return 0;
  return weight < MAX_WEIGHT ? weight : MAX_WEIGHT;
}
