import { Xxh64 } from '../xxh64.ts';
import { type Candidate, weightOf } from './candidate.ts';
import { DECISION } from './decision.ts';
import { HashRing } from './hash-ring.ts';
import { LeastRequest } from './least-request.ts';
import type { PassedOver, Strategy } from './strategy.ts';
import type { Survey } from './survey.ts';

const TWO_TO_32 = 0x1_0000_0000;

/**
 * `consistent_hash`: requests of one key go to one endpoint (see hash-ring.ts); those of an endpoint that cannot be taken go to the next
 * one on the ring and come back with it. Requests without a key go where `least_request` would send them.
 *
 * In slow start an endpoint takes the keys whose second hash lies below its share of the weight: each key moves over once, some sooner,
 * some later, and none goes back and forth.
 */
export class ConsistentHash implements Strategy {
  decision: number = DECISION.undecided;
  readonly #hash = new Xxh64();
  readonly #unkeyed: LeastRequest;
  #ring: HashRing | undefined;
  #ringVersion = -1;
  #hadKey = false;

  constructor(unkeyed = new LeastRequest()) {
    this.#unkeyed = unkeyed;
  }

  pick(survey: Survey, candidates: readonly Candidate[], key: string | undefined): number {
    this.#hadKey = key !== undefined;
    if (key !== undefined) return this.#walk(this.#currentRing(survey, candidates), survey, candidates, key);
    this.decision = DECISION.noKey;
    return this.#unkeyed.pick(survey, candidates);
  }

  passedOver(survey: Survey, candidates: readonly Candidate[], position: number): PassedOver {
    return this.#hadKey ? 'other_key' : this.#unkeyed.passedOver(survey, candidates, position);
  }

  copy(): ConsistentHash {
    const twin = new ConsistentHash(this.#unkeyed.copy());
    twin.#ring = this.#ring;
    twin.#ringVersion = this.#ringVersion;
    return twin;
  }

  /** Ends at the latest at the endpoint with the largest share, which takes every key; at most once around. */
  #walk(ring: HashRing, survey: Survey, candidates: readonly Candidate[], key: string): number {
    const hash = this.#hash.ofText(key);
    const threshold = survey.isWarming ? (hash.low / TWO_TO_32) * largestShare(survey, candidates) : 0;
    const first = ring.pointAt(hash.high);
    for (let step = 0, point = first; step < ring.size; step++) {
      const owner = ring.ownerOf(point);
      if (shareOf(survey, candidates, owner) > threshold) {
        this.decision = owner === ring.ownerOf(first) ? DECISION.keyOwner : DECISION.keyNext;
        return owner;
      }
      point = point + 1 === ring.size ? 0 : point + 1;
    }
    return -1;
  }

  #currentRing(survey: Survey, candidates: readonly Candidate[]): HashRing {
    if (this.#ring !== undefined && this.#ringVersion === survey.version) return this.#ring;
    this.#ring = new HashRing(candidates, this.#hash);
    this.#ringVersion = survey.version;
    return this.#ring;
  }
}

/** How much of its weight an endpoint has now: above 0 when it may be taken, more the warmer it is. */
function shareOf(survey: Survey, candidates: readonly Candidate[], position: number): number {
  const weight = survey.weights[position] ?? 0;
  const candidate = candidates[position];
  return weight > 0 && candidate !== undefined ? weight / weightOf(candidate) : 0;
}

function largestShare(survey: Survey, candidates: readonly Candidate[]): number {
  let largest = 0;
  for (let i = 0; i < survey.size; i++) {
    const share = shareOf(survey, candidates, i);
    if (share > largest) largest = share;
  }
  return largest;
}
