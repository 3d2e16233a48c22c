import { FileState } from './file-state.ts';
import { isEdge, isUpperCase, levelAt, priorityLevel, tensLevel } from './levels.ts';

/** How a line tells its severity: `[error]`, `"level":"error"` or `level=error`, `ERROR`. */
const BRACKET: u32 = 1;
const KEY: u32 = 2;
const WORD: u32 = 3;

/** So many bytes of a line are searched: severities stand near its beginning, and places fit in 16 bits. */
const SEARCH_BYTES: usize = 512;
/** After so many lines without any, only the first bytes of a line are searched, except in every 64th. */
const MISSES_TO_BACK_OFF: u32 = 32;
const BACKED_OFF_BYTES: usize = 64;
const FULL_SEARCH_EVERY: u32 = 64;
/** A capital word is looked for so many bytes before its last place, and in as many from there on. */
const NEAR_BYTES: usize = 8;
/** The longest name of a module before the level, as in `[core:error]`. */
const MODULE_BYTES: usize = 32;
const MAX_PRIORITY: u32 = 191;

/** What moves A to the lowest signed number, and the first number after Z then. */
const CAPITALS_DOWN: i8 = 0x3f;
const AFTER_CAPITALS: i8 = -102;
const LOWER: u8 = 0x20;
const BRACKET_OPEN: u8 = 0x5b;
const BRACE_OPEN: u8 = 0x7b;
const LESS: u8 = 0x3c;
const GREATER: u8 = 0x3e;
const QUOTE: u8 = 0x22;
const COLON: u8 = 0x3a;
const EQUALS: u8 = 0x3d;
const SPACE: u8 = 0x20;
const DOT: u8 = 0x2e;
const UNDERSCORE: u8 = 0x5f;
const LETTER_E: u8 = 0x65;
const LETTER_V: u8 = 0x76;

/** `level` and `severity` as numbers, the first letter in the lowest byte. */
const LEVEL: u64 = 0x6c_6576_656c;
const SEVERITY: u64 = 0x7974_6972_6576_6573;
const LOWER_CASE: u64 = 0x2020_2020_2020_2020;

/**
 * The severity of a line: number | length of its word << 8 | place of the word in the line << 16; 0 when the line tells none. It is looked
 * for first where and how the line before told it.
 */
export function severityOf(line: usize, end: usize): u32 {
  if (load<u8>(line) == LESS) {
    const priority = priorityAt(line);
    if (priority != 0) return priority;
  }
  const isJson = load<u8>(line) == BRACE_OPEN;
  const form = FileState.levelForm;
  const place = line + FileState.levelPlace;
  const limit = min(end, line + SEARCH_BYTES);
  if (place < limit && (!isJson || form == KEY)) {
    const found = form == WORD ? wordNear(line, place, limit) : inForm(form, line, place);
    if (found != 0) {
      FileState.levelMisses = 0;
      return found;
    }
  }
  return search(line, limit, isJson);
}

/**
 * A word moves when what stands before it is longer or shorter than before, so a few bytes around its last place are looked at. One in quotes
 * does not count here: a key before it may tell the severity.
 */
function wordNear(line: usize, place: usize, limit: usize): u32 {
  const from = max(line + NEAR_BYTES, place) - NEAR_BYTES;
  const found = capitals(v128.load(from));
  let places = found & ~(found << 1) & ((found >> 1) | 0x8000);
  for (; places != 0; places &= places - 1) {
    const at = from + <usize>ctz(places);
    const level = at < limit && load<u8>(at - 1) != QUOTE ? capitalWord(line, at) : 0;
    if (level == 0) continue;
    FileState.levelPlace = <u32>(at - line);
    return level;
  }
  return 0;
}

/** The bytes that the severity takes in a record. */
export function severityBytes(severity: u32): u32 {
  const letters = (severity >> 8) & 0xff;
  return severity == 0 ? 0 : letters == 0 ? 2 : letters + 4;
}

/** Writes severity_number and severity_text, up to 8 bytes more than it says, and returns the address after them. */
export function writeSeverity(at: usize, severity: u32, line: usize): usize {
  if (severity == 0) return at;
  const letters = (severity >> 8) & 0xff;
  store<u16>(at, <u16>(0x10 | ((severity & 0xff) << 8)));
  if (letters == 0) return at + 2;
  store<u16>(at, <u16>(0x1a | (letters << 8)), 2);
  store<u64>(at, load<u64>(line + (severity >> 16)), 4);
  return at + 4 + letters;
}

/** Looks at every place where a severity could begin, found 64 bytes at a time. */
function search(line: usize, furthest: usize, isJson: bool): u32 {
  const misses = FileState.levelMisses;
  const isBackedOff = misses >= MISSES_TO_BACK_OFF && misses % FULL_SEARCH_EVERY != 0;
  const limit = isBackedOff ? min(furthest, line + BACKED_OFF_BYTES) : furthest;
  let wasCapital: u64 = 0;
  for (let block = line; block < limit; block += 64) {
    let places = marks(block);
    if (!isJson) {
      const capitals = capitalsIn(block);
      // Two or more in a row, or one at the end of the block.
      places |= capitals & ~((capitals << 1) | wasCapital) & ((capitals >> 1) | ((<u64>1) << 63));
      wasCapital = capitals >> 63;
    }
    for (; places != 0; places &= places - 1) {
      const at = block + <usize>ctz(places);
      if (at >= limit) break;
      const found = atMark(line, at, isJson);
      if (found != 0) return found;
    }
  }
  FileState.levelMisses = misses + 1;
  return 0;
}

