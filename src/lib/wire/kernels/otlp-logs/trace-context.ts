import { isEdge } from './levels.ts';

/** So many bytes of a line are searched. */
const SEARCH_BYTES: usize = 4096;
/** Field 9 and field 10 of a LogRecord, with the length of what they hold. */
const TRACE_FIELD: u16 = 0x10_4a;
const SPAN_FIELD: u16 = 0x08_52;
const TRACE_RECORD_BYTES: u32 = 18;
const SPAN_RECORD_BYTES: u32 = 10;

const QUOTE: u8 = 0x22;
const COLON: u8 = 0x3a;
const EQUALS: u8 = 0x3d;
const SPACE: u8 = 0x20;
const UNDERSCORE: u8 = 0x5f;
const DOT: u8 = 0x2e;
/** `trac`, `span` and `e`, `id` as numbers, the first letter in the lowest byte. */
const TRAC: u32 = 0x6361_7274;
const SPAN: u32 = 0x6e61_7073;
const LETTER_E: u8 = 0x65;
const ID: u16 = 0x6469;
const LOWER_CASE: u16 = 0x2020;

/** The ids of trace and span that the line tells under `trace_id`, `traceId`, `trace.id` and the like; zeros when it tells none. */
export class TraceContext {
  /** Bytes as they are written, the first in the lowest byte. */
  static traceStart: u64 = 0;
  static traceEnd: u64 = 0;
  static span: u64 = 0;

  static clear(): void {
    TraceContext.traceStart = 0;
    TraceContext.traceEnd = 0;
    TraceContext.span = 0;
  }

  static find(line: usize, end: usize): void {
    TraceContext.clear();
    const limit = min(end, line + SEARCH_BYTES);
    for (let block = line; block < limit; block += 64) {
      for (let places = beginnings(block); places != 0; places &= places - 1) {
        const place = block + <usize>ctz(places);
        if (place >= limit) return;
        if (place == line || isEdge(load<u8>(place - 1))) take(place);
      }
    }
  }

  /** The bytes that the ids take in a record. */
  static bytes(): u32 {
    return (hasTrace() ? TRACE_RECORD_BYTES : 0) + (TraceContext.span != 0 ? SPAN_RECORD_BYTES : 0);
  }

  /** Writes them as fields and returns the address after them. */
  static write(output: usize): usize {
    let at = output;
    if (hasTrace()) {
      store<u16>(at, TRACE_FIELD);
      store<u64>(at, TraceContext.traceStart, 2);
      store<u64>(at, TraceContext.traceEnd, 10);
      at += TRACE_RECORD_BYTES;
    }
    if (TraceContext.span != 0) {
      store<u16>(at, SPAN_FIELD);
      store<u64>(at, TraceContext.span, 2);
      at += SPAN_RECORD_BYTES;
    }
    return at;
  }
}

function hasTrace(): bool {
  return (TraceContext.traceStart | TraceContext.traceEnd) != 0;
}

/** The first id of each kind counts: 32 digits for a trace, 16 for a span, no more. */
function take(place: usize): void {
  const name = load<u32>(place);
  if (name == TRAC && load<u8>(place, 4) == LETTER_E) {
    const digits = valueOf(place + 5);
    const isId = digits != 0 && isHex(digits) && isHex(digits + 16) && !isHexDigit(load<u8>(digits, 32));
    if (!isId || hasTrace()) return;
    TraceContext.traceStart = bytesOfHex(digits);
    TraceContext.traceEnd = bytesOfHex(digits + 16);
  } else if (name == SPAN) {
    const digits = valueOf(place + 4);
    const isId = digits != 0 && isHex(digits) && !isHexDigit(load<u8>(digits, 16));
    if (isId && TraceContext.span == 0) TraceContext.span = bytesOfHex(digits);
  }
}

/** `tr` or `sp`: a bit for each of 64 bytes where one begins. */
function beginnings(block: usize): u64 {
  const low = beginningsIn(block) | (beginningsIn(block + 16) << 16);
  const high = beginningsIn(block + 32) | (beginningsIn(block + 48) << 16);
  return (<u64>low) | ((<u64>high) << 32);
}

function beginningsIn(block: usize): u32 {
  const first = v128.load(block);
  const second = v128.load(block, 1);
  const isTr = v128.and(i8x16.eq(first, i8x16.splat(0x74)), i8x16.eq(second, i8x16.splat(0x72)));
  const isSp = v128.and(i8x16.eq(first, i8x16.splat(0x73)), i8x16.eq(second, i8x16.splat(0x70)));
  return i8x16.bitmask(v128.or(isTr, isSp));
}

/** What follows the key: `_id`, `Id`, `.id`, a quote, a colon or an equals sign, a quote, with spaces. Returns where the value begins, or 0. */
function valueOf(afterName: usize): usize {
  let at = afterName;
  const byte = load<u8>(at);
  if (byte == UNDERSCORE || byte == DOT) at++;
  if ((load<u16>(at) | LOWER_CASE) != ID) return 0;
  at += 2;
  if (load<u8>(at) == QUOTE) at++;
  while (load<u8>(at) == SPACE) at++;
  const separator = load<u8>(at++);
  if (separator != COLON && separator != EQUALS) return 0;
  while (load<u8>(at) == SPACE) at++;
  return load<u8>(at) == QUOTE ? at + 1 : at;
}

/** Whether 16 bytes are hexadecimal digits. */
function isHex(at: usize): bool {
  const bytes = v128.load(at);
  const isDigit = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
  const letters = i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61));
  return i8x16.all_true(v128.or(isDigit, i8x16.lt_u(letters, i8x16.splat(6))));
}

function isHexDigit(byte: u8): bool {
  const digit = <u32>byte - 0x30;
  return digit <= 9 || ((<u32>byte) | 0x20) - 0x61 <= 5;
}

/** 16 digits as 8 bytes: a letter is its low four bits and 9; then pairs become bytes, the first digit above. */
function bytesOfHex(at: usize): u64 {
  const digits = v128.load(at);
  const isLetter = i8x16.gt_s(digits, i8x16.splat(0x39));
  const values = i8x16.add(v128.and(digits, i8x16.splat(0x0f)), v128.and(isLetter, i8x16.splat(9)));
  const high = i16x8.shl(values, 4);
  const bytes = v128.and(v128.or(high, i16x8.shr_u(values, 8)), i16x8.splat(0xff));
  return i64x2.extract_lane(i8x16.narrow_i16x8_u(bytes, bytes), 0);
}
