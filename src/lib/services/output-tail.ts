/** The last part of what a program wrote: enough to see why it ended, bounded whatever it writes. */
export class OutputTail {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #limitBytes: number;

  constructor(limitBytes = 64 * 1024) {
    this.#limitBytes = limitBytes;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    for (
      let first = this.#chunks[0];
      first && this.#bytes - first.length >= this.#limitBytes;
      first = this.#chunks[0]
    ) {
      this.#chunks.shift();
      this.#bytes -= first.length;
    }
  }

  /** The last `lines` lines, at most `limitBytes`. */
  text(lines = 20): string {
    const all = Buffer.concat(this.#chunks).subarray(-this.#limitBytes).toString('utf8');
    return all.trimEnd().split('\n').slice(-lines).join('\n');
  }
}
