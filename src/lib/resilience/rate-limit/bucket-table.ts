import type { ExactRate } from './exact-rate.ts';

/** No slot: the key would get a fresh, full bucket. */
export const NO_SLOT = -1;
/**
 * Buckets looked at, from the one charged longest ago, when room is needed. Whatever was not charged for one refill time is full, so the
 * first is nearly always the one; the bound keeps the price of a flood of new keys constant.
 */
const MAX_LOOKS = 16;
/** A longer key gets no bucket of its own: keys may be header values, and the table's memory must be bounded by more than their number. */
export const MAX_KEY_CHARS = 256;

/**
 * Token buckets by key, in arrays of fixed size. A bucket is what is missing from it (its debt, in units) and when that was true; debt 0 is a
 * full bucket, which is as good as none. So a full bucket can be given away without anybody gaining, and one that is not full never is.
 *
 *     newest ── slot ── slot ── slot ── oldest        by last charge
 *                                 <──── looked at when room is needed: the first full one is given away
 *     overflow                                        one bucket for all keys that found no room
 */
export class BucketTable {
  readonly overflowSlot: number;
  evictedCount = 0;
  readonly #exact: ExactRate;
  readonly #slots = new Map<string, number>();
  readonly #keys: (string | undefined)[] = [];
  readonly #debtUnits: Float64Array;
  readonly #stampUs: Float64Array;
  /** The ring of slots: the entry after the last one stands for both ends. */
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  readonly #end: number;

  constructor(maxKeys: number, exact: ExactRate) {
    this.#exact = exact;
    this.overflowSlot = maxKeys;
    this.#end = maxKeys;
    this.#debtUnits = new Float64Array(maxKeys + 1);
    this.#stampUs = new Float64Array(maxKeys + 1);
    this.#newer = new Int32Array(maxKeys + 1).fill(maxKeys);
    this.#older = new Int32Array(maxKeys + 1).fill(maxKeys);
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Where the key's debt is now: its own slot, the overflow slot, or NO_SLOT when it would get a bucket of its own. Changes nothing. */
  lookup(key: string, nowUs: number): number {
    const slot = this.#slots.get(key);
    if (slot !== undefined) return slot;
    if (key.length > MAX_KEY_CHARS) return this.overflowSlot;
    if (this.#slots.size < this.#end || this.#oldestFull(nowUs) !== NO_SLOT) return NO_SLOT;
    return this.overflowSlot;
  }

  /** What is missing from the bucket at `nowUs`, in units. */
  debtUnits(slot: number, nowUs: number): number {
    if (slot === NO_SLOT) return 0;
    const debt = this.#debtUnits[slot] ?? 0;
    // Exact: a product beyond 2^53 may round, but never to below any debt.
    const refilled = (nowUs - (this.#stampUs[slot] ?? 0)) * this.#exact.unitsPerUs;
    return refilled >= debt ? 0 : debt - refilled;
  }

  /** Charges what `lookup` said: `slot` for `key`, giving a new key the room that it found. */
  charge(key: string, slot: number, costUnits: number, nowUs: number): void {
    const at = slot === NO_SLOT ? this.#makeRoom(key, nowUs) : slot;
    const debt = this.debtUnits(at, nowUs) + costUnits;
    this.#debtUnits[at] = Math.min(debt, this.#exact.capacityUnits);
    this.#stampUs[at] = nowUs;
    if (at !== this.overflowSlot) this.#renew(at);
  }

  /** What the slot says needs no wiping: it is unused, or was found full. */
  #makeRoom(key: string, nowUs: number): number {
    const slot = this.#slots.size < this.#end ? this.#slots.size : this.#giveAway(nowUs);
    if (slot === this.overflowSlot) return slot;
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    return slot;
  }

  #giveAway(nowUs: number): number {
    const slot = this.#oldestFull(nowUs);
    if (slot === NO_SLOT) return this.overflowSlot;
    this.evictedCount++;
    this.#slots.delete(this.#keys[slot] ?? '');
    return slot;
  }

  #oldestFull(nowUs: number): number {
    let slot = this.#newer[this.#end] ?? this.#end;
    for (let looks = 0; looks < MAX_LOOKS && slot !== this.#end; looks++) {
      if (this.debtUnits(slot, nowUs) === 0) return slot;
      slot = this.#newer[slot] ?? this.#end;
    }
    return NO_SLOT;
  }

  /** Puts a slot at the newest end of the ring, from wherever it was. */
  #renew(slot: number): void {
    const newer = this.#newer;
    const older = this.#older;
    const end = this.#end;
    const newest = older[end] ?? end;
    if (newest === slot) return;
    this.#unlink(slot);
    older[slot] = newest;
    newer[slot] = end;
    newer[newest] = slot;
    older[end] = slot;
  }

  #unlink(slot: number): void {
    const newer = this.#newer;
    const older = this.#older;
    const after = newer[slot] ?? this.#end;
    const before = older[slot] ?? this.#end;
    // A slot used for the first time has both ends as neighbours, but is not theirs.
    if (newer[before] === slot) newer[before] = after;
    if (older[after] === slot) older[after] = before;
  }
}
