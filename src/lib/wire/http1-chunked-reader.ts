import { ChunkedScanner } from './http1-chunked.ts';

/** Takes a chunked body (RFC 9112 section 7.1) apart to get at its data; sizes, extensions and trailers are dropped. */
export class ChunkedReader {
  readonly #scanner = new ChunkedScanner();

  /** `bad`: the body cannot be followed any further; the data given until then was right. */
  get state(): 'open' | 'done' | 'bad' {
    return this.#scanner.state;
  }

  /**
   * Reads on from `from`, giving each piece of data as a view of `bytes`. Returns the offset where the body ended or went bad, else
   * `bytes.length`.
   */
  push(bytes: Buffer, from: number, onData: (piece: Buffer) => void): number {
    let at = from;
    while (at < bytes.length && this.state === 'open') {
      const end = this.#scanner.isAtData ? this.#scanner.skipData(bytes, at) : at;
      if (end > at) onData(bytes.subarray(at, end));
      at = end === at ? this.#scanner.scanFraming(bytes, at) : end;
    }
    return at;
  }
}
