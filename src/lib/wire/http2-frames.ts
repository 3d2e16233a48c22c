import { uint31At, type Http2Frame } from './http2-frame-parsing.ts';
import { FRAME_HEADER_BYTES } from './http2-numbers.ts';

/** The codec of HTTP/2 frames (RFC 9113): the reader is here, and what else its users need is at hand beside it. */
export {
  CONNECTION_PREFACE,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  HTTP2_ERROR,
  lookupHttp2ErrorName,
  SETTING,
  type Http2ErrorName,
} from './http2-numbers.ts';
export {
  dataOf,
  errorCodeOf,
  headerBlockOf,
  parseGoaway,
  parseSettings,
  windowIncrementOf,
  type Goaway,
  type Http2Frame,
} from './http2-frame-parsing.ts';
export {
  encodeDataFrames,
  encodeFrame,
  encodeGoaway,
  encodeHeaderFrames,
  encodeRstStream,
  encodeSettings,
  encodeWindowUpdate,
  withStreamId,
} from './http2-frame-writing.ts';

/** Why frames cannot be told apart any more. */
export type FrameProblem = 'frame-too-large';

const TOO_LARGE = -1;

/**
 * Cuts a stream of bytes into frames. A frame that came in one chunk is a part of that chunk; one that was split over chunks is put
 * together in a Buffer of its own, each byte copied once.
 *
 *     chunks   │ frame │ frame │ fra│me │ frame │ hea│der, payload │
 *     frames   └───────┘───────┘ └─copied┘──────┘ └──copied────────┘
 *
 * `maxFrameBytes` is the SETTINGS_MAX_FRAME_SIZE that the sender keeps to, which counts payload only. It bounds what is allocated for a
 * frame of which no more than the header has come. After a longer frame the reader is dead: each further push gives the problem again.
 */
export class Http2FrameReader {
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #maxFrameBytes: number;
  /** The frame that is not whole yet: `#header` as long as that is not, then room for all of it. */
  #partial = this.#header;
  #filled = 0;
  #isDead = false;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Holds for the frames whose header is not read yet; may be called from within `onFrame`. */
  setMaxFrameBytes(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Calls `onFrame` for each frame that is whole now. A frame is good until the chunk is written over. */
  push(chunk: Buffer, onFrame: (frame: Http2Frame) => void): FrameProblem | undefined {
    let at = this.#filled === 0 ? 0 : this.#resume(chunk, onFrame);
    while (!this.#isDead && chunk.length - at >= FRAME_HEADER_BYTES) {
      const frameBytes = this.#frameBytes(chunk, at);
      const end = at + frameBytes;
      if (frameBytes === TOO_LARGE || end > chunk.length) break;
      onFrame(frameOf(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end)));
      at = end;
    }
    if (this.#isDead) return 'frame-too-large';
    if (at < chunk.length) this.#keep(chunk, at);
    return undefined;
  }

  /** The bytes that came since the last whole frame, and forgets them; undefined when there are none. */
  takePartial(): Buffer | undefined {
    if (this.#filled === 0) return undefined;
    const taken = Buffer.from(this.#partial.subarray(0, this.#filled));
    this.#forget();
    return taken;
  }

  /** The length of the frame whose header is at `at`, or TOO_LARGE, and then the reader is dead. */
  #frameBytes(bytes: Buffer, at: number): number {
    const payloadBytes = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    if (payloadBytes <= this.#maxFrameBytes) return FRAME_HEADER_BYTES + payloadBytes;
    this.#isDead = true;
    return TOO_LARGE;
  }

  #keep(chunk: Buffer, at: number): void {
    const isHeaderWhole = chunk.length - at >= FRAME_HEADER_BYTES;
    this.#partial = isHeaderWhole ? Buffer.allocUnsafe(this.#frameBytes(chunk, at)) : this.#header;
    this.#filled = chunk.copy(this.#partial, 0, at);
  }

  /** Goes on with the frame that is not whole yet; the offset in the chunk after what was taken for it. */
  #resume(chunk: Buffer, onFrame: (frame: Http2Frame) => void): number {
    let at = this.#fill(chunk, 0);
    if (this.#partial === this.#header && this.#filled === FRAME_HEADER_BYTES) {
      const frameBytes = this.#frameBytes(this.#header, 0);
      if (frameBytes === TOO_LARGE) return at;
      this.#partial = Buffer.allocUnsafe(frameBytes);
      this.#header.copy(this.#partial);
      at = this.#fill(chunk, at);
    }
    if (this.#filled < this.#partial.length) return at;
    const whole = this.#partial;
    this.#forget();
    onFrame(frameOf(whole));
    return at;
  }

  #fill(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#partial, this.#filled, at);
    this.#filled += copied;
    return at + copied;
  }

  #forget(): void {
    this.#partial = this.#header;
    this.#filled = 0;
  }
}

function frameOf(bytes: Buffer): Http2Frame {
  return { type: bytes[3] ?? 0, flags: bytes[4] ?? 0, streamId: uint31At(bytes, 5), bytes };
}
