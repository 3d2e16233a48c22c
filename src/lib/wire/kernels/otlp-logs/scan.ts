export const NEWLINE: u8 = 0x0a;
export const RETURN: u8 = 0x0d;

/** The newlines in 64 bytes, a bit for each byte. */
export function newlines(a: v128, b: v128, c: v128, d: v128): u64 {
  const newline = i8x16.splat(NEWLINE);
  const low = (<u32>i8x16.bitmask(i8x16.eq(a, newline))) | ((<u32>i8x16.bitmask(i8x16.eq(b, newline))) << 16);
  const high = (<u32>i8x16.bitmask(i8x16.eq(c, newline))) | ((<u32>i8x16.bitmask(i8x16.eq(d, newline))) << 16);
  return (<u64>low) | ((<u64>high) << 32);
}

/** The first newline at or after `from`. There is one: the byte after the input is made one while it is framed. */
export function findNewline(from: usize): usize {
  let at = from;
  while (true) {
    const mask = newlines(v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48));
    if (mask != 0) return at + <usize>ctz(mask);
    at += 64;
  }
}

/** Without the carriage return before the newline. */
export function lineLength(line: usize, lineEnd: usize): usize {
  const length = lineEnd - line;
  return length > 0 && load<u8>(lineEnd - 1) == RETURN ? length - 1 : length;
}
