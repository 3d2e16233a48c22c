import type { Dice } from '../filter.ts';

export interface Flipped {
  /** A copy; the bytes themselves when none was chosen. */
  readonly bytes: Buffer;
  readonly changed: number;
}

const TWO_TO_32 = 0x1_0000_0000;

/**
 * Flips one bit in each byte that chance chooses, with this probability for each. From one chosen byte to the next it skips a number that has
 * the geometric distribution, ⌊ln(1−u) / ln(1−ratio)⌋ (Devroye 1986, "Non-Uniform Random Variate Generation", X.2): what costs is the bytes
 * that are changed, not those that are passed over.
 */
export function flipBits(bytes: Buffer, ratio: number, dice: Dice): Flipped {
  const fractions = createFractions(dice.fraction('flip') * TWO_TO_32);
  const perSkip = 1 / Math.log1p(-ratio);
  const skip = (): number => (ratio >= 1 ? 0 : Math.floor(Math.log1p(-fractions()) * perSkip));
  let at = ratio > 0 ? skip() : bytes.length;
  if (at >= bytes.length) return { bytes, changed: 0 };
  const copy = Buffer.from(bytes);
  let changed = 0;
  for (; at < copy.length; at += 1 + skip()) {
    copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(fractions() * 8));
    changed++;
  }
  return { bytes: copy, changed };
}

/** Fractions in [0, 1) that follow from a seed: a Weyl sequence through the finaliser of MurmurHash3. */
function createFractions(seed: number): () => number {
  let state = Math.trunc(seed) | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / TWO_TO_32;
  };
}
