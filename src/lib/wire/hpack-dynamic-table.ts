import { fieldBytes, type HeaderField } from './hpack-field.ts';

/** Room for entries at first; it doubles as they come, up to what the table's size allows (each entry counts 32 bytes or more). */
const FIRST_CAPACITY = 32;

/**
 * The table of fields that a peer has sent lately (RFC 7541 section 2.3.2), the newest known as 1. It is a ring: entries are numbered
 * in the order of their coming, and an entry stands at its number modulo the capacity, which is a power of two.
 *
 *     #ring    │ 8 │ 9 │   │   │ 4 │ 5 │ 6 │ 7 │      oldest 4, added 10; entry 9 is known as 1, entry 4 as 6
 */
export class HpackDynamicTable {
  readonly #onEvict: ((field: HeaderField, number: number) => void) | undefined;
  #ring: (HeaderField | undefined)[] = new Array<undefined>(FIRST_CAPACITY).fill(undefined);
  #oldest = 0;
  #added = 0;
  #bytes = 0;
  #maxBytes: number;

  /** `onEvict` is told of each entry that leaves, with its number. */
  constructor(maxBytes: number, onEvict?: (field: HeaderField, number: number) => void) {
    this.#maxBytes = maxBytes;
    this.#onEvict = onEvict;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** How many entries have been added so far; the next one gets this number. */
  get added(): number {
    return this.#added;
  }

  /** The entry known as `index`, 1 for the newest; undefined when there is none. */
  lookup(index: number): HeaderField | undefined {
    const number = this.#added - index;
    return index < 1 || number < this.#oldest ? undefined : this.#ring[number & (this.#ring.length - 1)];
  }

  /** Evicts what must leave and adds the field; one that is larger than the table only empties it (RFC 7541 section 4.4). */
  add(field: HeaderField): void {
    const bytes = fieldBytes(field);
    this.#evictTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return;
    if (this.#added - this.#oldest === this.#ring.length) this.#grow();
    this.#ring[this.#added & (this.#ring.length - 1)] = field;
    this.#added++;
    this.#bytes += bytes;
  }

  /** Evicts what does not fit any more (RFC 7541 section 4.3). */
  setMaxBytes(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  clear(): void {
    this.#evictTo(0);
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes && this.#oldest < this.#added) {
      const place = this.#oldest & (this.#ring.length - 1);
      const field = this.#ring[place];
      this.#ring[place] = undefined;
      if (field !== undefined) {
        this.#bytes -= fieldBytes(field);
        this.#onEvict?.(field, this.#oldest);
      }
      this.#oldest++;
    }
  }

  #grow(): void {
    const ring = new Array<HeaderField | undefined>(this.#ring.length * 2).fill(undefined);
    for (let number = this.#oldest; number < this.#added; number++) {
      ring[number & (ring.length - 1)] = this.#ring[number & (this.#ring.length - 1)];
    }
    this.#ring = ring;
  }
}
