import { AppError } from '../../errors/app-error.ts';
import { type BalanceRequest, type Candidate, MAX_CANDIDATES, weightOf } from './candidate.ts';
import { DECISION } from './decision.ts';
import { THOUSANDTHS, type SlowStart } from './slow-start.ts';

/** Room for this many at first; it doubles. */
const FIRST_ROOM = 8;

export interface SurveyRules {
  /** Below this share of healthy ones, health is ignored. */
  readonly panicPercent: number;
  readonly slowStart: SlowStart;
}

/**
 * One look over the candidates: who may be taken now, with what weight. All kinds of balancing share it, so that draining, health,
 * panic, exclusion and slow start mean the same in each.
 */
export class Survey {
  /** By position: the effective weight in thousandths (see slow-start.ts) of each one that may be taken, else 0. */
  weights = new Float64Array(FIRST_ROOM);
  /** Candidates looked at. */
  size = 0;
  /** How many may be taken, and the sum of their effective weights. */
  takable = 0;
  total = 0;
  /** Endpoints of weight above 0, and how many of them are healthy. */
  weighted = 0;
  healthy = 0;
  isPanic = false;
  /** Whether slow start holds back the weight of some that may be taken. */
  isWarming = false;
  /** Raised whenever the records, their order or their configured weights are no longer those of the look before. */
  version = 0;
  readonly #rules: SurveyRules;
  #members: Candidate[] = [];
  #configured = new Uint16Array(FIRST_ROOM);
  #latestMs = Number.NEGATIVE_INFINITY;

  constructor(rules: SurveyRules) {
    this.#rules = rules;
  }

  /** Looks; the request's time going backwards counts as standing still. */
  take(candidates: readonly Candidate[], { nowMs, excluded }: BalanceRequest): void {
    if (nowMs > this.#latestMs) this.#latestMs = nowMs;
    const others = excluded === undefined || excluded.length === 0 ? undefined : excluded;
    if (!this.#look(candidates, others)) {
      this.#follow(candidates);
      this.#look(candidates, others);
    }
    this.isPanic = this.healthy * 100 < this.#rules.panicPercent * this.weighted;
    if (this.isPanic) this.#ignoreHealth(candidates, others);
  }

  /** Why there is nobody to take; only meant when `takable` is 0. */
  get refusal(): number {
    if (this.size === 0) return DECISION.empty;
    if (this.weighted === 0) return DECISION.drained;
    return this.healthy === 0 && !this.isPanic ? DECISION.unhealthy : DECISION.excluded;
  }

  weightAt(candidate: Candidate): number {
    // Those that take part in a panic are needed whole, whenever they became healthy.
    return this.isPanic ? weightOf(candidate) * THOUSANDTHS : this.#rules.slowStart.weightAt(candidate, this.#latestMs);
  }

  copy(): Survey {
    const twin = new Survey(this.#rules);
    twin.#latestMs = this.#latestMs;
    twin.version = this.version;
    twin.size = this.size;
    twin.weights = this.weights.slice();
    twin.#members = [...this.#members];
    twin.#configured = this.#configured.slice();
    return twin;
  }

  /** Counts and weighs in one go, as if there were no panic; false when the candidates are not those of the look before. */
  #look(candidates: readonly Candidate[], excluded: readonly Candidate[] | undefined): boolean {
    if (candidates.length !== this.size) return false;
    const { slowStart } = this.#rules;
    const nowMs = this.#latestMs;
    const members = this.#members;
    const configured = this.#configured;
    const weights = this.weights;
    let weighted = 0;
    let healthy = 0;
    let takable = 0;
    let total = 0;
    let full = 0;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i];
      if (candidate === undefined || candidate !== members[i]) return false;
      const plain = weightOf(candidate);
      if (plain !== configured[i]) return false;
      let weight = 0;
      if (plain > 0) {
        weighted++;
        if (candidate.isHealthy) {
          healthy++;
          if (excluded?.includes(candidate) !== true) weight = slowStart.weightAt(candidate, nowMs);
        }
      }
      weights[i] = weight;
      if (weight === 0) continue;
      takable++;
      total += weight;
      full += plain;
    }
    this.isWarming = total < full * THOUSANDTHS;
    this.weighted = weighted;
    this.healthy = healthy;
    this.takable = takable;
    this.total = total;
    return true;
  }

  #follow(candidates: readonly Candidate[]): void {
    if (candidates.length > MAX_CANDIDATES) throw tooMany(candidates.length);
    if (candidates.length > this.weights.length) {
      const room = Math.max(candidates.length, 2 * this.weights.length);
      this.weights = new Float64Array(room);
      this.#configured = new Uint16Array(room);
    }
    this.#members = [...candidates];
    candidates.forEach((candidate, i) => (this.#configured[i] = weightOf(candidate)));
    this.size = candidates.length;
    this.version++;
  }

  #ignoreHealth(candidates: readonly Candidate[], excluded: readonly Candidate[] | undefined): void {
    let takable = 0;
    let total = 0;
    this.isWarming = false;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i];
      const isOut = candidate === undefined || excluded?.includes(candidate) === true;
      const weight = isOut ? 0 : this.weightAt(candidate);
      this.weights[i] = weight;
      if (weight > 0) takable++;
      total += weight;
    }
    this.takable = takable;
    this.total = total;
  }
}

function tooMany(count: number): AppError {
  return new AppError('usage', `there are ${count} endpoints to balance over: ${MAX_CANDIDATES} at most`, {
    hint: 'put them into several services',
  });
}
