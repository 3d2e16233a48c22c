import { Cursor } from './cursor.ts';
import { frameExactly, Limits } from './exact-path.ts';
import { frameOrdinary } from './fast-path.ts';
import { AWAITING_HEAD, FileState, IN_LINES, SKIPPING } from './file-state.ts';
import {
  CHECK_LINES,
  CUT,
  DONE,
  FIXED_BYTES,
  FLUSH,
  FRAMED_TO,
  FULL,
  HEAD_NEEDED,
  KEY_BYTES,
  KEYS,
  LAST,
  LINES,
  MORE,
  NEXT_OFFSET,
  OUTPUT,
  REPLACED,
  REST,
  RESULT,
  SEVERITIES,
  STATE,
  TEMPLATE,
} from './layout.ts';
import { fillEdges } from './levels.ts';
import { findNewline, lineLength, NEWLINE, RETURN } from './scan.ts';
import { Template } from './template.ts';

export { FIXED_BYTES, KEY_BYTES, KEYS, RESULT, STATE, TEMPLATE };

/** Before the first line: the limits that hold for all. */
export function setLimits(lineBytes: u32, batchBytes: u32): void {
  fillEdges();
  Limits.lineBytes = lineBytes;
  Limits.batchBytes = batchBytes;
}

/**
 * Frames the lines in [start, end), which begin at this offset of the file, as records from `output` on, and tells in RESULT how far it
 * came. A line without its newline stays in the input, unless `ending` says that none will come. Byte `end` has to be writable.
 */
export function frame(
  start: usize,
  end: usize,
  offset: f64,
  unixMs: f64,
  output: usize,
  outputLimit: usize,
  options: u32,
  ending: u32,
): u32 {
  Cursor.input = start;
  Cursor.inputEnd = end;
  Cursor.output = output;
  Cursor.outputLimit = outputLimit;
  Cursor.options = options;
  Cursor.lines = 0;
  Cursor.replaced = 0;
  Cursor.cut = 0;
  Cursor.severities = 0;
  Cursor.framedTo = offset;
  if (offset != FileState.expected) FileState.forget();

  const covered = load<u8>(end);
  store<u8>(end, NEWLINE);
  const status = inMode(start, end, offset, unixMs, ending);
  store<u8>(end, covered);

  store<u32>(RESULT, <u32>Cursor.input, REST);
  store<u32>(RESULT, <u32>Cursor.output, OUTPUT);
  store<u32>(RESULT, Cursor.lines, LINES);
  store<u32>(RESULT, Cursor.replaced, REPLACED);
  store<u32>(RESULT, Cursor.cut, CUT);
  store<u32>(RESULT, Cursor.severities, SEVERITIES);
  store<f64>(RESULT, FileState.expected, NEXT_OFFSET);
  store<f64>(RESULT, Cursor.framedTo, FRAMED_TO);
  return status;
}

function inMode(start: usize, end: usize, offset: f64, unixMs: f64, ending: u32): u32 {
  if (FileState.mode == SKIPPING) return skip(start, end, offset, ending);
  Template.setTime(unixMs);
  Template.setOffset(<u64>offset);
  if (FileState.mode == AWAITING_HEAD) return frameHead(start, end, offset);
  const status = frameLines(end, ending);
  FileState.expected = offset + <f64>(Cursor.input - start);
  Cursor.framedTo = <f64>Template.offset();
  return status;
}

function frameLines(end: usize, ending: u32): u32 {
  while (true) {
    if (!FileState.continues && (Cursor.options & CHECK_LINES) == 0) frameOrdinary();
    const line = Cursor.input;
    if (line == end) return DONE;
    const lineEnd = findNewline(line);
    if (lineEnd == end) return frameRest(line, end, ending);
    const length = lineLength(line, lineEnd);
    if (!frameExactly(line, line + length, length, <u32>(lineEnd + 1 - line), false)) return FULL;
    Cursor.input = lineEnd + 1;
  }
}

/** The input ends in a line without a newline. Once it is too long even if a carriage return is no part of it, it is skipped. */
function frameRest(line: usize, end: usize, ending: u32): u32 {
  const bytes = <u32>(end - line);
  if (ending != LAST && bytes > Limits.lineBytes + 1) {
    FileState.mode = SKIPPING;
    FileState.longStart = <f64>Template.offset();
    FileState.endsInReturn = load<u8>(end - 1) == RETURN;
    Cursor.input = end;
    return DONE;
  }
  if (ending == MORE) return DONE;
  if (!frameExactly(line, end, bytes, bytes, ending == FLUSH)) return FULL;
  Cursor.input = end;
  return DONE;
}

/** Looks for the end of a line over the limit. Nothing of it is kept meanwhile: its first bytes are asked for when its length is known. */
function skip(start: usize, end: usize, offset: f64, ending: u32): u32 {
  const newline = findNewline(start);
  Cursor.input = end;
  if (newline == end && ending != LAST) {
    if (end > start) FileState.endsInReturn = load<u8>(end - 1) == RETURN;
    FileState.expected = offset + <f64>(end - start);
    return DONE;
  }
  const isReturn = newline > start ? load<u8>(newline - 1) == RETURN : FileState.endsInReturn;
  const atNewline = offset + <f64>(newline - start);
  FileState.mode = AWAITING_HEAD;
  FileState.longEnd = newline < end && isReturn ? atNewline - 1 : atNewline;
  FileState.afterLong = newline < end ? atNewline + 1 : atNewline;
  FileState.expected = FileState.longStart;
  return HEAD_NEEDED;
}

/** The first bytes of a line over the limit have come again. */
function frameHead(start: usize, end: usize, offset: f64): u32 {
  const originalBytes = <u64>(FileState.longEnd - FileState.longStart);
  const lineEnd = start + <usize>min<u64>(originalBytes, <u64>(end - start));
  const head = min(lineEnd, start + Limits.lineBytes);
  if (!frameExactly(start, head, originalBytes, 0, false)) return FULL;
  Cursor.input = end;
  FileState.mode = IN_LINES;
  FileState.expected = FileState.afterLong;
  Cursor.framedTo = FileState.afterLong;
  return DONE;
}
