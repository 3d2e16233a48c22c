import { FLAG, FRAME, FRAME_HEADER_BYTES, SETTING } from './http2-numbers.ts';

/** One frame. `bytes` is all of it, header included, and may be a part of the chunk that it came in. */
export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly bytes: Buffer;
}

/** What GOAWAY says (RFC 9113 section 6.8). */
export interface Goaway {
  readonly lastStreamId: number;
  readonly code: number;
  readonly debug: Buffer;
}

/** The priority fields of HEADERS, and the id that PUSH_PROMISE promises. */
const PRIORITY_BYTES = 5;
const PROMISED_ID_BYTES = 4;
const SETTING_BYTES = 6;
/** Bounds of settings (RFC 9113 section 6.5.2). */
const MAX_WINDOW_BYTES = 0x7fff_ffff;
const MIN_FRAME_SIZE = 16_384;
const MAX_FRAME_SIZE = 16_777_215;

/** The 31 bits at `at`; the bit before them is reserved, and left out. */
export function uint31At(bytes: Buffer, at: number): number {
  return uint32At(bytes, at) & 0x7fff_ffff;
}

/** The part of a header block that HEADERS, CONTINUATION or PUSH_PROMISE carries; undefined when malformed, or another frame. */
export function headerBlockOf(frame: Http2Frame): Buffer | undefined {
  if (frame.streamId === 0) return undefined;
  switch (frame.type) {
    case FRAME.HEADERS:
      return contentOf(frame, (frame.flags & FLAG.PRIORITY) === 0 ? 0 : PRIORITY_BYTES);
    case FRAME.PUSH_PROMISE:
      return contentOf(frame, PROMISED_ID_BYTES);
    case FRAME.CONTINUATION:
      return frame.bytes.subarray(FRAME_HEADER_BYTES);
    default:
      return undefined;
  }
}

/** The data that DATA carries, without padding; undefined when malformed, or another frame. */
export function dataOf(frame: Http2Frame): Buffer | undefined {
  return frame.type === FRAME.DATA && frame.streamId !== 0 ? contentOf(frame, 0) : undefined;
}

/** Ids and values in their order, none for an ACK; undefined when malformed, or when a value is out of its bounds (section 6.5.2). */
export function parseSettings({ type, flags, streamId, bytes }: Http2Frame): [number, number][] | undefined {
  const payloadBytes = bytes.length - FRAME_HEADER_BYTES;
  if (type !== FRAME.SETTINGS || streamId !== 0 || payloadBytes % SETTING_BYTES !== 0) return undefined;
  if ((flags & FLAG.ACK) !== 0 && payloadBytes > 0) return undefined;
  const settings: [number, number][] = [];
  for (let at = FRAME_HEADER_BYTES; at < bytes.length; at += SETTING_BYTES) {
    const id = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const value = uint32At(bytes, at + 2);
    if (!isInBounds(id, value)) return undefined;
    settings.push([id, value]);
  }
  return settings;
}

/** By how many bytes WINDOW_UPDATE widens the window; undefined when malformed, which zero is as well (section 6.9). */
export function windowIncrementOf({ type, bytes }: Http2Frame): number | undefined {
  if (type !== FRAME.WINDOW_UPDATE || bytes.length !== FRAME_HEADER_BYTES + 4) return undefined;
  const increment = uint31At(bytes, FRAME_HEADER_BYTES);
  return increment === 0 ? undefined : increment;
}

/** The error code of RST_STREAM; undefined when malformed, or another frame. */
export function errorCodeOf({ type, streamId, bytes }: Http2Frame): number | undefined {
  if (type !== FRAME.RST_STREAM || streamId === 0 || bytes.length !== FRAME_HEADER_BYTES + 4) return undefined;
  return uint32At(bytes, FRAME_HEADER_BYTES);
}

/** What GOAWAY says; undefined when malformed, or another frame. `debug` is a part of the frame. */
export function parseGoaway({ type, streamId, bytes }: Http2Frame): Goaway | undefined {
  if (type !== FRAME.GOAWAY || streamId !== 0 || bytes.length < FRAME_HEADER_BYTES + 8) return undefined;
  return {
    lastStreamId: uint31At(bytes, FRAME_HEADER_BYTES),
    code: uint32At(bytes, FRAME_HEADER_BYTES + 4),
    debug: bytes.subarray(FRAME_HEADER_BYTES + 8),
  };
}

/**
 * What stands between the fields at the front and the padding at the end; undefined when they do not fit (RFC 9113 section 6.1).
 *
 *     header │ pad length? │ fields │ content │ padding?
 */
function contentOf({ flags, bytes }: Http2Frame, fieldBytes: number): Buffer | undefined {
  let from = FRAME_HEADER_BYTES + fieldBytes;
  let to = bytes.length;
  if ((flags & FLAG.PADDED) !== 0) {
    from++;
    to -= bytes[FRAME_HEADER_BYTES] ?? 0;
  }
  return from > to ? undefined : bytes.subarray(from, to);
}

function isInBounds(id: number, value: number): boolean {
  switch (id) {
    case SETTING.ENABLE_PUSH:
      return value <= 1;
    case SETTING.INITIAL_WINDOW_SIZE:
      return value <= MAX_WINDOW_BYTES;
    case SETTING.MAX_FRAME_SIZE:
      return value >= MIN_FRAME_SIZE && value <= MAX_FRAME_SIZE;
    default:
      return true;
  }
}

function uint32At(bytes: Buffer, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return ((high << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}
