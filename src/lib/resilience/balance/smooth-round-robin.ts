import type { Candidate } from './candidate.ts';
import { DECISION } from './decision.ts';
import type { Strategy } from './strategy.ts';
import type { Survey } from './survey.ts';

/** Credits closer than this are equal: they are sums of fractions, whose rounding must not decide whose turn it is. */
const EQUAL_CREDIT = 1e-9;

/**
 * Turns by weight, spread evenly (the smooth weighted round robin of nginx): each pick gives everyone its share as credit, takes the
 * one with the most, and charges it one pick.
 *
 *     weights 5 : 1 : 1     a a b a c a a      and not      a a a a a b c
 *
 * Credit is counted in picks, not in weight as nginx does: so it means the same after weights, health or membership changed, and
 * nobody is owed a thousand picks by a weight that is gone. Credit of those that take no part stands still.
 */
export class Turns {
  #credits = new Float64Array(0);
  #ids: string[] = [];
  #version = -1;

  /** The position whose turn it is among those with a weight above 0 (there must be one); charges it. */
  next(survey: Survey, candidates: readonly Candidate[], weights: Float64Array, total: number): number {
    if (this.#version !== survey.version) this.#follow(survey, candidates);
    const credits = this.#credits;
    const perWeight = 1 / total;
    let best = -1;
    let bestCredit = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < credits.length; i++) {
      const weight = weights[i] ?? 0;
      if (weight <= 0) continue;
      const credit = (credits[i] ?? 0) + weight * perWeight;
      credits[i] = credit;
      if (credit <= bestCredit + EQUAL_CREDIT) continue;
      best = i;
      bestCredit = credit;
    }
    if (best !== -1) credits[best] = bestCredit - 1;
    return best;
  }

  copy(): Turns {
    const twin = new Turns();
    twin.#credits = this.#credits.slice();
    twin.#ids = [...this.#ids];
    twin.#version = this.#version;
    return twin;
  }

  /**
   * Keeps the credit of those that stay. A newcomer starts with 0, about what the others have on average: no burst, and no wait. (What a
   * leaver takes along shifts that average by less than a pick, and the next one to leave shifts it back.)
   */
  #follow(survey: Survey, candidates: readonly Candidate[]): void {
    const before = new Map(this.#ids.map((id, i) => [id, this.#credits[i] ?? 0]));
    this.#credits = Float64Array.from(candidates, ({ id }) => before.get(id) ?? 0);
    this.#ids = candidates.map(({ id }) => id);
    this.#version = survey.version;
  }
}

/** `round_robin`: everyone in turn, by weight. */
export class RoundRobin implements Strategy {
  readonly decision = DECISION.turn;
  readonly #turns: Turns;

  constructor(turns = new Turns()) {
    this.#turns = turns;
  }

  pick(survey: Survey, candidates: readonly Candidate[]): number {
    return this.#turns.next(survey, candidates, survey.weights, survey.total);
  }

  passedOver(): 'later' {
    return 'later';
  }

  copy(): RoundRobin {
    return new RoundRobin(this.#turns.copy());
  }
}
