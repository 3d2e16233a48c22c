import type { BodyFraming } from '../../../wire/http1-body.ts';

/** The longest body that is kept to be sent again; most that services are sent are shorter, and each request under way may keep so much. */
export const MAX_REPEATED_BODY_BYTES = 65_536;

/** What of a request has gone to the service, kept as long as all of it can be sent again. */
export class SentRequest {
  /** Whether its body is known to be short enough to be kept. */
  readonly isShort: boolean;
  /** Mostly all. */
  #first: Buffer | undefined;
  #others: Buffer[] | undefined;
  /** Below 0: too much has gone. */
  #leftBytes: number;

  /** A body known to be too long is not kept at all: then only a request of which no more than the head has gone can be sent again. */
  constructor(headBytes: number, framing: BodyFraming) {
    this.isShort = framing.body === 'none' || (framing.body === 'length' && framing.bytes <= MAX_REPEATED_BODY_BYTES);
    this.#leftBytes = headBytes + (this.isShort || framing.body === 'chunked' ? MAX_REPEATED_BODY_BYTES : 0);
  }

  /** Whether all that has gone can be sent again. */
  get isWhole(): boolean {
    return this.#leftBytes >= 0;
  }

  /** All that has gone; undefined when that was too much. */
  get pieces(): readonly Buffer[] | undefined {
    if (!this.isWhole) return undefined;
    return this.#first === undefined ? [] : [this.#first, ...(this.#others ?? [])];
  }

  push(bytes: Buffer): void {
    if (this.#leftBytes < 0) return;
    this.#leftBytes -= bytes.length;
    if (this.#leftBytes < 0) this.#first = this.#others = undefined;
    else if (this.#first === undefined) this.#first = bytes;
    else (this.#others ??= []).push(bytes);
  }
}
