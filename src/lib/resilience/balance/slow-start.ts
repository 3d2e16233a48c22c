import { type Candidate, weightOf } from './candidate.ts';

/**
 * Effective weights are counted in thousandths of a weight, so that a share of a weight of 1 is still a whole number: comparisons by
 * cross-multiplication stay exact (10^6 thousandths times 10^9 requests is below 2^53).
 */
export const THOUSANDTHS = 1000;

/**
 * A weight that grows after an endpoint became healthy, so that cold caches and cold code are not met by full traffic:
 *
 *     weight × max(minPercent, elapsed / slowStartMs)
 *
 *     1 │            ┌───────
 *       │        ／
 *       │    ／            minPercent keeps it from starving: the first requests are what warms it
 *   min │───┘
 *       └───────────┴──────▶ ms since healthy
 *                slowStartMs
 *
 * This is Envoy's slow start with an aggression of 1. Here the weight is taken afresh at each pick: Envoy's scheduler computes a
 * deadline from the weight at the time of queueing, which can leave a new endpoint with nothing for long after its weight has grown.
 */
export class SlowStart {
  readonly #slowStartMs: number;
  readonly #minThousandths: number;

  constructor(slowStartMs: number, minPercent: number) {
    this.#slowStartMs = slowStartMs;
    this.#minThousandths = Math.max(1, Math.round(minPercent * (THOUSANDTHS / 100)));
  }

  /** The weight at this time in thousandths: a whole number, above 0 when the configured weight is. */
  weightAt(candidate: Candidate, nowMs: number): number {
    const share = this.#slowStartMs === 0 ? THOUSANDTHS : this.#share(nowMs - candidate.healthySinceMs);
    return weightOf(candidate) * share;
  }

  #share(elapsedMs: number): number {
    // Also NaN, from a record that does not know, counts as warm.
    if (!(elapsedMs < this.#slowStartMs)) return THOUSANDTHS;
    const share = Math.floor((elapsedMs / this.#slowStartMs) * THOUSANDTHS);
    return share > this.#minThousandths ? share : this.#minThousandths;
  }
}