/** `v`, which the keys have in their middle, and opening brackets in 64 bytes. */
function marks(block: usize): u64 {
  return join(
    mark(v128.load(block)),
    mark(v128.load(block, 16)),
    mark(v128.load(block, 32)),
    mark(v128.load(block, 48)),
  );
}

function mark(bytes: v128): u32 {
  return i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(LETTER_V)), i8x16.eq(bytes, i8x16.splat(BRACKET_OPEN))));
}

function capitalsIn(block: usize): u64 {
  return join(
    capitals(v128.load(block)),
    capitals(v128.load(block, 16)),
    capitals(v128.load(block, 32)),
    capitals(v128.load(block, 48)),
  );
}

/** A to Z. */
function capitals(bytes: v128): u32 {
  return i8x16.bitmask(i8x16.lt_s(i8x16.add(bytes, i8x16.splat(CAPITALS_DOWN)), i8x16.splat(AFTER_CAPITALS)));
}

function join(a: u32, b: u32, c: u32, d: u32): u64 {
  return (<u64>(a | (b << 16))) | ((<u64>(c | (d << 16))) << 32);
}

/** In a JSON line only the value of a key counts: what else looks like a severity stands in its texts. */
function atMark(line: usize, at: usize, isJson: bool): u32 {
  const byte = load<u8>(at);
  if (byte == LETTER_V) {
    // `level` and `severity` have it in the third place, `lvl` in the second.
    const place = at - (load<u8>(at - 1) == LETTER_E ? 2 : 1);
    return place < line ? 0 : remembered(KEY, line, place, valueOfKey(line, place));
  }
  if (byte != BRACKET_OPEN) return remembered(WORD, line, at, capitalWord(line, at));
  return isJson || !isLetter(load<u8>(at, 1)) ? 0 : remembered(BRACKET, line, at, inBracket(line, at));
}

function remembered(form: u32, line: usize, place: usize, found: u32): u32 {
  if (found == 0) return 0;
  FileState.levelForm = form;
  FileState.levelPlace = <u32>(place - line);
  FileState.levelMisses = 0;
  return found;
}

function inForm(form: u32, line: usize, place: usize): u32 {
  switch (form) {
    case KEY:
      return valueOfKey(line, place);
    case BRACKET:
      return inBracket(line, place);
    case WORD:
      return capitalWord(line, place);
    default:
      return 0;
  }
}

function capitalWord(line: usize, place: usize): u32 {
  if (place > line && !isEdge(load<u8>(place - 1))) return 0;
  const level = levelAt(place);
  return level != 0 && isUpperCase(place, level >> 8) ? placed(level, line, place) : 0;
}

/** `[error]`, and `[core:error]`. */
function inBracket(line: usize, place: usize): u32 {
  if (load<u8>(place) != BRACKET_OPEN) return 0;
  const level = levelAt(place + 1);
  if (level != 0) return placed(level, line, place + 1);
  let at = place + 1;
  if (!isLetter(load<u8>(at))) return 0;
  while (at < place + MODULE_BYTES && isOfName(load<u8>(at))) at++;
  return load<u8>(at) == COLON ? placed(levelAt(at + 1), line, at + 1) : 0;
}

/** `"level":"error"`, `level=error`, `"level": 50`, and the same with `lvl` or `severity`. */
function valueOfKey(line: usize, place: usize): u32 {
  if (place > line) {
    const before = load<u8>(place - 1);
    if (before != DOT && before != UNDERSCORE && !isEdge(before)) return 0;
  }
  const letters = keyBytes(load<u64>(place) | LOWER_CASE);
  if (letters == 0) return 0;
  let at = place + letters;
  if (load<u8>(at) == QUOTE) at++;
  while (load<u8>(at) == SPACE) at++;
  const separator = load<u8>(at++);
  if (separator != COLON && separator != EQUALS) return 0;
  while (load<u8>(at) == SPACE) at++;
  if (load<u8>(at) == QUOTE) at++;
  const level = levelAt(at);
  return level != 0 ? placed(level, line, at) : numberAt(at);
}

function keyBytes(word: u64): u32 {
  if (word == SEVERITY) return 8;
  if ((word & 0xff_ffff_ffff) == LEVEL) return 5;
  return (word & 0xff_ffff) == 0x6c_766c ? 3 : 0;
}

/** `10` to `60`. */
function numberAt(at: usize): u32 {
  const isNumber = load<u8>(at, 1) == 0x30 && isEdge(load<u8>(at, 2));
  return isNumber ? tensLevel(<u32>load<u8>(at) - 0x30) : 0;
}

/** `<0>` to `<191>`: a number without a word. */
function priorityAt(line: usize): u32 {
  let priority: u32 = 0;
  let at = line + 1;
  for (; at < line + 4; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) break;
    priority = priority * 10 + digit;
  }
  return at > line + 1 && load<u8>(at) == GREATER && priority <= MAX_PRIORITY ? priorityLevel(priority) : 0;
}

/** Nothing is placed where nothing is, nor where a place has no room. */
function placed(level: u32, line: usize, at: usize): u32 {
  return level == 0 ? 0 : level | ((<u32>(at - line)) << 16);
}

function isOfName(byte: u8): bool {
  return isLetter(byte) || (byte >= 0x30 && byte <= 0x39) || byte == UNDERSCORE || byte == 0x2d;
}

function isLetter(byte: u8): bool {
  const lower = byte | LOWER;
  return lower >= 0x61 && lower <= 0x7a;
}
