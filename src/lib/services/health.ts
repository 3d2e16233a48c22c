/** `unknown`: not judged yet, which counts as healthy. */
export type Health = 'healthy' | 'unhealthy' | 'unknown';

export interface HealthThresholds {
  /** Good results in a row that make an unhealthy endpoint healthy; the very first check of all decides alone. */
  readonly rise: number;
  /** Bad results in a row that make an endpoint unhealthy, also one that was never judged. */
  readonly fall: number;
}

/**
 * Turns results of checks into health, with thresholds against flapping (HAProxy's `rise` and `fall`).
 *
 *                 good (first check, or unknown)
 *     unknown ───────────────────────────────────▶ healthy
 *        │                                          │  ▲
 *        │ fall × bad                    fall × bad │  │ rise × good
 *        ▼                                          ▼  │
 *     unhealthy ◀───────────────────────────────  unhealthy
 */
export class HealthStreak {
  readonly #thresholds: HealthThresholds;
  #hasResults = false;
  #isGood = true;
  #length = 0;

  constructor(thresholds: HealthThresholds) {
    this.#thresholds = thresholds;
  }

  /** How many results in a row were like the last one. */
  get length(): number {
    return this.#length;
  }

  /** What the health is to be after this result; undefined when it stays `current`. */
  take(isGood: boolean, current: Health): 'healthy' | 'unhealthy' | undefined {
    const isFirst = !this.#hasResults;
    this.#hasResults = true;
    this.#length = isFirst || isGood !== this.#isGood ? 1 : this.#length + 1;
    this.#isGood = isGood;
    if (isGood) return current !== 'healthy' && this.#length >= this.#rise(isFirst, current) ? 'healthy' : undefined;
    return current !== 'unhealthy' && this.#length >= this.#thresholds.fall ? 'unhealthy' : undefined;
  }

  #rise(isFirst: boolean, current: Health): number {
    return isFirst || current === 'unknown' ? 1 : this.#thresholds.rise;
  }
}
