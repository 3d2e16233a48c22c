/**
 * The words that name a severity, in any case, and their numbers in OpenTelemetry's log data model, whose appendix B places syslog's levels.
 * They differ in their first three letters, and so each has a slot of its own under this multiplier: the letters of its name, the first in
 * the lowest byte; those of its longer name, if it has one; then number | letters << 8 | letters of the longer name << 16.
 */
const MULTIPLIER: u32 = 0x9e28_9761;
const SLOT_SHIFT: u32 = 28;
const FIRST_LETTERS: u32 = 0xff_ffff;
const SLOT_BYTES: usize = 24;
// prettier-ignore
const SLOTS: usize = memory.data<u64>([
  0, 0, 0,
  0x6563617274, 0, 0x501, // trace 1
  0x656369746f6e, 0, 0x60a, // notice 10
  0, 0, 0,
  0x6e726177, 0x676e696e726177, 0x7040d, // warn warning 13
  0x74697263, 0x6c61636974697263, 0x80412, // crit critical 18
  0x6772656d65, 0, 0x515, // emerg 21
  0, 0, 0,
  0, 0, 0,
  0x63696e6170, 0, 0x515, // panic 21
  0x6f666e69, 0, 0x409, // info 9
  0x6775626564, 0, 0x505, // debug 5
  0x7472656c61, 0, 0x513, // alert 19
  0x657265766573, 0, 0x611, // severe 17
  0x727265, 0x726f727265, 0x50311, // err error 17
  0x6c61746166, 0, 0x515, // fatal 21
]);

/** debug 5, info 9, notice 10, warning 13, error 17, critical 18, alert 19, emergency 21. */
const SYSLOG_NUMBERS: u64 = 0x0509_0a0d_1112_1315;

/** The bit that tells lower from upper case, in each byte. */
const LOWER: u64 = 0x2020_2020_2020_2020;

/**
 * Bytes that may stand beside a word, a bit for each, of the first 64 and of the second: space and control, quotes, brackets, and what
 * separates; words in paths and names are none. A table of bytes is made of them, which takes one load to ask.
 */
const LOW_EDGES: u64 = 0x7c00_1385_0000_2600;
const HIGH_EDGES: u64 = 0x3800_0000_2800_0000;
const EDGES: usize = memory.data(256);

/** Before the first line. */
export function fillEdges(): void {
  for (let byte: usize = 0; byte < 128; byte++) {
    store<u8>(EDGES + byte, <u8>(((byte < 64 ? LOW_EDGES : HIGH_EDGES) >> (<u64>(byte & 63))) & 1));
  }
}

export function isEdge(byte: u8): bool {
  return load<u8>(EDGES + byte) != 0;
}

/**
 * The severity that the word at `at` names: its number, and 256 times the length of the word; 0 when it names none. Without branches, which
 * would depend on what the logs say. An empty slot matches nothing: no word is 0.
 */
export function levelAt(at: usize): u32 {
  const word = load<u64>(at) | LOWER;
  const slot = SLOTS + <usize>((((<u32>word) & FIRST_LETTERS) * MULTIPLIER) >> SLOT_SHIFT) * SLOT_BYTES;
  const level = load<u32>(slot, 16);
  const number = level & 0xff;
  const letters = (level >> 8) & 0xff;
  const more = level >> 16;
  const isLonger = select<u32>(1, 0, (word & lettersOf(more)) == load<u64>(slot, 8)) & edge(at + more);
  const isShort = select<u32>(1, 0, (word & lettersOf(letters)) == load<u64>(slot)) & edge(at + letters);
  return select<u32>(number | (letters << 8), select<u32>(number | (more << 8), 0, isLonger != 0), isShort != 0);
}

/** Whether so many letters at `at` are all capitals. */
export function isUpperCase(at: usize, letters: u32): bool {
  return (load<u64>(at) & LOWER & lettersOf(letters)) == 0;
}

/** The severity of a syslog priority (RFC 5424, section 6.2.1), from debug, 7, down to emergency, 0: a byte for each of the eight. */
export function priorityLevel(priority: u32): u32 {
  return (<u32>(SYSLOG_NUMBERS >> (<u64>(priority & 7) * 8))) & 0xff;
}

/** The severity of a level in tens, as pino and bunyan write them: 10 is trace, 60 fatal; 0 when it is none. */
export function tensLevel(tens: u32): u32 {
  return tens >= 1 && tens <= 6 ? (tens - 1) * 4 + 1 : 0;
}

/** A mask for the first letters of a word. */
function lettersOf(letters: u32): u64 {
  return u64.MAX_VALUE >> ((8 - <u64>letters) * 8);
}

/** 1 when an edge is there, else 0. */
function edge(at: usize): u32 {
  return load<u8>(EDGES + load<u8>(at));
}
