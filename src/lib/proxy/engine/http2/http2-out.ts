import type { HeaderField } from '../../../wire/hpack.ts';
import { encodeDataFrames, encodeRstStream } from '../../../wire/http2-frames.ts';
import type { Http2Side } from './http2-side.ts';

/** Something that is sent on one stream. */
export type Http2Item =
  | {
      readonly what: 'headers';
      readonly fields: readonly HeaderField[];
      /** As it came; undefined when the fields were changed, or are our own. */
      readonly block: Buffer | undefined;
      readonly isOwn: boolean;
      readonly isEnd: boolean;
    }
  /** `isOwn`: bytes that the sender was not charged for. */
  | { readonly what: 'data'; readonly bytes: Buffer; readonly isOwn: boolean; readonly isEnd: boolean };

/**
 * One stream towards one peer: in order, and no more than the peer has granted. What the other peer sends keeps within that by itself,
 * since the grants pass through; only what we send beside it may have to wait.
 */
export class Http2Out {
  readonly #side: Http2Side;
  readonly streamId: number;
  readonly #onEnd: () => void;
  #windowBytes: number;
  /** Granted by the peer for bytes of ours, and not to be passed on. */
  #debtBytes = 0;
  #queue: Http2Item[] = [];
  #isOver = false;

  /** `onEnd`: the stream's end has been sent. */
  constructor(side: Http2Side, streamId: number, onEnd: () => void) {
    this.#side = side;
    this.streamId = streamId;
    this.#onEnd = onEnd;
    this.#windowBytes = side.initialWindowBytes;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether a frame of data of the other peer can go on at once, as it is. */
  canPass(bytes: number): boolean {
    return this.#queue.length === 0 && this.#isGranted(bytes);
  }

  /** A frame of data of the other peer goes on as it is, with this stream's id in it already. */
  pass(frame: Buffer, bytes: number, isEnd: boolean): void {
    this.#spend(bytes);
    this.#side.write(frame);
    if (isEnd) this.#end();
  }

  send(item: Http2Item): void {
    if (this.#isOver) return;
    if (this.#queue.length === 0 && this.#trySend(item)) return;
    this.#queue.push(item);
    this.flush();
  }

  /** The peer has granted more, for this stream; gives back how much of it goes on to the other peer. */
  grant(bytes: number): number {
    this.widen(bytes);
    const paid = Math.min(bytes, this.#debtBytes);
    this.#debtBytes -= paid;
    return bytes - paid;
  }

  /** The window has grown, or shrunk, by the peer's settings. */
  widen(bytes: number): void {
    this.#windowBytes += bytes;
    this.flush();
  }

  /** What waits goes out as far as the peer has granted it. */
  flush(): void {
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      if (this.#trySend(item)) continue;
      const rest = item.what === 'data' ? this.#sendPart(item) : item;
      this.#queue.unshift(rest);
      this.#side.blocked.add(this);
      return;
    }
    this.#side.blocked.delete(this);
  }

  /** Ends the stream at once; what waits is dropped. */
  reset(code: number): void {
    if (this.#isOver) return;
    this.#side.write(encodeRstStream(this.streamId, code));
    this.dispose();
  }

  /** The peer has ended the stream: nothing more is sent on it. */
  dispose(): void {
    this.#isOver = true;
    this.#queue = [];
    this.#side.blocked.delete(this);
  }

  #trySend(item: Http2Item): boolean {
    if (item.what === 'headers') {
      if (item.isOwn) this.#side.sendOwnHeaders(this.streamId, item.fields, item.isEnd);
      else this.#side.sendHeaders(this.streamId, item.fields, item.block, item.isEnd);
    } else {
      const { bytes, isOwn, isEnd } = item;
      if (!this.#isGranted(bytes.length)) return false;
      this.#sendData(bytes, isOwn, isEnd);
    }
    if (item.isEnd) this.#end();
    return true;
  }

  #isGranted(bytes: number): boolean {
    return bytes === 0 || (bytes <= this.#windowBytes && bytes <= this.#side.windowBytes);
  }

  /** As much of the data as is granted; gives back the rest. */
  #sendPart(item: Extract<Http2Item, { what: 'data' }>): Http2Item {
    const granted = Math.min(this.#windowBytes, this.#side.windowBytes);
    if (granted <= 0) return item;
    this.#sendData(item.bytes.subarray(0, granted), item.isOwn, false);
    return { ...item, bytes: item.bytes.subarray(granted) };
  }

  #sendData(bytes: Buffer, isOwn: boolean, isEnd: boolean): void {
    this.#spend(bytes.length);
    if (isOwn) {
      this.#debtBytes += bytes.length;
      this.#side.owe(bytes.length);
    }
    for (const frame of encodeDataFrames(this.streamId, bytes, isEnd, this.#side.maxFrameBytes))
      this.#side.write(frame);
  }

  #spend(bytes: number): void {
    this.#windowBytes -= bytes;
    this.#side.windowBytes -= bytes;
  }

  #end(): void {
    this.#isOver = true;
    this.#side.blocked.delete(this);
    this.#onEnd();
  }
}
