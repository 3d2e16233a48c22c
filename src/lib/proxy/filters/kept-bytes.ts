/** From this many used places on the front of the list is cut off. */
const COMPACT_AT = 1024;
const NOTHING = Buffer.alloc(0);

/** Bytes that a machine keeps for later, in order and never copied. Back-pressure bounds them: their number is told to the engine. */
export class KeptBytes {
  #chunks: Buffer[] = [];
  #first = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next bytes, at most so many (one or more); fewer where a chunk ends. Empty when there are none. */
  take(limitBytes: number): Buffer {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined) return NOTHING;
    const piece = limitBytes >= chunk.length ? chunk : chunk.subarray(0, limitBytes);
    this.#bytes -= piece.length;
    if (piece.length < chunk.length) this.#chunks[this.#first] = chunk.subarray(limitBytes);
    else this.#advance();
    return piece;
  }

  takeAll(): Buffer[] {
    const all = this.#chunks.slice(this.#first);
    this.#chunks = [];
    this.#first = 0;
    this.#bytes = 0;
    return all;
  }

  #advance(): void {
    this.#chunks[this.#first++] = NOTHING;
    if (this.#first < COMPACT_AT && this.#first < this.#chunks.length) return;
    this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }
}
