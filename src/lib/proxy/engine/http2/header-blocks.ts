import { FLAG, FRAME, type Http2Frame } from '../../../wire/http2-frames.ts';

/** The longest header block over all its frames. */
const MAX_BLOCK_BYTES = 262_144;

/** A header block put together from its frames. */
export interface HeaderBlock {
  readonly streamId: number;
  readonly block: Buffer;
  readonly isEnd: boolean;
}

/** Puts header blocks together: a HEADERS frame and its CONTINUATIONs, which nothing may interrupt (RFC 9113 section 4.3). */
export class HeaderBlocks {
  #streamId = 0;
  #isEnd = false;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** Whether the frame may come now. */
  allows({ type, streamId }: Http2Frame): boolean {
    if (this.#parts.length === 0) return type !== FRAME.CONTINUATION;
    return type === FRAME.CONTINUATION && streamId === this.#streamId;
  }

  /** Undefined when the block is too long. */
  push({ type, flags, streamId }: Http2Frame, part: Buffer): HeaderBlock | 'more' | undefined {
    const isWhole = (flags & FLAG.END_HEADERS) !== 0;
    if (type === FRAME.HEADERS) {
      this.#streamId = streamId;
      this.#isEnd = (flags & FLAG.END_STREAM) !== 0;
      if (isWhole) return { streamId, block: part, isEnd: this.#isEnd };
    }
    this.#bytes += part.length;
    if (this.#bytes > MAX_BLOCK_BYTES || streamId === 0) return undefined;
    this.#parts.push(Buffer.from(part));
    if (!isWhole) return 'more';
    const block = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    return { streamId, block, isEnd: this.#isEnd };
  }
}
