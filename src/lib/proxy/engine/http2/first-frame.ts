import { FRAME } from '../../../wire/http2-frames.ts';

/** Where a frame says its type; the bytes before that are its length. */
export const TYPE_AT = 3;

const EMPTY = Buffer.alloc(0);

/** Whether a service speaks HTTP/2: then its settings come first (RFC 9113 section 3.4). */
export class FirstFrame {
  #kept: Buffer = EMPTY;
  #speaks: boolean | undefined;

  /** Known once `push` has given something back. */
  get speaksHttp2(): boolean {
    return this.#speaks === true;
  }

  /** Gives back what there is to read; undefined while that is too little to tell. */
  push(chunk: Buffer): Buffer | undefined {
    if (this.#speaks !== undefined) return chunk;
    const bytes = Buffer.concat([this.#kept, chunk]);
    if (bytes.length <= TYPE_AT) {
      this.#kept = bytes;
      return undefined;
    }
    this.#kept = EMPTY;
    this.#speaks = bytes[TYPE_AT] === FRAME.SETTINGS;
    return bytes;
  }
}
