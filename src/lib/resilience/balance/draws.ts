import { GOLDEN_STEP, mix32 } from './mix32.ts';

/** Fractions in [0, 1), each independent of the others. */
export type Chance = () => number;

/** Draws are whole numbers below this. Such small ones are returned from any call without allocating, which fractions are not. */
export const DRAW_RANGE = 0x8000_0000;

/** A source of whole numbers from 0 to DRAW_RANGE - 1, each as likely as any other. */
export interface Draws {
  next(): number;
}

/** Draws that follow from the seed alone: a mixed counter. Good enough to spread requests; not for secrets. */
export class SeededDraws implements Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  next(): number {
    this.#state = (this.#state + GOLDEN_STEP) | 0;
    return mix32(this.#state) >>> 1;
  }
}

/** Draws from someone else's fractions. */
export class ChanceDraws implements Draws {
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  next(): number {
    return Math.floor(this.#chance() * DRAW_RANGE);
  }
}
