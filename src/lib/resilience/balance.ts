import { AppError } from '../errors/app-error.ts';
import { nearest } from '../errors/nearest.ts';
import type { BalanceRequest, Candidate } from './balance/candidate.ts';
import { ConsistentHash } from './balance/consistent-hash.ts';
import { type Chance, ChanceDraws, type Draws, SeededDraws } from './balance/draws.ts';
import type { Explanation } from './balance/explanation.ts';
import { BALANCER_KINDS, type BalancerKind } from './balance/kind.ts';
import { LeastRequest } from './balance/least-request.ts';
import { SlowStart } from './balance/slow-start.ts';
import { RoundRobin } from './balance/smooth-round-robin.ts';
import type { Strategy } from './balance/strategy.ts';
import { Survey } from './balance/survey.ts';
import { type PanicChange, SurveyedBalancer } from './balance/surveyed-balancer.ts';
import { TwoChoices } from './balance/two-choices.ts';
import { numberWithin } from './options/number-within.ts';

export { type BalanceRequest, type Candidate, MAX_CANDIDATES, MAX_WEIGHT } from './balance/candidate.ts';
export { DECISION, decisionName, PANIC } from './balance/decision.ts';
export type { ExplainedCandidate, Explanation, Verdict } from './balance/explanation.ts';
export { BALANCER_KINDS, type BalancerKind } from './balance/kind.ts';
export { Lease, startRequest } from './balance/lease.ts';
export type { PanicChange } from './balance/surveyed-balancer.ts';
export type { Chance } from './balance/draws.ts';

/**
 * Chooses an endpoint for each request. One balancer serves one list of endpoints: hand it the whole list every time, as it is now, and
 * it follows members that come and go and weights and health that change; leave endpoints out by `excluded`, not by a shorter list.
 * No pick waits or allocates, except the first one after members or weights have changed.
 */
export interface Balancer {
  readonly kind: BalancerKind;
  /**
   * The number of the latest pick's reason (see DECISION, with PANIC added when health was ignored), for the attribute of a span;
   * `decisionName` makes words of it.
   */
  readonly lastDecision: number;
  /**
   * The endpoint to use, or undefined when there is none: never one of weight 0, never one in `excluded`, never an unhealthy one unless
   * there is panic. It does not count the request: `startRequest(picked)` does. Throws `AppError('usage')` for more than MAX_CANDIDATES.
   */
  pick(candidates: readonly Candidate[], request: BalanceRequest): Candidate | undefined;
  /** What `pick` would give for the same arguments now, and why; it changes nothing, and is not for hot paths. */
  explain(candidates: readonly Candidate[], request: BalanceRequest): Explanation;
}

export interface BalancerOptions {
  /**
   * When fewer than this share of the endpoints of weight above 0 are healthy, health is ignored (Envoy's panic threshold): the few that
   * are left would only be overrun, and a health check that is wrong must not stop everything. 0 to 100; default 50, as in Envoy; 0: never.
   */
  readonly panicPercent?: number | undefined;
  /** For how long after it became healthy an endpoint's weight grows to its full size. Default 0: at once, for services that start warm. */
  readonly slowStartMs?: number | undefined;
  /** The part of its weight that an endpoint begins its slow start with. 1 to 100; default 10, as in Envoy. */
  readonly slowStartMinPercent?: number | undefined;
  /**
   * Fractions in [0, 1) for `random_two`. Default: a generator with a fixed seed, so that runs repeat; give each process of a fleet
   * its own (`Math.random` will do), or all of them draw alike.
   */
  readonly chance?: Chance | undefined;
  /** Told by the pick that finds panic begun or ended, after the pick is complete; it may use the balancer, and what it throws is dropped. */
  readonly onChange?: ((change: PanicChange) => void) | undefined;
}

/** Below this share of healthy endpoints there is panic, as in Envoy. */
export const DEFAULT_PANIC_PERCENT = 50;

/** The longest slow start: a day; longer is a mistaken unit. */
const MAX_SLOW_START_MS = 86_400_000;

const DEFAULT_SEED = 1;

const STRATEGIES: Readonly<Record<BalancerKind, (draws: Draws) => Strategy>> = {
  round_robin: () => new RoundRobin(),
  least_request: () => new LeastRequest(),
  random_two: (draws) => new TwoChoices(draws),
  consistent_hash: () => new ConsistentHash(),
};

/** A balancer of this kind; throws `AppError('usage')` that names a kind there is not, or the option that is wrong. */
export function createBalancer(kind: BalancerKind, options: BalancerOptions = {}): Balancer {
  if (!BALANCER_KINDS.includes(kind)) throw unknownKind(kind);
  const panicPercent = numberWithin(options.panicPercent, {
    field: 'panicPercent',
    min: 0,
    max: 100,
    fallback: DEFAULT_PANIC_PERCENT,
  });
  const draws = options.chance === undefined ? new SeededDraws(DEFAULT_SEED) : new ChanceDraws(options.chance);
  const strategy = STRATEGIES[kind](draws);
  const survey = new Survey({ panicPercent, slowStart: createSlowStart(options) });
  return new SurveyedBalancer({ kind, survey, strategy, onChange: options.onChange });
}

function createSlowStart(options: BalancerOptions): SlowStart {
  const limits = { field: 'slowStartMs', min: 0, max: MAX_SLOW_START_MS, fallback: 0 };
  const part = { field: 'slowStartMinPercent', min: 1, max: 100, fallback: 10 };
  return new SlowStart(numberWithin(options.slowStartMs, limits), numberWithin(options.slowStartMinPercent, part));
}

function unknownKind(kind: string): AppError {
  const guess = nearest(kind, BALANCER_KINDS);
  return new AppError('usage', `there is no balancer \`${kind}\``, {
    hint: guess === undefined ? `one of ${BALANCER_KINDS.join(', ')}` : `did you mean ${guess}?`,
  });
}
