import type { Dice } from '../filter.ts';

/** Probabilities of the chain, each for one packet. */
export interface LossSpec {
  /** From the good state to the bad one. */
  readonly toBad: number;
  /** And back. */
  readonly toGood: number;
  /** The share of time spent in the bad state; a stream begins there as often. */
  readonly badShare: number;
  readonly lossInGood: number;
  readonly lossInBad: number;
}

/**
 * Loss in two states (Gilbert 1960, "Capacity of a burst-noise channel"; Elliott 1963, "Estimates of error rates for codes on burst-noise
 * channels"): before each packet the chain moves, then the packet is lost as the state has it.
 *
 *              toBad ──▶
 *       good               bad        in the long run the share  toBad / (toBad + toGood)  of packets meets the bad state;
 *              ◀── toGood             a stay there lasts  1 / toGood  packets on average
 */
export class LossChain {
  readonly #spec: LossSpec;
  /** Undefined before the first packet. */
  #isBad: boolean | undefined;

  constructor(spec: LossSpec, carried: unknown) {
    this.#spec = spec;
    this.#isBad = typeof carried === 'boolean' ? carried : undefined;
  }

  /** Whether the next packet is lost. */
  next(dice: Dice): boolean {
    const { lossInGood, lossInBad } = this.#spec;
    this.#isBad = dice.fraction('state') < this.#badChance();
    return dice.fraction('loss') < (this.#isBad ? lossInBad : lossInGood);
  }

  carry(): unknown {
    return this.#isBad;
  }

  #badChance(): number {
    const { toBad, toGood, badShare } = this.#spec;
    if (this.#isBad === undefined) return badShare;
    return this.#isBad ? 1 - toGood : toBad;
  }
}

/**
 * The chain in which every packet of the bad state is lost and no other, made from the share that is lost and the correlation c of neighbours.
 * With toBad = (1−c)·loss and toGood = (1−c)·(1−loss) the share of the bad state is toBad / (toBad + toGood) = loss, and the correlation of
 * two neighbours is 1 − toBad − toGood = c. Bursts of losses are 1 / toGood packets long on average.
 */
export function correlatedLoss(lossRatio: number, correlation: number): LossSpec {
  return {
    toBad: (1 - correlation) * lossRatio,
    toGood: (1 - correlation) * (1 - lossRatio),
    badShare: lossRatio,
    lossInGood: 0,
    lossInBad: 1,
  };
}

/** The chain with all its probabilities given. One that never moves stays good. */
export function gilbertElliott(toBad: number, toGood: number, lossInGood: number, lossInBad: number): LossSpec {
  const badShare = toBad + toGood === 0 ? 0 : toBad / (toBad + toGood);
  return { toBad, toGood, badShare, lossInGood, lossInBad };
}
