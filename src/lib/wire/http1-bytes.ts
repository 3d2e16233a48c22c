/** Bytes of HTTP/1.x that the scanners know by name. */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

/** What a scanner returns for "the bytes end before the element does". Offsets are never negative. */
export const NEED_MORE = -1;
/** What a scanner returns for "this cannot become right with more bytes". */
export const MALFORMED = -2;

/** 1 for the bytes of a token: method and field names (RFC 9110 section 5.6.2). */
const TOKEN_BYTES = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  TOKEN_BYTES[char.charCodeAt(0)] = 1;
}

/** The first offset from `at` whose byte is not one of a token, at most `end`. */
export function skipToken(bytes: Uint8Array, at: number, end: number): number {
  let offset = at;
  while (offset < end && TOKEN_BYTES[bytes[offset] ?? 0] === 1) offset++;
  return offset;
}

/** Whether the bytes in [from, to) spell `lower` in any mix of cases; `lower` is a token in lower case. */
export function spells(bytes: Uint8Array, from: number, to: number, lower: string): boolean {
  if (to - from !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[from + i] ?? 0;
    const folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (folded !== lower.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether the bytes from `at`, as far as there are any before `end`, begin as `text` does. */
export function beginsLike(bytes: Uint8Array, at: number, end: number, text: string): boolean {
  const length = Math.min(text.length, end - at);
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
