import { Cursor } from './cursor.ts';
import { FileState } from './file-state.ts';
import {
  CHECK_LINES,
  DETECT_SEVERITY,
  FIND_TRACE,
  KEEP_ORIGINAL,
  KEY_CONTINUATION,
  KEY_ORIGINAL,
  KEY_ORIGINAL_LENGTH,
  KEY_PARTIAL,
  KEY_TRUNCATED,
  TEMPLATE,
} from './layout.ts';
import { severityBytes, severityOf, writeSeverity } from './severity.ts';
import { eightDigits, Template } from './template.ts';
import { TraceContext } from './trace-context.ts';
import { isValid, replacedBytes, wholeCharacters, writeReplaced } from './utf8.ts';
import { varintBytes, writeVarint } from './varint.ts';

/** Lines that are longer than this are cut. */
export class Limits {
  static lineBytes: u32 = 0;
  /** The records of an empty batch have so much room. */
  static batchBytes: u32 = 0;
}

/** What `writeSeverity` stores beyond its end. */
const OVER_STORED: usize = 8;

/**
 * Frames one line of any kind: sizes first, then every byte once. `originalBytes` is the length of the line before it was cut, `bytes` what
 * the line takes of the input. False when the batch has no room for it.
 */
export function frameExactly(line: usize, lineEnd: usize, originalBytes: u64, bytes: u32, isPartial: bool): bool {
  const isCut = originalBytes > <u64>Limits.lineBytes;
  const end = isCut ? wholeCharacters(line, min(lineEnd, line + Limits.lineBytes)) : lineEnd;
  const isBroken = (Cursor.options & CHECK_LINES) != 0 && !isValid(line, end);
  const bodyBytes = isBroken ? replacedBytes(line, end) : <u32>(end - line);
  const severity = Cursor.options & DETECT_SEVERITY ? severityOf(line, end) : 0;
  TraceContext.clear();
  if (Cursor.options & FIND_TRACE) TraceContext.find(line, end);

  const valueBytes = 1 + varintBytes(bodyBytes) + bodyBytes;
  let size = Template.bytes + Template.lowDigits + 1 + varintBytes(valueBytes) + valueBytes;
  size += severityBytes(severity) + TraceContext.bytes();
  if (isCut) size += flagBytes(KEY_TRUNCATED) + attributeBytes(KEY_ORIGINAL_LENGTH, 1 + varintBytes(originalBytes));
  if (isPartial) size += flagBytes(KEY_PARTIAL);
  if (FileState.continues) size += flagBytes(KEY_CONTINUATION);
  const keepsOriginal = isBroken && (Cursor.options & KEEP_ORIGINAL) != 0;
  const keptBytes = keepsOriginal ? originalThatFits(<u32>(end - line), size) : 0;
  if (keepsOriginal) size += attributeBytes(KEY_ORIGINAL, 1 + varintBytes(keptBytes) + keptBytes);
  if (Cursor.output + 1 + varintBytes(size) + size + OVER_STORED > Cursor.outputLimit) return false;

  store<u8>(Cursor.output, 0x12);
  let at = writeTemplate(writeVarint(Cursor.output + 1, size));
  at = writeLength(at, 0x2a, valueBytes);
  at = writeLength(at, 0x0a, bodyBytes);
  if (isBroken) at = writeReplaced(at, line, end);
  else {
    memory.copy(at, line, bodyBytes);
    at += bodyBytes;
  }
  at = TraceContext.write(writeSeverity(at, severity, line));
  if (isCut) {
    at = writeFlag(at, KEY_TRUNCATED);
    at = writeAttribute(at, KEY_ORIGINAL_LENGTH, 1 + varintBytes(originalBytes));
    store<u8>(at, 0x18);
    at = writeVarint(at + 1, originalBytes);
  }
  if (isPartial) at = writeFlag(at, KEY_PARTIAL);
  if (FileState.continues) at = writeFlag(at, KEY_CONTINUATION);
  if (keepsOriginal) {
    at = writeAttribute(at, KEY_ORIGINAL, 1 + varintBytes(keptBytes) + keptBytes);
    at = writeLength(at, 0x3a, keptBytes);
    memory.copy(at, line, keptBytes);
    at += keptBytes;
  }

  Cursor.output = at;
  Cursor.lines++;
  if (isCut) Cursor.cut++;
  if (isBroken) Cursor.replaced++;
  if (severity != 0) Cursor.severities++;
  FileState.continues = isPartial;
  Template.advance(bytes);
  return true;
}

/** As much of the original as an empty batch has room for beside the rest of the record, whose value may be three times as long. */
function originalThatFits(bytes: u32, recordBytes: u32): u32 {
  const around = attributeBytes(KEY_ORIGINAL, 6) + 8 + <u32>OVER_STORED;
  return recordBytes + around >= Limits.batchBytes ? 0 : min(bytes, Limits.batchBytes - recordBytes - around);
}

function writeTemplate(at: usize): usize {
  memory.copy(at, TEMPLATE, Template.bytes);
  const digits = at + Template.bytes;
  const low = eightDigits(Template.low) >> ((8 - Template.lowDigits) * 8);
  for (let i: u32 = 0; i < Template.lowDigits; i++) store<u8>(digits + i, <u8>(low >> (i * 8)));
  return digits + Template.lowDigits;
}

function writeLength(at: usize, tag: u8, bytes: u32): usize {
  store<u8>(at, tag);
  return writeVarint(at + 1, bytes);
}

/** A KeyValue whose value is true: `10 01`. */
function flagBytes(key: usize): u32 {
  return attributeBytes(key, 2);
}

function writeFlag(output: usize, key: usize): usize {
  const at = writeAttribute(output, key, 2);
  store<u16>(at, 0x01_10);
  return at + 2;
}

/** A KeyValue among the attributes of a record, whose AnyValue has so many bytes. */
function attributeBytes(key: usize, valueBytes: u32): u32 {
  const bytes = pairBytes(key, valueBytes);
  return 1 + varintBytes(bytes) + bytes;
}

/** Writes it up to its value. */
function writeAttribute(output: usize, key: usize, valueBytes: u32): usize {
  const keyBytes = <u32>load<u8>(key);
  let at = writeLength(output, 0x32, pairBytes(key, valueBytes));
  at = writeLength(at, 0x0a, keyBytes);
  memory.copy(at, key + 1, keyBytes);
  return writeLength(at + keyBytes, 0x12, valueBytes);
}

function pairBytes(key: usize, valueBytes: u32): u32 {
  return 2 + <u32>load<u8>(key) + 1 + varintBytes(valueBytes) + valueBytes;
}
