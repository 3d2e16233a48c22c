import { randomBytes } from '../../runtime/chance.ts';

/** The digits of base32hex in lower case (RFC 4648 section 7). */
const DIGITS = '0123456789abcdefghijklmnopqrstuv';
const RANDOM_BYTES = 5;

/**
 * Makes names for requests, those of Toxiproxy's make (xid): 20 characters that sort by time.
 *
 *     seconds (4 bytes)   this process (5)   counter (3)       12 bytes, five bits a character
 */
export function createRequestIds(unixMs: () => number): () => string {
  const process = randomBytes(RANDOM_BYTES);
  let counter = randomBytes(3).readUIntBE(0, 3);
  return () => {
    counter = (counter + 1) & 0xff_ffff;
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32BE(Math.floor(unixMs() / 1000) >>> 0, 0);
    process.copy(bytes, 4);
    bytes.writeUIntBE(counter, 9, 3);
    return base32(bytes);
  };
}

function base32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += DIGITS[(value >> (bits - 5)) & 31] ?? '';
  }
  return bits > 0 ? text + (DIGITS[(value << (5 - bits)) & 31] ?? '') : text;
}
