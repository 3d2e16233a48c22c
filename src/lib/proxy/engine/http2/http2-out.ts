import type { HeaderField } from '../../../wire/hpack.ts';
import { encodeDataFrames } from '../../../wire/http2-frames.ts';
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
  /** `isOwn`: bytes that the sender was not charged for, or has been granted again. */
  | { readonly what: 'data'; readonly bytes: Buffer; readonly isOwn: boolean; readonly isEnd: boolean }
  /** Something to be done once all before it has been sent. */
  | { readonly what: 'then'; readonly run: () => void };

/** Small pieces that wait are put together up to this size, so that they cost little more than their bytes. */
const MERGED_BYTES = 4096;

/**
 * One stream towards one peer: in order, and no more than the peer has granted, or has room for. Where grants pass through, what the other
 * peer sends keeps within them by itself; only what we send beside it may have to wait.
 */
export class Http2Out {
  readonly #side: Http2Side;
  readonly streamId: number;
  readonly #onEnd: () => void;
  readonly #onSent: ((bytes: number) => void) | undefined;
  #windowBytes: number;
  /** Granted by the peer for bytes of ours, and not to be passed on. */
  #debtBytes = 0;
  #queue: Http2Item[] = [];
  #isOver = false;

  /** `onEnd`: the stream's end has been sent. `onSent`: so many bytes that the sender was charged for have been. */
  constructor(side: Http2Side, streamId: number, onEnd: () => void, onSent?: (bytes: number) => void) {
    this.#side = side;
    this.streamId = streamId;
    this.#onEnd = onEnd;
    this.#onSent = onSent;
    this.#windowBytes = side.initialWindowBytes;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether a frame of data of the other peer can go on at once, as it is. */
  canPass(bytes: number): boolean {
    return this.#queue.length === 0 && !this.#side.isClogged && this.#isGranted(bytes);
  }

  /** A frame of data of the other peer goes on as it is, with this stream's id in it already. */
  pass(frame: Buffer, bytes: number, isEnd: boolean): void {
    this.#spend(bytes);
    this.#side.write(frame);
    this.#onSent?.(bytes);
    if (isEnd) this.#end();
  }

  send(item: Http2Item): void {
    if (this.#isOver) {
      if (item.what === 'then') item.run();
      return;
    }
    if (this.#queue.length === 0 && this.#trySend(item)) return;
    pushMerged(this.#queue, item);
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
      // Behind those that have waited for longer.
      this.#side.blocked.delete(this);
      this.#side.blocked.add(this);
      return;
    }
    this.#side.blocked.delete(this);
  }

  /** The peer has ended the stream: nothing more is sent on it. Gives back how many bytes that the sender was charged for are dropped. */
  dispose(): number {
    this.#isOver = true;
    const dropped = chargedBytes(this.#queue);
    this.#queue = [];
    this.#side.blocked.delete(this);
    return dropped;
  }

  #trySend(item: Http2Item): boolean {
    if (item.what === 'then') {
      item.run();
      return true;
    }
    if (this.#side.isClogged) return false;
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
    const granted = this.#side.isClogged ? 0 : Math.min(this.#windowBytes, this.#side.windowBytes);
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
    if (!isOwn) this.#onSent?.(bytes.length);
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

/** Puts the item behind those that wait; its bytes are copied out of the chunk that they came in, which may be much larger. */
export function pushMerged(queue: Http2Item[], item: Http2Item): void {
  if (item.what !== 'data') {
    queue.push(item);
    return;
  }
  const { bytes, isOwn, isEnd } = item;
  const last = queue.at(-1);
  if (last?.what === 'data' && last.isOwn === isOwn && last.bytes.length + bytes.length <= MERGED_BYTES) {
    queue[queue.length - 1] = { ...item, bytes: Buffer.concat([last.bytes, bytes]) };
  } else if (bytes.length > 0 || isEnd) queue.push(isOwn ? item : { ...item, bytes: Buffer.from(bytes) });
}

/** The bytes among the items that their sender was charged for. */
export function chargedBytes(
  items: readonly { readonly what: string; readonly isOwn?: boolean; readonly bytes?: Buffer }[],
): number {
  return items.reduce((sum, { isOwn, bytes }) => sum + (isOwn === false ? (bytes?.length ?? 0) : 0), 0);
}
