import type { BalancerKind } from './kind.ts';
import type { PassedOver } from './strategy.ts';

/** What becomes of a candidate: the next pick, or why it is not. */
export type Verdict = 'next' | 'drained' | 'unhealthy' | 'excluded' | PassedOver;

/** How a balancer sees one candidate. */
export interface ExplainedCandidate {
  readonly id: string;
  /** As configured, 0 to 1000. */
  readonly weight: number;
  /** As it counts now: in slow start a part of the weight, such as 0.1 of a weight of 1. */
  readonly effectiveWeight: number;
  readonly inFlight: number;
  readonly isHealthy: boolean;
  readonly verdict: Verdict;
}

/** What a balancer would do with a request now, and why: plain data, safe to keep and to print as JSON. */
export interface Explanation {
  readonly kind: BalancerKind;
  /** The id of the endpoint that would be picked; undefined when none can be. */
  readonly next: string | undefined;
  /** The decision in words, such as `turn`, `least_busy`, `key_next` or `drained`. */
  readonly reason: string;
  /** Health is ignored, because fewer than `panicPercent` of those with weight are healthy. */
  readonly isPanic: boolean;
  /** Endpoints of weight above 0, and the healthy ones of them. */
  readonly weighted: number;
  readonly healthy: number;
  readonly candidates: readonly ExplainedCandidate[];
}
