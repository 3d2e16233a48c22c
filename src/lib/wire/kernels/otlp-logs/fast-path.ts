import { Cursor } from './cursor.ts';
import { DETECT_SEVERITY, FIND_TRACE, TEMPLATE } from './layout.ts';
import { lineLength, newlines } from './scan.ts';
import { severityOf, writeSeverity } from './severity.ts';
import { eightDigits, Template } from './template.ts';
import { TraceContext } from './trace-context.ts';

/** Records from 128 bytes to below 16 KiB have a length of two bytes, which is what is framed here. */
const LEAST_RECORD: u32 = 128;
const RECORD_LIMIT: u32 = 16_384;
/** The tag of a record and two bytes of length. */
const HEAD_BYTES: usize = 3;
/** What follows a body at most: severity 12, trace 18, span 10. */
const TAIL_BYTES: usize = 40;
/** Tags and lengths of the body, and the digits. */
const BODY_HEAD_BYTES: usize = 6;
const DIGITS_BYTES: usize = 8;
/** A record and what is stored beyond its end: 64 bytes of body, 16 of tail. */
const RECORD_ROOM: usize = 16_384 + 128;

/**
 * Frames whole lines as long as they are ordinary ones; what is left is for `frameExactly`. A line is looked at once: its bytes are stored
 * where they belong while its end is looked for, 64 at a time. What is stored beyond the end is overwritten by what follows.
 *
 *     12 length │ template, digits │ 2a length 0a length │ line … │ severity, ids      a LogRecord within ScopeLogs
 *     └ last    └ first            └ third               └ second └ fourth
 */
export function frameOrdinary(): void {
  const end = Cursor.inputEnd;
  const options = Cursor.options;
  const lastOutput = Cursor.outputLimit - RECORD_ROOM;
  if (Cursor.outputLimit < RECORD_ROOM) return;
  let input = Cursor.input;
  let output = Cursor.output;
  let lines: u32 = 0;
  while (input < end && output <= lastOutput) {
    const templateBytes = <usize>Template.bytes;
    const record = output + HEAD_BYTES;
    copyTemplate(record, templateBytes);
    const digits = record + templateBytes;
    store<u64>(digits, eightDigits(Template.low) >> ((8 - Template.lowDigits) * 8));
    const head = digits + Template.lowDigits;
    let lineEnd: usize = 0;
    let bodyEnd: usize = 0;

    const a = v128.load(input);
    const b = v128.load(input, 16);
    const c = v128.load(input, 32);
    const d = v128.load(input, 48);
    let mask = newlines(a, b, c, d);
    if (mask != 0) {
      lineEnd = input + <usize>ctz(mask);
      if (lineEnd == end) break;
      const length = lineLength(input, lineEnd);
      storeShortHead(head, length);
      v128.store(head, a, 4);
      v128.store(head, b, 20);
      v128.store(head, c, 36);
      v128.store(head, d, 52);
      bodyEnd = head + 4 + length;
    } else {
      const e = v128.load(input, 64);
      const f = v128.load(input, 80);
      const g = v128.load(input, 96);
      const h = v128.load(input, 112);
      mask = newlines(e, f, g, h);
      let body = head + BODY_HEAD_BYTES;
      let length: usize = 0;
      if (mask != 0) {
        lineEnd = input + 64 + <usize>ctz(mask);
        if (lineEnd == end) break;
        length = lineLength(input, lineEnd);
        body = storeShortHead(head, length);
      }
      v128.store(body, a);
      v128.store(body, b, 16);
      v128.store(body, c, 32);
      v128.store(body, d, 48);
      v128.store(body, e, 64);
      v128.store(body, f, 80);
      v128.store(body, g, 96);
      v128.store(body, h, 112);
      if (mask == 0) {
        const longest = input + RECORD_LIMIT - templateBytes - (DIGITS_BYTES + BODY_HEAD_BYTES + TAIL_BYTES);
        lineEnd = copyToNewline(input + 128, body + 128, longest);
        if (lineEnd == 0 || lineEnd == end) break;
        length = lineLength(input, lineEnd);
        if (length < 128) break;
        storeLongHead(head, <u32>length);
      }
      bodyEnd = body + length;
    }

    if (options & DETECT_SEVERITY) {
      const severity = severityOf(input, lineEnd);
      if (severity != 0) Cursor.severities++;
      bodyEnd = writeSeverity(bodyEnd, severity, input);
    }
    if (options & FIND_TRACE) {
      TraceContext.find(input, lineEnd);
      bodyEnd = TraceContext.write(bodyEnd);
    }
    const size = <u32>(bodyEnd - record);
    if (size < LEAST_RECORD || size >= RECORD_LIMIT) break;
    store<u8>(output, 0x12);
    store<u16>(output, <u16>((size & 0x7f) | 0x80 | ((size >> 7) << 8)), 1);
    output = bodyEnd;
    lines++;
    Template.advance(<u32>(lineEnd + 1 - input));
    input = lineEnd + 1;
  }
  Cursor.input = input;
  Cursor.output = output;
  Cursor.lines += lines;
}

function copyTemplate(to: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 32) {
    v128.store(to + at, v128.load(TEMPLATE + at));
    v128.store(to + at, v128.load(TEMPLATE + at, 16), 16);
  }
}

/** Tags and lengths of a body below 128 bytes; returns where it begins. Four bytes, or five from 126 on. */
function storeShortHead(head: usize, length: usize): usize {
  const size = <u32>length + 2;
  if (size < 128) {
    store<u32>(head, 0x0a_002a | (size << 8) | ((<u32>length) << 24));
    return head + 4;
  }
  store<u32>(head, 0x0a01_002a | (((size & 0x7f) | 0x80) << 8));
  store<u8>(head, <u8>length, 4);
  return head + 5;
}

/** The same of a body from 128 bytes to below 16 KiB, with its value: six bytes. */
function storeLongHead(head: usize, length: u32): void {
  const size = length + 3;
  store<u32>(head, 0x0a00_002a | (((size & 0x7f) | 0x80) << 8) | ((size >> 7) << 16));
  store<u16>(head, <u16>((length & 0x7f) | 0x80 | ((length >> 7) << 8)), 4);
}

/** Copies until a newline has been copied, and returns its address; 0 when there is none before `longest`. */
function copyToNewline(from: usize, to: usize, longest: usize): usize {
  let output = to;
  for (let input = from; input < longest; input += 64) {
    const a = v128.load(input);
    const b = v128.load(input, 16);
    const c = v128.load(input, 32);
    const d = v128.load(input, 48);
    v128.store(output, a);
    v128.store(output, b, 16);
    v128.store(output, c, 32);
    v128.store(output, d, 48);
    const mask = newlines(a, b, c, d);
    if (mask != 0) return input + <usize>ctz(mask);
    output += 64;
  }
  return 0;
}
