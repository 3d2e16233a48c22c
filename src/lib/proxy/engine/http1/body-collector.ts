import type { BodyFraming } from '../../../wire/http1-body.ts';
import { ChunkedReader } from '../../../wire/http1-chunked-reader.ts';
import { MAX_EDITED_BODY_BYTES } from '../message-edits.ts';

/**
 * Keeps a body that is to be changed, as sent and as meant. One that grows too long is given up: then what was kept of it goes on as it was
 * sent.
 */
export class BodyCollector {
  readonly #raw: Buffer[] = [];
  readonly #data: Buffer[] = [];
  readonly #chunked: ChunkedReader | undefined;
  #bytes = 0;
  #left: number;

  constructor(framing: BodyFraming) {
    this.#chunked = framing.body === 'chunked' ? new ChunkedReader() : undefined;
    this.#left = framing.body === 'length' ? framing.bytes : framing.body === 'none' ? 0 : Infinity;
  }

  /** Whether the body is complete; one that ends by the end of the connection never is. */
  get isDone(): boolean {
    return this.#chunked === undefined ? this.#left === 0 : this.#chunked.state === 'done';
  }

  /** Too long, or not what its framing says: it cannot be changed. */
  get isHopeless(): boolean {
    return this.#bytes > MAX_EDITED_BODY_BYTES || this.#chunked?.state === 'bad';
  }

  /** Takes what of [from, …) belongs to the body; gives back the offset behind it. */
  push(bytes: Buffer, from: number): number {
    const end = this.#chunked?.push(bytes, from, (piece) => this.#data.push(piece)) ?? this.#pushPlain(bytes, from);
    this.#raw.push(bytes.subarray(from, end));
    this.#bytes += end - from;
    return end;
  }

  /** The body without its framing. */
  body(): Buffer {
    return Buffer.concat(this.#data);
  }

  /** What was taken, as it was sent. */
  raw(): Buffer {
    return Buffer.concat(this.#raw);
  }

  #pushPlain(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#left);
    this.#left -= end - from;
    this.#data.push(bytes.subarray(from, end));
    return end;
  }
}
