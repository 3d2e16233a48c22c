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
/** The longest name of a module before the level, as in `[core:error]`. */
const MODULE_BYTES: usize = 32;
const MAX_PRIORITY: u32 = 191;

const UPPER_A: u8 = 0x41;
const LETTERS: u8 = 26;
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
const LETTER_L: u8 = 0x6c;
const LETTER_S: u8 = 0x73;
const LETTER_E: u8 = 0x65;
const LETTER_V: u8 = 0x76;

/** `level` and `ver­ity` as numbers, the first letter in the lowest byte. */
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
  const form = FileState.levelForm;
  const place = line + FileState.levelPlace;
  if (form != 0 && place < end) {
    const found = inForm(form, line, place);
    if (found != 0) return found;
  }
  return search(line, end);
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

/** Looks at every place where a severity could begin, found 16 bytes at a time. */
function search(line: usize, end: usize): u32 {
  const misses = FileState.levelMisses;
  const isBackedOff = misses >= MISSES_TO_BACK_OFF && misses % FULL_SEARCH_EVERY != 0;
  const limit = min(end, line + (isBackedOff ? BACKED_OFF_BYTES : SEARCH_BYTES));
  const isJson = load<u8>(line) == BRACE_OPEN;
  for (let block = line; block < limit; block += 16) {
    let places = candidates(block);
    if (block == line) places |= 1;
    for (; places != 0; places &= places - 1) {
      const place = block + <usize>ctz(places);
      if (place >= limit) break;
      const found = anyForm(line, place, isJson);
      if (found == 0) continue;
      FileState.levelPlace = <u32>(place - line);
      FileState.levelMisses = 0;
      return found;
    }
  }
  FileState.levelMisses = misses + 1;
  return 0;
}

/** An opening bracket; two capitals after something else; `lev`, `sev`, `lvl` in any case: a bit for each byte where one begins. */
function candidates(block: usize): i32 {
  const first = v128.load(block);
  const second = v128.load(block, 1);
  const lower = i8x16.splat(LOWER);
  const one = v128.or(first, lower);
  const two = v128.or(second, lower);
  const three = v128.or(v128.load(block, 2), lower);
  const capitals = v128.andnot(v128.and(isCapital(first), isCapital(second)), isCapital(v128.load(block - 1)));
  const isL = i8x16.eq(one, i8x16.splat(LETTER_L));
  const isV = i8x16.eq(three, i8x16.splat(LETTER_V));
  const long = v128.and(
    v128.or(isL, i8x16.eq(one, i8x16.splat(LETTER_S))),
    v128.and(i8x16.eq(two, i8x16.splat(LETTER_E)), isV),
  );
  const short = v128.and(isL, v128.and(i8x16.eq(two, i8x16.splat(LETTER_V)), i8x16.eq(three, i8x16.splat(LETTER_L))));
  const bracket = i8x16.eq(first, i8x16.splat(BRACKET_OPEN));
  return i8x16.bitmask(v128.or(v128.or(capitals, bracket), v128.or(long, short)));
}

function isCapital(bytes: v128): v128 {
  return i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(UPPER_A)), i8x16.splat(LETTERS));
}

/** In a JSON line only the value of a key counts: words stand in its texts. */
function anyForm(line: usize, place: usize, isJson: bool): u32 {
  const found = inForm(KEY, line, place);
  if (found != 0) {
    FileState.levelForm = KEY;
    return found;
  }
  if (isJson) return 0;
  const form = load<u8>(place) == BRACKET_OPEN ? BRACKET : WORD;
  FileState.levelForm = form;
  return inForm(form, line, place);
}

function inForm(form: u32, line: usize, place: usize): u32 {
  switch (form) {
    case KEY:
      return valueOfKey(line, place);
    case BRACKET:
      return inBracket(line, place);
    default:
      return capitalWord(line, place);
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
  const lower = byte | LOWER;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte == UNDERSCORE || byte == 0x2d;
}
