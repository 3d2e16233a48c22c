import { hashFraction } from '../runtime/chance.ts';
import type { Dice } from './filter.ts';

/** What a throw of the dice belongs to: one sight of one key by one fault. */
export interface Throw {
  readonly seed: number;
  readonly fault: string;
  readonly key: string;
  /** How often the fault had seen the key before. */
  readonly index: number;
}

/** Fractions that are a hash of (seed, fault, key, index, salt): the order of the throws and everything else cannot change them. */
export function createDice({ seed, fault, key, index }: Throw): Dice {
  return { fraction: (salt) => hashFraction(seed, fault, key, index, salt) };
}

/** The dice of one chunk after another of a connection: those of the connection, salted with direction and number of the chunk. */
export class ChunkDice implements Dice {
  readonly #connection: Dice;
  readonly #direction: string;
  #ordinal = -1;

  constructor(connection: Dice, direction: string) {
    this.#connection = connection;
    this.#direction = direction;
  }

  /** The same object, now for the next chunk. */
  next(): this {
    this.#ordinal++;
    return this;
  }

  fraction(salt: string): number {
    return this.#connection.fraction(`${this.#direction}${this.#ordinal}/${salt}`);
  }
}

const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_53 = 0x20_0000_0000_0000;
/** 53 bits are 21 above 32. */
const HIGH_MASK = 0x1f_ffff;

/**
 * A digest of decisions that does not depend on their order: the sum of the 53-bit hashes of (key, index, hit), kept as two lanes
 * that each wrap around.
 */
export class DecisionDigest {
  #high = 0;
  #low = 0;

  add(key: string, index: number, hit: boolean): void {
    const hash = hashFraction(key, index, hit ? 1 : 0) * TWO_TO_53;
    this.#low = (this.#low + (hash % TWO_TO_32)) >>> 0;
    this.#high = (this.#high + Math.floor(hash / TWO_TO_32)) & HIGH_MASK;
  }

  /** 14 hexadecimal digits. */
  toString(): string {
    return this.#high.toString(16).padStart(6, '0') + this.#low.toString(16).padStart(8, '0');
  }
}
