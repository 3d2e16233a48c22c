/** Longer texts are hashed by their beginning of this many UTF-16 units: a key from a request must not buy work without end. */
export const MAX_HASHED_UNITS = 4096;

/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;
const ENCODER = new TextEncoder();

/** A 64-bit number as two halves, changed in place: BigInt would allocate at each step. */
class Word {
  high = 0;
  low = 0;

  set(high: number, low: number): this {
    this.high = high >>> 0;
    this.low = low >>> 0;
    return this;
  }

  add(high: number, low: number): this {
    const sum = this.low + low;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
    this.low = sum >>> 0;
    return this;
  }

  xor(high: number, low: number): this {
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
    return this;
  }

  rotateLeft(bits: number): this {
    const high = this.high;
    const low = this.low;
    if (bits < 32) return this.set((high << bits) | (low >>> (32 - bits)), (low << bits) | (high >>> (32 - bits)));
    return this.set((low << (bits - 32)) | (high >>> (64 - bits)), (high << (bits - 32)) | (low >>> (64 - bits)));
  }

  /** The number xor itself shifted right by 1 to 31 bits. */
  foldDown(bits: number): this {
    const { high, low } = this;
    return this.xor(high >>> bits, (low >>> bits) | (high << (32 - bits)));
  }

  /** Modulo 2^64. The product of the low halves is put together from 16-bit parts, each step exact in a double. */
  multiply(high: number, low: number): this {
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const middle = a0 * b1 + a1 * b0 + ((a0 * b0) >>> 16);
    const carried = a1 * b1 + Math.floor(middle / 0x1_0000);
    this.high = (carried + Math.imul(this.high, low) + Math.imul(this.low, high)) >>> 0;
    this.low = Math.imul(this.low, low) >>> 0;
    return this;
  }
}

/**
 * XXH64, the hash that Envoy's ring uses too (specification: github.com/Cyan4973/xxHash, doc/xxhash_spec.md). One object is reused for
 * hash after hash without allocating; the result stands in `high` and `low`, 32 bits each, until the next one.
 */
export class Xxh64 {
  high = 0;
  low = 0;
  readonly #hash = new Word();
  readonly #lane = new Word();
  readonly #lanes = [new Word(), new Word(), new Word(), new Word()] as const;
  readonly #text = new Uint8Array(MAX_HASHED_UNITS * BYTES_PER_UNIT);

  /** Hashes the UTF-8 bytes of a text; `seed` is a whole number from 0 to 2^32 - 1. */
  ofText(text: string, seed = 0): this {
    return this.ofBytes(this.#text, seed, this.#encode(text));
  }

  /** Hashes the first `length` bytes. */
  ofBytes(bytes: Uint8Array, seed = 0, length = bytes.length): this {
    const hash = this.#hash;
    let at = 0;
    if (length >= 32) at = this.#stripes(bytes, seed, length);
    else hash.set(0, seed).add(0x27d4eb2f, 0x165667c5);
    hash.add(0, length);
    this.#tail(bytes, at, length);
    hash.xor(0, hash.high >>> 1).multiply(0xc2b2ae3d, 0x27d4eb4f);
    hash.foldDown(29).multiply(0x165667b1, 0x9e3779f9).xor(0, hash.high);
    this.high = hash.high;
    this.low = hash.low;
    return this;
  }

  /** Eight hexadecimal digits of each half. */
  toString(): string {
    return this.high.toString(16).padStart(8, '0') + this.low.toString(16).padStart(8, '0');
  }

  /** The length in bytes. Keys are nearly always ASCII, which needs no call into the encoder and none of its result objects. */
  #encode(text: string): number {
    const units = Math.min(text.length, MAX_HASHED_UNITS);
    for (let i = 0; i < units; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return ENCODER.encodeInto(text.slice(0, MAX_HASHED_UNITS), this.#text).written;
      this.#text[i] = unit;
    }
    return units;
  }

  /** All whole stripes of 32 bytes, four lanes side by side; where they end. */
  #stripes(bytes: Uint8Array, seed: number, length: number): number {
    const [first, second, third, fourth] = this.#lanes;
    first.set(0, seed).add(0x9e3779b1, 0x85ebca87).add(0xc2b2ae3d, 0x27d4eb4f);
    second.set(0, seed).add(0xc2b2ae3d, 0x27d4eb4f);
    third.set(0, seed);
    // Minus the first prime, as its two's complement.
    fourth.set(0, seed).add(0x61c8864e, 0x7a143579);
    let at = 0;
    for (; at + 32 <= length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        const word = this.#lanes[lane];
        if (word !== undefined) round(word, at32(bytes, at + 8 * lane + 4), at32(bytes, at + 8 * lane));
      }
    }
    this.#merge();
    return at;
  }

  #merge(): void {
    const hash = this.#hash.set(0, 0);
    const lane = this.#lane;
    for (let i = 0; i < 4; i++) {
      const word = this.#lanes[i];
      if (word === undefined) continue;
      lane.set(word.high, word.low).rotateLeft([1, 7, 12, 18][i] ?? 0);
      hash.add(lane.high, lane.low);
    }
    for (const word of this.#lanes) {
      round(lane.set(0, 0), word.high, word.low);
      hash.xor(lane.high, lane.low).multiply(0x9e3779b1, 0x85ebca87).add(0x85ebca77, 0xc2b2ae63);
    }
  }

  #tail(bytes: Uint8Array, from: number, length: number): void {
    const hash = this.#hash;
    const lane = this.#lane;
    let at = from;
    for (; at + 8 <= length; at += 8) {
      round(lane.set(0, 0), at32(bytes, at + 4), at32(bytes, at));
      hash.xor(lane.high, lane.low).rotateLeft(27).multiply(0x9e3779b1, 0x85ebca87).add(0x85ebca77, 0xc2b2ae63);
    }
    if (at + 4 <= length) {
      lane.set(0, at32(bytes, at)).multiply(0x9e3779b1, 0x85ebca87);
      hash.xor(lane.high, lane.low).rotateLeft(23).multiply(0xc2b2ae3d, 0x27d4eb4f).add(0x165667b1, 0x9e3779f9);
      at += 4;
    }
    for (; at < length; at++) {
      lane.set(0, bytes[at] ?? 0).multiply(0x27d4eb2f, 0x165667c5);
      hash.xor(lane.high, lane.low).rotateLeft(11).multiply(0x9e3779b1, 0x85ebca87);
    }
  }
}

function round(lane: Word, high: number, low: number): void {
  INPUT.set(high, low).multiply(0xc2b2ae3d, 0x27d4eb4f);
  lane.add(INPUT.high, INPUT.low).rotateLeft(31).multiply(0x9e3779b1, 0x85ebca87);
}

const INPUT = new Word();

/** Little-endian. */
function at32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return (low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}
