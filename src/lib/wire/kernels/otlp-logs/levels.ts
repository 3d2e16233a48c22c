/**
 * The words that name a severity, in any case, as their lower-case letters in the bytes of a number, the first letter in the lowest byte;
 * and the severity numbers of OpenTelemetry's log data model, whose appendix B places syslog's levels.
 */
const ERR: u64 = 0x72_7265;
const CRIT: u64 = 0x7469_7263;
const INFO: u64 = 0x6f66_6e69;
const WARN: u64 = 0x6e72_6177;
const ALERT: u64 = 0x74_7265_6c61;
const DEBUG: u64 = 0x67_7562_6564;
const EMERG: u64 = 0x67_7265_6d65;
const ERROR: u64 = 0x72_6f72_7265;
const FATAL: u64 = 0x6c_6174_6166;
const PANIC: u64 = 0x63_696e_6170;
const TRACE: u64 = 0x65_6361_7274;
const NOTICE: u64 = 0x6563_6974_6f6e;
const SEVERE: u64 = 0x6572_6576_6573;
const WARNING: u64 = 0x67_6e69_6e72_6177;
const CRITICAL: u64 = 0x6c61_6369_7469_7263;

const NUMBER_TRACE: u32 = 1;
const NUMBER_DEBUG: u32 = 5;
const NUMBER_INFO: u32 = 9;
const NUMBER_NOTICE: u32 = 10;
const NUMBER_WARN: u32 = 13;
const NUMBER_ERROR: u32 = 17;
const NUMBER_CRITICAL: u32 = 18;
const NUMBER_ALERT: u32 = 19;
const NUMBER_FATAL: u32 = 21;

/** The bit that tells lower from upper case, in each byte. */
const LOWER: u64 = 0x2020_2020_2020_2020;

/** Bytes that may stand beside a word: one bit for each, of the first 64 and of the second; words in paths and names are none. */
const EDGES: u64 =
  (1 << 9) |
  (1 << 10) |
  (1 << 13) |
  (1 << 32) |
  (1 << 34) |
  (1 << 39) |
  (1 << 40) |
  (1 << 41) |
  (1 << 44) |
  (1 << 58) |
  (1 << 59) |
  (1 << 60) |
  (1 << 61) |
  (1 << 62);
const HIGH_EDGES: u64 = (1 << 27) | (1 << 29) | (1 << 59) | (1 << 60) | (1 << 61);

export function isEdge(byte: u32): bool {
  if (byte >= 128) return false;
  return (((byte < 64 ? EDGES : HIGH_EDGES) >> (byte & 63)) & 1) != 0;
}

/** The severity that the word at `at` names: its number, and 256 times the length of the word; 0 when it names none. */
export function levelAt(at: usize): u32 {
  const word = load<u64>(at) | LOWER;
  switch ((<u32>word) & 0xff) {
    case 0x69:
      return level(at, word, INFO, 4, NUMBER_INFO);
    case 0x65:
      return (
        level(at, word, ERROR, 5, NUMBER_ERROR) |
        level(at, word, ERR, 3, NUMBER_ERROR) |
        level(at, word, EMERG, 5, NUMBER_FATAL)
      );
    case 0x77:
      return level(at, word, WARN, 4, NUMBER_WARN) | level(at, word, WARNING, 7, NUMBER_WARN);
    case 0x64:
      return level(at, word, DEBUG, 5, NUMBER_DEBUG);
    case 0x74:
      return level(at, word, TRACE, 5, NUMBER_TRACE);
    case 0x66:
      return level(at, word, FATAL, 5, NUMBER_FATAL);
    case 0x6e:
      return level(at, word, NOTICE, 6, NUMBER_NOTICE);
    case 0x63:
      return level(at, word, CRIT, 4, NUMBER_CRITICAL) | level(at, word, CRITICAL, 8, NUMBER_CRITICAL);
    case 0x61:
      return level(at, word, ALERT, 5, NUMBER_ALERT);
    case 0x70:
      return level(at, word, PANIC, 5, NUMBER_FATAL);
    case 0x73:
      return level(at, word, SEVERE, 6, NUMBER_ERROR);
    default:
      return 0;
  }
}

/** Whether the first letters at `at` are all capitals, given that they are letters. */
export function isUpperCase(at: usize, letters: u32): bool {
  return (load<u64>(at) & LOWER & (u64.MAX_VALUE >> ((8 - letters) * 8))) == 0;
}

/** The severity of a syslog priority (RFC 5424, section 6.2.1): from emergency, 0, to debug, 7. */
export function priorityLevel(priority: u32): u32 {
  switch (priority & 7) {
    case 0:
      return NUMBER_FATAL;
    case 1:
      return NUMBER_ALERT;
    case 2:
      return NUMBER_CRITICAL;
    case 3:
      return NUMBER_ERROR;
    case 4:
      return NUMBER_WARN;
    case 5:
      return NUMBER_NOTICE;
    case 6:
      return NUMBER_INFO;
    default:
      return NUMBER_DEBUG;
  }
}

/** The severity of a level in tens, as pino and bunyan write them: 10 is trace, 60 fatal; 0 when it is none. */
export function tensLevel(tens: u32): u32 {
  return tens >= 1 && tens <= 6 ? (tens - 1) * 4 + 1 : 0;
}

function level(at: usize, word: u64, name: u64, letters: u32, number: u32): u32 {
  const mask = u64.MAX_VALUE >> ((8 - letters) * 8);
  return (word & mask) == name && isEdge(load<u8>(at + letters)) ? number | (letters << 8) : 0;
}
