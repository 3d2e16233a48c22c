import { FileState } from './file-state.ts';
import { TEMPLATE } from './layout.ts';

/** So many digits of the offset are written for every record at once; those above change seldom, and stand in the template. */
const LOW_DIGITS: u32 = 8;
const LOW_LIMIT: u32 = 100_000_000;
/** From the byte after the key `log.record.uid` back to the lengths that the number of digits changes. */
const TEXT_LENGTH: usize = 1;
const VALUE_LENGTH: usize = 3;
const PAIR_LENGTH: usize = 21;
/** The bytes of the pair around its value, and of the value around its text. */
const PAIR_BYTES: u32 = 18;
const VALUE_BYTES: u32 = 2;

/**
 * The bytes that each record of a file begins with, which end in the digits of the line's offset:
 *
 *     09 time  59 observed time  32 … log.file.path …  32 … log.record.uid … <id>-<high digits> | <low digits>
 *     └ written by the loader, the times at each call ───────────────────────────┘ └ here ──────┘ └ for each record
 */
export class Template {
  /** Bytes before the low digits. */
  static bytes: u32 = 0;
  /** The low digits of the next line's offset, how many of them count, and the first value that needs another template. */
  static low: u32 = 0;
  static lowDigits: u32 = 0;
  static lowLimit: u32 = 0;

  static setTime(unixMs: f64): void {
    const wholeMs = Math.floor(unixMs);
    const unixNs = <u64>wholeMs * 1_000_000 + <u64>((unixMs - wholeMs) * 1_000_000);
    store<u64>(TEMPLATE + 1, unixNs);
    store<u64>(TEMPLATE + 10, unixNs);
  }

  static setOffset(offset: u64): void {
    const high = offset / LOW_LIMIT;
    const highDigits = high == 0 ? 0 : digitsOf(high);
    const start = FileState.templateBytes;
    let rest = high;
    for (let place = highDigits; place > 0; place--) {
      store<u8>(TEMPLATE + start + place - 1, <u8>(0x30 + (rest % 10)));
      rest /= 10;
    }
    Template.low = <u32>(offset % LOW_LIMIT);
    Template.lowDigits = high == 0 ? digitsOf(Template.low) : LOW_DIGITS;
    Template.lowLimit = high == 0 ? powerOfTen(Template.lowDigits) : LOW_LIMIT;
    Template.bytes = start + highDigits;
    setLengths(highDigits + Template.lowDigits);
  }

  /** The offset of the next line. */
  static advance(bytes: u32): void {
    const low = <u64>Template.low + bytes;
    if (low < Template.lowLimit) Template.low = <u32>low;
    else Template.setOffset(Template.high() * LOW_LIMIT + low);
  }

  static offset(): u64 {
    return Template.high() * LOW_LIMIT + Template.low;
  }

  private static high(): u64 {
    let high: u64 = 0;
    for (let at = FileState.templateBytes; at < Template.bytes; at++) high = high * 10 + load<u8>(TEMPLATE + at) - 0x30;
    return high;
  }
}

/** The eight digits of a number below 10^8, the first in the lowest byte: halves, then quarters, then digits, side by side in one word. */
export function eightDigits(value: u32): u64 {
  const halves = (<u64>(value / 10_000)) | ((<u64>(value % 10_000)) << 32);
  const hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
  const pairs = hundreds | ((halves - hundreds * 100) << 16);
  const tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
  return tens | ((pairs - tens * 10) << 8) | 0x3030_3030_3030_3030;
}

function setLengths(digits: u32): void {
  const id = TEMPLATE + FileState.templateBytes - FileState.idBytes;
  const text = FileState.idBytes + digits;
  store<u8>(id - TEXT_LENGTH, <u8>text);
  store<u8>(id - VALUE_LENGTH, <u8>(text + VALUE_BYTES));
  store<u8>(id - PAIR_LENGTH, <u8>(text + VALUE_BYTES + PAIR_BYTES));
}

function digitsOf(value: u64): u32 {
  let digits: u32 = 1;
  for (let rest = value / 10; rest > 0; rest /= 10) digits++;
  return digits;
}

function powerOfTen(exponent: u32): u32 {
  let power: u32 = 1;
  for (let i: u32 = 0; i < exponent; i++) power *= 10;
  return power;
}
