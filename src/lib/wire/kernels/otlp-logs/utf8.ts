/** U+FFFD in UTF-8, in the lowest three bytes. */
const REPLACEMENT: u32 = 0xbdbfef;
export const REPLACEMENT_BYTES: u32 = 3;

/** Whether all bytes up to `end` are valid UTF-8. */
export function isValid(from: usize, end: usize): bool {
  let at = from;
  while (at < end) {
    at = skipAscii(at, end);
    if (at >= end) return true;
    const bytes = sequenceAt(at, end);
    if (bytes < 0) return false;
    at += bytes;
  }
  return true;
}

/** How long the text is once each invalid part is a U+FFFD. */
export function replacedBytes(from: usize, end: usize): u32 {
  let size: u32 = 0;
  for (let at = from; at < end;) {
    const bytes = sequenceAt(at, end);
    size += bytes < 0 ? REPLACEMENT_BYTES : bytes;
    at += bytes < 0 ? -bytes : bytes;
  }
  return size;
}

/** Writes the text with its invalid parts replaced, and returns the address after it. */
export function writeReplaced(output: usize, from: usize, end: usize): usize {
  let to = output;
  for (let at = from; at < end;) {
    const bytes = sequenceAt(at, end);
    if (bytes < 0) {
      store<u16>(to, <u16>REPLACEMENT);
      store<u8>(to, <u8>(REPLACEMENT >> 16), 2);
      to += REPLACEMENT_BYTES;
      at -= bytes;
    } else {
      for (let i = 0; i < bytes; i++) store<u8>(to + i, load<u8>(at + i));
      to += bytes;
      at += bytes;
    }
  }
  return to;
}

/** The end of the longest part of [from, end) that does not end within a character; all of it when it ends in no character's beginning. */
export function wholeCharacters(from: usize, end: usize): usize {
  let lead = end;
  for (let back = 0; back < 3 && lead > from; back++) {
    const byte = load<u8>(--lead);
    if ((byte & 0xc0) == 0x80) continue;
    const announced: u32 = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return announced > <u32>(end - lead) ? lead : end;
  }
  return end;
}

/**
 * The bytes of the character at `at`; or, negative, how many bytes one U+FFFD stands for, which is as much as could still have become a
 * character (the WHATWG's decoder, and table 3-7 of the Unicode standard).
 */
function sequenceAt(at: usize, end: usize): i32 {
  const lead = load<u8>(at);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  let low: u8 = 0x80;
  let high: u8 = 0xbf;
  if (lead == 0xe0) low = 0xa0;
  else if (lead == 0xed) high = 0x9f;
  else if (lead == 0xf0) low = 0x90;
  else if (lead == 0xf4) high = 0x8f;
  const bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let i = 1; i < bytes; i++) {
    if (at + i >= end) return -i;
    const byte = load<u8>(at + i);
    if (byte < low || byte > high) return -i;
    low = 0x80;
    high = 0xbf;
  }
  return bytes;
}

function skipAscii(from: usize, end: usize): usize {
  let at = from;
  while (at + 16 <= end && i8x16.bitmask(v128.load(at)) == 0) at += 16;
  while (at < end && load<u8>(at) < 0x80) at++;
  return at;
}
