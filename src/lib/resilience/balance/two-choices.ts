import type { Candidate } from './candidate.ts';
import { DECISION } from './decision.ts';
import { type Draws, DRAW_RANGE } from './draws.ts';
import type { PassedOver, Strategy } from './strategy.ts';
import type { Survey } from './survey.ts';

/**
 * `random_two`: two are drawn by weight, the less busy one of them is taken, the first one when neither is (Mitzenmacher, "The power of
 * two choices in randomized load balancing", 2001). Many balancers that do not know of each other do not rush to the same endpoint, as
 * they would with the least busy of all. The second replaces the first only if it would be no busier even after taking the request, so
 * idle endpoints get exactly their weight's share.
 *
 * What the next pick needs is drawn ahead: an explanation can tell what comes next without using up chance.
 */
export class TwoChoices implements Strategy {
  decision: number = DECISION.undecided;
  readonly #draws: Draws;
  #nextFirst: number;
  #nextSecond: number;
  #drawn = -1;
  #otherDrawn = -1;

  constructor(draws: Draws, first = draws.next(), second = draws.next()) {
    this.#draws = draws;
    this.#nextFirst = first;
    this.#nextSecond = second;
  }

  pick(survey: Survey, candidates: readonly Candidate[]): number {
    const first = draw(survey, this.#nextFirst, -1);
    const second = survey.takable > 1 ? draw(survey, this.#nextSecond, first) : first;
    this.#nextFirst = this.#draws.next();
    this.#nextSecond = this.#draws.next();
    const isSecond = second !== first && isLessBusy(survey, candidates, second, first);
    this.decision = isSecond ? DECISION.secondDrawn : DECISION.firstDrawn;
    this.#drawn = first;
    this.#otherDrawn = second;
    return isSecond ? second : first;
  }

  passedOver(_survey: Survey, _candidates: readonly Candidate[], position: number): PassedOver {
    if (position === this.#drawn) return 'busier';
    return position === this.#otherDrawn ? 'later' : 'not_drawn';
  }

  copy(): TwoChoices {
    return new TwoChoices(NO_MORE, this.#nextFirst, this.#nextSecond);
  }
}

/** For copies, which pick once. */
const NO_MORE: Draws = { next: () => 0 };

/** A position by weight, never that of `without`. */
function draw(survey: Survey, drawn: number, without: number): number {
  const { weights } = survey;
  let left = (drawn / DRAW_RANGE) * (survey.total - (weights[without] ?? 0));
  let last = -1;
  for (let i = 0; i < survey.size; i++) {
    const weight = weights[i] ?? 0;
    if (weight <= 0 || i === without) continue;
    last = i;
    left -= weight;
    if (left < 0) return i;
  }
  return last;
}

function isLessBusy(survey: Survey, candidates: readonly Candidate[], a: number, b: number): boolean {
  const loadA = candidates[a]?.inFlight ?? 0;
  const loadB = candidates[b]?.inFlight ?? 0;
  return (loadA + 1) * (survey.weights[b] ?? 0) <= loadB * (survey.weights[a] ?? 0);
}
