import type { Xxh64 } from '../xxh64.ts';
import { type Candidate, MAX_CANDIDATES, weightOf } from './candidate.ts';
import { GOLDEN_STEP, mix32 } from './mix32.ts';

/** Points for each unit of weight, as in ketama and nginx: with n points a share is off by about 1/√n, here 8 %. */
export const POINTS_PER_WEIGHT = 160;

/**
 * Beyond this many points (819 units of weight) everyone gets half of them, a quarter, and so on, at least one each. Building that many
 * takes some tens of milliseconds, at the next pick after a change of members or weights.
 */
export const MAX_POINTS = 131_072;

/**
 * The consistent-hash ring: each endpoint owns points on a circle of 2^32 places, and a key belongs to the next point at or after it.
 *
 *         a b    a  c    b
 *     0 ──┴─┴────┴──┴────┴──▶ 2^32, then around
 *            ▲ key: a           without a: c; keys of b and c stay
 *
 * How many points an endpoint has, and where, depends on nothing but its own id and weight, so a member that leaves or comes moves only
 * the keys that it owns. (Crossing MAX_POINTS halves everyone's, and then other keys move as well.) It is the same ring in every
 * process and whatever the order of the candidates.
 */
export class HashRing {
  readonly #places: Uint32Array;
  readonly #owners: Uint16Array;

  constructor(candidates: readonly Candidate[], hash: Xxh64) {
    const points = sortedPoints(candidates, hash);
    const ranked = byId(candidates);
    this.#places = new Uint32Array(points.length);
    this.#owners = new Uint16Array(points.length);
    for (let i = 0; i < points.length; i++) {
      const point = points[i] ?? 0;
      this.#places[i] = Math.floor(point / MAX_CANDIDATES);
      this.#owners[i] = ranked[point % MAX_CANDIDATES] ?? 0;
    }
  }

  /** How many points there are. */
  get size(): number {
    return this.#places.length;
  }

  /** The number of the first point at or after a place. */
  pointAt(place: number): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#places[middle] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low === this.#places.length ? 0 : low;
  }

  /** The position, in the list that the ring was made of, of the candidate that owns a point. */
  ownerOf(point: number): number {
    return this.#owners[point] ?? 0;
  }
}

/** Each point as one number, place × 2^16 + rank of its owner: numbers sort fast, and equal places have one order everywhere. */
function sortedPoints(candidates: readonly Candidate[], hash: Xxh64): Float64Array {
  const perWeight = pointsPerWeight(candidates);
  const counts = candidates.map((candidate) => pointsOf(candidate, perWeight));
  const points = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let filled = 0;
  byId(candidates).forEach((position, rank) => {
    const { high, low } = hash.ofText(candidates[position]?.id ?? '');
    const count = counts[position] ?? 0;
    for (let i = 0; i < count; i++) points[filled++] = placeOf(high, low, i) * MAX_CANDIDATES + rank;
  });
  return points.sort();
}

/** The i-th point of an id, of whose hash the halves are given: hashing the id again for each point would take most of the time. */
function placeOf(high: number, low: number, i: number): number {
  return mix32(mix32(low + Math.imul(i, GOLDEN_STEP)) ^ high);
}

function pointsPerWeight(candidates: readonly Candidate[]): number {
  const weight = candidates.reduce((sum, candidate) => sum + weightOf(candidate), 0);
  let perWeight = POINTS_PER_WEIGHT;
  while (weight * perWeight > MAX_POINTS) perWeight /= 2;
  return perWeight;
}

function pointsOf(candidate: Candidate, perWeight: number): number {
  const weight = weightOf(candidate);
  return weight === 0 ? 0 : Math.max(1, Math.floor(weight * perWeight));
}

/** Positions in the order of ids. */
function byId(candidates: readonly Candidate[]): number[] {
  const idAt = (position: number): string => candidates[position]?.id ?? '';
  return [...candidates.keys()].sort((a, b) => (idAt(a) < idAt(b) ? -1 : Number(idAt(a) > idAt(b))));
}
