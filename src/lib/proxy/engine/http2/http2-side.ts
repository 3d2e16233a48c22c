import { HpackDecoder, HpackEncoder, type HeaderField } from '../../../wire/hpack.ts';
import { encodeHeaderFrames, encodeWindowUpdate, Http2FrameReader, SETTING } from '../../../wire/http2-frames.ts';

/** RFC 9113 section 6.5.2, before any SETTINGS. */
const DEFAULT_TABLE_BYTES = 4096;
const DEFAULT_FRAME_BYTES = 16_384;
export const DEFAULT_WINDOW_BYTES = 65_535;
/** The largest frame that either side may be told to send: each is kept until it is whole. */
export const MAX_FRAME_BYTES = 1_048_576;
/** The largest table of header fields that either side may be told to use. */
export const MAX_TABLE_BYTES = 65_536;
/** All header fields of one message; both nghttp2 and Go refuse more than this by themselves. */
const MAX_LIST_BYTES = 262_144;
/** Settings that a peer may leave unanswered: nobody needs more than two. */
const MAX_ANNOUNCED = 64;
/** The table that we use ourselves once header blocks cannot go on as they came. */
const OWN_TABLE_BYTES = 4096;

export type Settings = readonly (readonly [number, number])[];

/** What of ours waits until it may be sent. */
export interface Blocked {
  flush(): void;
}

/** The windows that we grant a peer by ourselves (RFC 9113 section 5.2). */
export interface OwnWindows {
  /** For each stream. */
  readonly streamBytes: number;
  /** Over all streams. */
  readonly connectionBytes: number;
}

/** What is granted again at once: smaller pieces would cost more frames than they are worth. */
const GRANTED_SHARE = 1 / 8;

/**
 * One peer of an HTTP/2 connection, as we read from it and write to it.
 *
 * Header blocks go on as they came as long as the peer has seen every block before: then its table (RFC 7541) is that of the sender. Once one
 * was changed, held back or swallowed, they are written anew with a table of our own.
 *
 * Windows: both peers grant each other what may be sent (RFC 9113 section 5.2), and these grants pass through. What we send by ourselves
 * uses up a grant that the other peer does not know of: it is a debt, paid from the next grants, which then do not go on. A peer with windows
 * of our own (`OwnWindows`) is granted what it has spent once that has gone on, or was dropped.
 */
export class Http2Side {
  readonly reader = new Http2FrameReader(DEFAULT_FRAME_BYTES);
  readonly decoder = new HpackDecoder({ maxTableBytes: DEFAULT_TABLE_BYTES, maxListBytes: MAX_LIST_BYTES });
  readonly #write: (bytes: Buffer) => void;
  readonly #windows: OwnWindows | undefined;
  /** What waits for a grant of the peer, or for room: whoever has waited for longest is first. */
  readonly blocked = new Set<Blocked>();
  /** It takes nothing more for the moment: whatever belongs to a stream waits. */
  isClogged = false;
  /** Streams that we may have open at it. */
  maxStreams = Infinity;
  maxFrameBytes = DEFAULT_FRAME_BYTES;
  initialWindowBytes = DEFAULT_WINDOW_BYTES;
  /** What may still be sent to it, over all streams. */
  windowBytes = DEFAULT_WINDOW_BYTES;
  #debtBytes = 0;
  /** Spent by the peer, and not granted again yet. */
  #spentBytes = 0;
  /** Of those, what may be granted again. */
  #freeBytes = 0;
  #encoder: HpackEncoder | undefined;
  readonly #plain = new HpackEncoder(0);
  #tableBytes = DEFAULT_TABLE_BYTES;
  #decodedTableBytes = DEFAULT_TABLE_BYTES;
  #readFrameBytes = DEFAULT_FRAME_BYTES;
  readonly #announced: Settings[] = [];

  /** `windows`: undefined when the other peer's grants pass through. */
  constructor(write: (bytes: Buffer) => void, windows?: OwnWindows) {
    this.#write = write;
    this.#windows = windows;
  }

  /** Whether its windows are of our own making: then nobody else's grants go on to it. */
  get hasOwnWindows(): boolean {
    return this.#windows !== undefined;
  }

