import type { Candidate } from './candidate.ts';
import { DECISION } from './decision.ts';
import { Turns } from './smooth-round-robin.ts';
import type { PassedOver, Strategy } from './strategy.ts';
import type { Survey } from './survey.ts';

/**
 * `least_request`: the one with the fewest requests in flight for its weight; by turns where several are least busy.
 *
 * One is out when another would, even after taking the request, be no busier than it is already:
 *
 *     inFlight(a) / weight(a)  >=  (inFlight(b) + 1) / weight(b)      for any b      (compared by cross-multiplication, exact)
 *
 * Equal weights: those with the fewest stay in. Idle: all stay in, so weights of 1 and 2 give one and two picks of three, which a
 * comparison of (inFlight + 1) / weight would not: it always prefers the larger. An idle one is never out, so that one in slow start
 * is not starved. Among those that stay in, turns go by weight: nobody is preferred for standing first in the list.
 */
export class LeastRequest implements Strategy {
  decision: number = DECISION.undecided;
  readonly #turns: Turns;
  /** By position: the weight of those that stay in, else 0. */
  #staying = new Float64Array(0);

  constructor(turns = new Turns()) {
    this.#turns = turns;
  }

  pick(survey: Survey, candidates: readonly Candidate[]): number {
    const best = leastAfterOneMore(survey, candidates);
    const total = this.#keepLeast(survey, candidates, best);
    return this.#turns.next(survey, candidates, this.#staying, total);
  }

  passedOver(_survey: Survey, _candidates: readonly Candidate[], position: number): PassedOver {
    return (this.#staying[position] ?? 0) > 0 ? 'later' : 'busier';
  }

  copy(): LeastRequest {
    return new LeastRequest(this.#turns.copy());
  }

  /** Fills `#staying`; the sum of the weights in it. */
  #keepLeast(survey: Survey, candidates: readonly Candidate[], best: number): number {
    if (this.#staying.length < survey.weights.length) this.#staying = new Float64Array(survey.weights.length);
    const staying = this.#staying;
    const weights = survey.weights;
    const bestLoad = (candidates[best]?.inFlight ?? 0) + 1;
    const bestWeight = weights[best] ?? 0;
    let total = 0;
    let count = 0;
    for (let i = 0; i < survey.size; i++) {
      const weight = weights[i] ?? 0;
      const stays = weight > 0 && (candidates[i]?.inFlight ?? 0) * bestWeight < bestLoad * weight;
      staying[i] = stays ? weight : 0;
      if (!stays) continue;
      total += weight;
      count++;
    }
    this.decision = count === 1 ? DECISION.leastBusy : DECISION.leastBusyTurn;
    return total;
  }
}

/** The position of the one that would be least busy for its weight if it took the request. */
function leastAfterOneMore(survey: Survey, candidates: readonly Candidate[]): number {
  const { weights } = survey;
  let best = -1;
  let bestLoad = 0;
  let bestWeight = 0;
  for (let i = 0; i < survey.size; i++) {
    const weight = weights[i] ?? 0;
    if (weight <= 0) continue;
    const load = (candidates[i]?.inFlight ?? 0) + 1;
    if (best !== -1 && load * bestWeight >= bestLoad * weight) continue;
    best = i;
    bestLoad = load;
    bestWeight = weight;
  }
  return best;
}
