import type { Http2Frame } from './http2-frame-parsing.ts';
import { FLAG, FRAME, FRAME_HEADER_BYTES } from './http2-numbers.ts';

const EMPTY = Buffer.alloc(0);
/** What the 24 bits of a frame's length can say (RFC 9113 section 4.1). */
const MAX_PAYLOAD_BYTES = 0xff_ffff;

/** One frame; the payload is copied. Throws a RangeError when it is longer than any frame can be. */
export function encodeFrame(type: number, flags: number, streamId: number, payload: Buffer = EMPTY): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) throw new RangeError(`a frame cannot hold ${payload.length} bytes`);
  const frame = allocFrame(type, flags, streamId, payload.length);
  payload.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

/** RST_STREAM (RFC 9113 section 6.4). */
export function encodeRstStream(streamId: number, code: number): Buffer {
  const frame = allocFrame(FRAME.RST_STREAM, 0, streamId, 4);
  writeUint32(frame, FRAME_HEADER_BYTES, code);
  return frame;
}

/** GOAWAY (RFC 9113 section 6.8); `debug` is for people. */
export function encodeGoaway(lastStreamId: number, code: number, debug: Buffer = EMPTY): Buffer {
  const frame = allocFrame(FRAME.GOAWAY, 0, 0, 8 + debug.length);
  writeUint32(frame, FRAME_HEADER_BYTES, lastStreamId);
  writeUint32(frame, FRAME_HEADER_BYTES + 4, code);
  debug.copy(frame, FRAME_HEADER_BYTES + 8);
  return frame;
}

/** WINDOW_UPDATE of a stream, or of the connection when its id is 0; `increment` is 1 to 2^31-1 bytes (RFC 9113 section 6.9). */
export function encodeWindowUpdate(streamId: number, increment: number): Buffer {
  const frame = allocFrame(FRAME.WINDOW_UPDATE, 0, streamId, 4);
  writeUint32(frame, FRAME_HEADER_BYTES, increment);
  return frame;
}

/** SETTINGS of ids and values, in their order (RFC 9113 section 6.5). */
export function encodeSettings(pairs: readonly (readonly [number, number])[]): Buffer {
  const frame = allocFrame(FRAME.SETTINGS, 0, 0, 6 * pairs.length);
  let at = FRAME_HEADER_BYTES;
  for (const [id, value] of pairs) {
    frame[at] = id >>> 8;
    frame[at + 1] = id;
    writeUint32(frame, at + 2, value);
    at += 6;
  }
  return frame;
}

/**
 * HEADERS with as many CONTINUATIONs as the block needs, one after another in one Buffer: nothing may come between them (RFC 9113
 * section 4.3). `maxFrameBytes` is the peer's SETTINGS_MAX_FRAME_SIZE, which counts payload only.
 */
export function encodeHeaderFrames(streamId: number, block: Buffer, endStream: boolean, maxFrameBytes: number): Buffer {
  const partBytes = Math.max(1, maxFrameBytes);
  const frames = Math.max(1, Math.ceil(block.length / partBytes));
  const bytes = Buffer.allocUnsafe(block.length + frames * FRAME_HEADER_BYTES);
  let from = 0;
  for (let frame = 0; frame < frames; frame++) {
    const length = Math.min(partBytes, block.length - from);
    const type = frame === 0 ? FRAME.HEADERS : FRAME.CONTINUATION;
    const ending = frame === 0 && endStream ? FLAG.END_STREAM : 0;
    const flags = frame === frames - 1 ? ending | FLAG.END_HEADERS : ending;
    const at = from + frame * FRAME_HEADER_BYTES;
    writeHeader(bytes, at, type, flags, streamId, length);
    block.copy(bytes, at + FRAME_HEADER_BYTES, from, from + length);
    from += length;
  }
  return bytes;
}

/** DATA frames, one Buffer each, payload copied. No payload gives one empty frame when it ends the stream, and otherwise none. */
export function encodeDataFrames(
  streamId: number,
  payload: Buffer,
  endStream: boolean,
  maxFrameBytes: number,
): Buffer[] {
  const partBytes = Math.max(1, maxFrameBytes);
  const frames: Buffer[] = [];
  for (let from = 0; from < payload.length; from += partBytes) {
    const to = Math.min(from + partBytes, payload.length);
    const frame = allocFrame(FRAME.DATA, endStream && to === payload.length ? FLAG.END_STREAM : 0, streamId, to - from);
    payload.copy(frame, FRAME_HEADER_BYTES, from, to);
    frames.push(frame);
  }
  if (frames.length === 0 && endStream) frames.push(allocFrame(FRAME.DATA, FLAG.END_STREAM, streamId, 0));
  return frames;
}

/**
 * The frame's bytes with another stream id in their header; ids inside a payload stay. The frame's own bytes when they have that id
 * already. Otherwise a copy, or, when `mayWrite`, the frame's own bytes changed in place: then nobody else may hold the chunk that they
 * are a part of, and `frame.streamId` is out of date.
 */
export function withStreamId(frame: Http2Frame, streamId: number, mayWrite = false): Buffer {
  if (frame.streamId === streamId) return frame.bytes;
  const bytes = mayWrite ? frame.bytes : copyOf(frame.bytes);
  writeUint32(bytes, 5, streamId);
  return bytes;
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafe(bytes.length);
  bytes.copy(copy);
  return copy;
}

function allocFrame(type: number, flags: number, streamId: number, payloadBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payloadBytes);
  writeHeader(frame, 0, type, flags, streamId, payloadBytes);
  return frame;
}

function writeHeader(bytes: Buffer, at: number, type: number, flags: number, streamId: number, length: number): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeUint32(bytes, at + 5, streamId);
}

function writeUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