  /** What a stream has to have free before it is granted again; 0: anything. */
  get streamStepBytes(): number {
    return (this.#windows?.streamBytes ?? 0) * GRANTED_SHARE;
  }

  write(bytes: Buffer): void {
    this.#write(bytes);
  }

  /** A block of the other peer does not reach this one as it was: from now on they are written anew. */
  desync(): void {
    if (this.#encoder !== undefined) return;
    this.#encoder = new HpackEncoder(Math.min(OWN_TABLE_BYTES, this.#tableBytes));
    this.#encoder.restart();
  }

  /** A header block of the other peer goes on; `block` as it came, undefined when the fields are not those that came. */
  sendHeaders(streamId: number, fields: readonly HeaderField[], block: Buffer | undefined, isEnd: boolean): void {
    if (block === undefined) this.desync();
    const bytes = this.#encoder?.encode(fields) ?? block ?? this.#plain.encode(fields);
    this.#write(encodeHeaderFrames(streamId, bytes, isEnd, this.maxFrameBytes));
  }

  /** A header block of our own; it leaves the peer's table as it is. */
  sendOwnHeaders(streamId: number, fields: readonly HeaderField[], isEnd: boolean): void {
    // A peer that has asked for a smaller table must be told so in the first block that it gets (RFC 7541 section 4.2).
    if (this.#tableBytes < DEFAULT_TABLE_BYTES) this.desync();
    const bytes = (this.#encoder ?? this.#plain).encode(fields);
    this.#write(encodeHeaderFrames(streamId, bytes, isEnd, this.maxFrameBytes));
  }

  /** The peer has spent so much; false when that is more than it was granted. */
  charge(bytes: number): boolean {
    if (this.#windows === undefined) return true;
    this.#spentBytes += bytes;
    return this.#spentBytes <= this.#windows.connectionBytes;
  }

  /** Grants the peer what it spent over all streams: it does not go on, or, where windows are our own, has gone on. */
  credit(bytes: number): void {
    this.#freeBytes += bytes;
    if (this.#freeBytes === 0 || this.#freeBytes < (this.#windows?.connectionBytes ?? 0) * GRANTED_SHARE) return;
    this.#write(encodeWindowUpdate(0, this.#freeBytes));
    this.#spentBytes -= this.#freeBytes;
    this.#freeBytes = 0;
  }

  /** The same for one stream; the sum has been credited already. */
  creditStream(streamId: number, bytes: number): void {
    if (bytes > 0) this.#write(encodeWindowUpdate(streamId, bytes));
  }

  /** There is room again, or a grant: what waits goes on. */
  flush(): void {
    for (const waiting of [...this.blocked]) waiting.flush();
  }

  /** Bytes of our own are sent to it. */
  owe(bytes: number): void {
    this.#debtBytes += bytes;
  }

  /** The peer grants more, over all streams; gives back how much of it goes on to the other peer. */
  grant(bytes: number): number {
    this.windowBytes += bytes;
    const paid = Math.min(bytes, this.#debtBytes);
    this.#debtBytes -= paid;
    return bytes - paid;
  }

  /** The peer's own settings: what holds for what we send to it. Gives back by how much the window of each stream grows. */
  applyOwn(settings: Settings): number {
    let growthBytes = 0;
    for (const [id, value] of settings) {
      if (id === SETTING.MAX_FRAME_SIZE) this.maxFrameBytes = Math.min(value, MAX_FRAME_BYTES);
      else if (id === SETTING.HEADER_TABLE_SIZE) {
        this.#tableBytes = value;
        this.#encoder?.setMaxTableBytes(Math.min(OWN_TABLE_BYTES, value));
      } else if (id === SETTING.INITIAL_WINDOW_SIZE) {
        growthBytes += value - this.initialWindowBytes;
        this.initialWindowBytes = value;
      } else if (id === SETTING.MAX_CONCURRENT_STREAMS) this.maxStreams = value;
    }
    return growthBytes;
  }

  /**
   * The other peer's settings go to this one: what holds for what it sends. Larger bounds hold at once; smaller ones from the moment that it
   * has agreed to them. False when it is told of more and more, and agrees to nothing.
   */
  announce(settings: Settings): boolean {
    this.#announced.push(settings);
    for (const [id, value] of settings) {
      if (id === SETTING.HEADER_TABLE_SIZE && value > this.#decodedTableBytes) this.#boundTable(value);
      else if (id === SETTING.MAX_FRAME_SIZE && value > this.#readFrameBytes) this.#boundFrame(value);
    }
    return this.#announced.length <= MAX_ANNOUNCED;
  }

  /** It has agreed to the settings announced first. */
  agree(): void {
    for (const [id, value] of this.#announced.shift() ?? []) {
      if (id === SETTING.HEADER_TABLE_SIZE) this.#boundTable(value);
      else if (id === SETTING.MAX_FRAME_SIZE) this.#boundFrame(value);
    }
  }

  #boundTable(bytes: number): void {
    this.#decodedTableBytes = bytes;
    this.decoder.setMaxTableBytes(bytes);
  }

  #boundFrame(bytes: number): void {
    this.#readFrameBytes = bytes;
    this.reader.setMaxFrameBytes(bytes);
  }
}

/** Settings as they go on: bounded, and without pushes, which nobody uses any more and which would need streams of their own. */
export function boundedSettings(settings: Settings, from: 'client' | 'service'): [number, number][] {
  const bounded = settings
    .filter(([id]) => id !== SETTING.ENABLE_PUSH)
    .map(([id, value]): [number, number] => {
      if (id === SETTING.HEADER_TABLE_SIZE) return [id, Math.min(value, MAX_TABLE_BYTES)];
      if (id === SETTING.MAX_FRAME_SIZE) return [id, Math.min(value, MAX_FRAME_BYTES)];
      return [id, value];
    });
  return from === 'client' ? [...bounded, [SETTING.ENABLE_PUSH, 0]] : bounded;
}
