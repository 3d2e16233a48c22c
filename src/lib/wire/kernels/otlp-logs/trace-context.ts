import { isEdge } from './levels.ts';

/** So many bytes of a line are searched. */
const SEARCH_BYTES: usize = 4096;
const TRACE_DIGITS: u32 = 32;
const SPAN_DIGITS: u32 = 16;
/** Field 9 and field 10 of a LogRecord, with the length of what they hold. */
const TRACE_FIELD: u16 = 0x10_4a;
const SPAN_FIELD: u16 = 0x08_52;
const TRACE_RECORD_BYTES: u32 = 18;
const SPAN_RECORD_BYTES: u32 = 10;

const QUOTE: u8 = 0x22;
const COLON: u8 = 0x3a;
const EQUALS: u8 = 0x3d;
const SPACE: u8 = 0x20;
/** `trac`, `span` and `e`, `id` as numbers, the first letter in the lowest byte. */
const TRAC: u32 = 0x6361_7274;
const SPAN: u32 = 0x6e61_7073;
const LETTER_E: u8 = 0x65;
const ID: u16 = 0x6469;
const LOWER_CASE: u16 = 0x2020;

/** The ids of trace and span that the line tells under `trace_id`, `traceId`, `trace.id` and the like, as addresses of their digits. */
export class TraceContext {
  static trace: usize = 0;
  static span: usize = 0;

  static find(line: usize, end: usize): void {
    TraceContext.trace = 0;
    TraceContext.span = 0;
    const limit = min(end, line + SEARCH_BYTES);
    for (let block = line; block < limit; block += 16) {
      for (let places = candidates(block); places != 0; places &= places - 1) {
        const place = block + <usize>ctz(places);
        if (place >= limit) return;
        if (place == line || isEdge(load<u8>(place - 1))) TraceContext.take(place);
      }
    }
  }

  /** The bytes that the ids take in a record. */
  static bytes(): u32 {
    return (TraceContext.trace == 0 ? 0 : TRACE_RECORD_BYTES) + (TraceContext.span == 0 ? 0 : SPAN_RECORD_BYTES);
  }

  /** Writes them as fields and returns the address after them. */
  static write(output: usize): usize {
    let at = output;
    if (TraceContext.trace != 0) at = writeId(at, TRACE_FIELD, TraceContext.trace, TRACE_DIGITS);
    if (TraceContext.span != 0) at = writeId(at, SPAN_FIELD, TraceContext.span, SPAN_DIGITS);
    return at;
  }

  /** The first id of each kind counts. */
  private static take(place: usize): void {
    const name = load<u32>(place);
    const isTrace = name == TRAC && load<u8>(place, 4) == LETTER_E;
    if (!isTrace && name != SPAN) return;
    const digits = valueOf(place + (isTrace ? 5 : 4));
    if (isTrace && TraceContext.trace == 0 && isId(digits, TRACE_DIGITS)) TraceContext.trace = digits;
    if (!isTrace && TraceContext.span == 0 && isId(digits, SPAN_DIGITS)) TraceContext.span = digits;
  }
}

/** `tra` or `spa`: a bit for each byte where one begins. */
function candidates(block: usize): i32 {
  const first = v128.load(block);
  const second = v128.load(block, 1);
  const isTr = v128.and(i8x16.eq(first, i8x16.splat(0x74)), i8x16.eq(second, i8x16.splat(0x72)));
  const isSp = v128.and(i8x16.eq(first, i8x16.splat(0x73)), i8x16.eq(second, i8x16.splat(0x70)));
  return i8x16.bitmask(v128.and(v128.or(isTr, isSp), i8x16.eq(v128.load(block, 2), i8x16.splat(0x61))));
}

/** What follows the key: `_id`, `Id`, `.id`, a colon or an equals sign, spaces, a quote. */
function valueOf(afterName: usize): usize {
  let at = afterName;
  const byte = load<u8>(at);
  if (byte == 0x5f || byte == 0x2e) at++;
  if ((load<u16>(at) | LOWER_CASE) != ID) return 0;
  at += 2;
  if (load<u8>(at) == QUOTE) at++;
  while (load<u8>(at) == SPACE) at++;
  const separator = load<u8>(at++);
  if (separator != COLON && separator != EQUALS) return 0;
  while (load<u8>(at) == SPACE) at++;
  return load<u8>(at) == QUOTE ? at + 1 : at;
}

/** So many hexadecimal digits, no more, and not all of them zeros, which would be no id. */
function isId(digits: usize, count: u32): bool {
  if (digits == 0) return false;
  let any: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const value = hexValue(load<u8>(digits + i));
    if (value > 15) return false;
    any |= value;
  }
  return any != 0 && hexValue(load<u8>(digits + count)) > 15;
}

function writeId(output: usize, field: u16, digits: usize, count: u32): usize {
  store<u16>(output, field);
  for (let i: u32 = 0; i < count; i += 2) {
    const byte = (hexValue(load<u8>(digits + i)) << 4) | hexValue(load<u8>(digits + i, 1));
    store<u8>(output + 2 + (i >> 1), <u8>byte);
  }
  return output + 2 + (count >> 1);
}

/** 16 and more for what is no digit. */
function hexValue(byte: u8): u32 {
  const digit = <u32>byte - 0x30;
  if (digit <= 9) return digit;
  const letter = ((<u32>byte) | 0x20) - 0x61;
  return letter <= 5 ? letter + 10 : 255;
}
