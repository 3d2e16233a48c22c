import { tell } from '../options/tell.ts';
import { type BalanceRequest, type Candidate, weightOf } from './candidate.ts';
import { DECISION, decisionName, PANIC } from './decision.ts';
import type { Explanation, ExplainedCandidate, Verdict } from './explanation.ts';
import type { BalancerKind } from './kind.ts';
import { THOUSANDTHS } from './slow-start.ts';
import type { Strategy } from './strategy.ts';
import type { Survey } from './survey.ts';

/** Panic began or ended: what the balancer saw at the pick that found it. */
export interface PanicChange {
  readonly from: 'normal' | 'panic';
  readonly to: 'normal' | 'panic';
  /** Endpoints of weight above 0, and the healthy ones of them. */
  readonly weighted: number;
  readonly healthy: number;
  readonly nowMs: number;
}

export interface Parts {
  readonly kind: BalancerKind;
  readonly survey: Survey;
  readonly strategy: Strategy;
  readonly onChange: ((change: PanicChange) => void) | undefined;
}

/** A balancer of any kind: the survey says who may be taken, the strategy who is. */
export class SurveyedBalancer {
  readonly kind: BalancerKind;
  lastDecision: number = DECISION.undecided;
  readonly #survey: Survey;
  readonly #strategy: Strategy;
  readonly #onChange: ((change: PanicChange) => void) | undefined;
  #wasPanic = false;

  constructor({ kind, survey, strategy, onChange }: Parts) {
    this.kind = kind;
    this.#survey = survey;
    this.#strategy = strategy;
    this.#onChange = onChange;
  }

  pick(candidates: readonly Candidate[], request: BalanceRequest): Candidate | undefined {
    const survey = this.#survey;
    survey.take(candidates, request);
    const picked = survey.takable === 0 ? undefined : this.#choose(candidates, request);
    if (picked === undefined) this.lastDecision = survey.refusal;
    else this.lastDecision = this.#strategy.decision + (survey.isPanic ? PANIC : 0);
    if (survey.isPanic !== this.#wasPanic) this.#turnPanic(survey, request.nowMs);
    return picked;
  }

  /** Asks a copy, which goes on as this one would: whatever it learns on the way is thrown away with it. */
  explain(candidates: readonly Candidate[], request: BalanceRequest): Explanation {
    const survey = this.#survey.copy();
    const strategy = this.#strategy.copy();
    const twin = new SurveyedBalancer({ kind: this.kind, survey, strategy, onChange: undefined });
    const next = twin.pick(candidates, request);
    return {
      kind: this.kind,
      next: next?.id,
      reason: decisionName(twin.lastDecision & ~PANIC),
      isPanic: survey.isPanic,
      weighted: survey.weighted,
      healthy: survey.healthy,
      candidates: candidates.map((candidate, position) => twin.#explainOne(candidates, position, candidate, next)),
    };
  }

  #choose(candidates: readonly Candidate[], request: BalanceRequest): Candidate | undefined {
    return candidates[this.#strategy.pick(this.#survey, candidates, request.key)];
  }

  #turnPanic({ isPanic, weighted, healthy }: Survey, nowMs: number): void {
    this.#wasPanic = isPanic;
    const [from, to] = isPanic ? (['normal', 'panic'] as const) : (['panic', 'normal'] as const);
    tell(this.#onChange, { from, to, weighted, healthy, nowMs });
  }

  #explainOne(
    candidates: readonly Candidate[],
    position: number,
    candidate: Candidate,
    next: Candidate | undefined,
  ): ExplainedCandidate {
    return {
      id: candidate.id,
      weight: weightOf(candidate),
      effectiveWeight: this.#survey.weightAt(candidate) / THOUSANDTHS,
      inFlight: candidate.inFlight,
      isHealthy: candidate.isHealthy,
      verdict: candidate === next ? 'next' : this.#verdict(candidates, position, candidate),
    };
  }

  #verdict(candidates: readonly Candidate[], position: number, candidate: Candidate): Verdict {
    const isTakable = (this.#survey.weights[position] ?? 0) > 0;
    if (isTakable) return this.#strategy.passedOver(this.#survey, candidates, position);
    if (weightOf(candidate) === 0) return 'drained';
    return candidate.isHealthy || this.#survey.isPanic ? 'excluded' : 'unhealthy';
  }
}
