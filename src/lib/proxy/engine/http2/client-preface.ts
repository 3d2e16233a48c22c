import { CONNECTION_PREFACE } from '../../../wire/http2-frames.ts';

/** The bytes that a client's HTTP/2 connection begins with (RFC 9113 section 3.4), as they come. */
export class ClientPreface {
  #left: Buffer | undefined = CONNECTION_PREFACE;

  /** What is behind the preface, undefined when nothing is; `bad` when it is not one. `onPart` is given each part of it. */
  skip(chunk: Buffer, onPart?: (part: Buffer) => void): Buffer | 'bad' | undefined {
    const left = this.#left;
    if (left === undefined) return chunk;
    const taken = Math.min(left.length, chunk.length);
    if (left.compare(chunk, 0, taken, 0, taken) !== 0) return 'bad';
    onPart?.(chunk.subarray(0, taken));
    this.#left = taken < left.length ? left.subarray(taken) : undefined;
    return chunk.length > taken ? chunk.subarray(taken) : undefined;
  }
}
