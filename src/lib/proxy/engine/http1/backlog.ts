/** Bytes that a client has sent ahead of their turn; the client is not read while as much as this waits. */
export const MAX_BACKLOG_BYTES = 65_536;

/** Bytes in order of arrival. */
export class Backlog {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= MAX_BACKLOG_BYTES;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** Puts back what was not used of the chunk shifted last. */
  unshift(chunk: Buffer): void {
    this.#chunks.unshift(chunk);
    this.#bytes += chunk.length;
  }

  shift(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    this.#bytes -= chunk?.length ?? 0;
    return chunk;
  }
}
