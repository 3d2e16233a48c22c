/** One byte that says whether the message is compressed, and its length in 4 bytes, the most significant first. */
const PREFIX_BYTES = 5;

/**
 * Follows the messages in the DATA of one direction of a gRPC call, wherever frames cut them (gRPC's PROTOCOL-HTTP2.md,
 * Length-Prefixed-Message). Nothing is kept but counts.
 *
 *     0 │ 00 00 00 03 │ a b c │ 0 │ 00 00 00 00 │ 1 │ 00 …      flag, length, message; the second one is empty
 *     ^ begun = 1             ^ finished = 1, begun = 2
 *                                               ^ finished = 2, begun = 3
 *
 * A caller loops, and asks before each step whether a message begins there:
 *
 *     for (let at = 0; at < bytes.length; ) {
 *       if (scanner.isAtBoundary) …a message begins at `at`; it will be number scanner.begun, counted from 0
 *       at = scanner.scan(bytes, at);
 *     }
 */
export class GrpcMessageScanner {
  /** How many messages have begun: at least their first byte was scanned. */
  begun = 0;
  /** How many messages were scanned to their last byte. */
  finished = 0;
  /** How much of the prefix was scanned, 0 between messages. */
  #prefixBytes = 0;
  /** How much of the message is to come, as far as the prefix says it; 0 between messages. */
  #leftBytes = 0;

  /** Whether the next byte is the first of a message. */
  get isAtBoundary(): boolean {
    return this.#prefixBytes === 0;
  }

  /**
   * Scans from `at` to the end of the message that is under way, or begins there, and returns the offset after it; `bytes.length` when it
   * goes on. A message without content is a message. The flag and the length are taken as they are.
   */
  scan(bytes: Buffer, at: number): number {
    let from = at;
    if (this.#prefixBytes < PREFIX_BYTES) {
      from = this.#scanPrefix(bytes, at);
      if (this.#prefixBytes < PREFIX_BYTES) return from;
    }
    const end = Math.min(from + this.#leftBytes, bytes.length);
    this.#leftBytes -= end - from;
    if (this.#leftBytes === 0) {
      this.#prefixBytes = 0;
      this.finished++;
    }
    return end;
  }

  #scanPrefix(bytes: Buffer, at: number): number {
    let from = at;
    for (; from < bytes.length && this.#prefixBytes < PREFIX_BYTES; from++, this.#prefixBytes++) {
      if (this.#prefixBytes === 0) this.begun++;
      else this.#leftBytes = this.#leftBytes * 256 + (bytes[from] ?? 0);
    }
    return from;
  }
}
