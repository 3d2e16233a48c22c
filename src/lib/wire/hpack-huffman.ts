/**
 * The code of RFC 7541 appendix B. It is canonical: within a length, codes count up in the order of their bytes, and the first code of
 * a length is the one after the last of the length before, with zeros behind it. So lengths are all there is to write down:
 * each row holds a length in bits and the bytes that have it.
 */
const BYTES_BY_LENGTH: readonly (readonly [number, string | readonly number[]])[] = [
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, '\0$@[]~'],
  [14, '^}'],
  [15, '<`{'],
  [19, [0x5c, 0xc3, 0xd0]],
  [20, [128, 130, 131, 162, 184, 194, 224, 226]],
  [21, [153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230]],
  [
    22,
    [
      129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198,
      228, 232, 233,
    ],
  ],
  [
    23,
    [
      1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182,
      183, 188, 191, 197, 231, 239,
    ],
  ],
  [24, [9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237]],
  [25, [199, 207, 234, 235]],
  [26, [192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255]],
  [27, [203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254]],
  [
    28,
    [2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249],
  ],
  // The last code of 30 bits is EOS, which no string may hold: it stays out, and reads as no code.
  [30, [10, 13, 22]],
];

/** Set in an entry of the table when a code ends there; else the entry is the node to go on at, 0 for none. */
const LEAF = 0x8000;
const BITS_SHIFT = 8;
const BITS_MASK = 0xf;
/** The shortest code has 5 bits, so a string is at most 8/5 as long as its code. */
const SHORTEST_BITS = 5;

const TABLE = buildTable();
/** Where strings are put together; it grows to the longest, which a header block bounds. */
let scratch = Buffer.allocUnsafe(1024);

/**
 * The string in [from, to), a character a byte; undefined when it holds the end-of-string code, ends within a code, or is padded with
 * anything but fewer than eight ones (RFC 7541 section 5.2).
 *
 * Codes are looked up 8 bits at a time. An entry is either a code that ends within these bits, with the bits it takes, or the node at
 * which to look up the next 8 bits.
 */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string | undefined {
  const maxLength = Math.floor(((to - from) * 8) / SHORTEST_BITS);
  if (maxLength > scratch.length) scratch = Buffer.allocUnsafe(2 * maxLength);
  const out = scratch;
  let length = 0;
  let node = 0;
  let window = 0;
  let bits = 0;
  for (let at = from; at < to; at++) {
    window = (window << 8) | (bytes[at] ?? 0);
    bits += 8;
    while (bits >= 8) {
      const entry = TABLE[node + ((window >>> (bits - 8)) & 0xff)] ?? 0;
      if (entry === 0) return undefined;
      if (entry < LEAF) {
        node = entry;
        bits -= 8;
      } else {
        out[length++] = entry & 0xff;
        bits -= (entry >>> BITS_SHIFT) & BITS_MASK;
        node = 0;
      }
    }
  }
  while (bits > 0) {
    const entry = TABLE[node + ((window << (8 - bits)) & 0xff)] ?? 0;
    const taken = (entry >>> BITS_SHIFT) & BITS_MASK;
    if (entry < LEAF || taken > bits) break;
    out[length++] = entry & 0xff;
    bits -= taken;
    node = 0;
  }
  const ones = (1 << bits) - 1;
  return node === 0 && (window & ones) === ones ? out.toString('latin1', 0, length) : undefined;
}

/** Nodes of 256 entries, the root first; a node is named by the place of its first entry. */
function buildTable(): Uint16Array {
  const table: number[] = new Array<number>(256).fill(0);
  let code = 0;
  let previousBits = 0;
  for (const [bits, bytes] of BYTES_BY_LENGTH) {
    code <<= bits - previousBits;
    previousBits = bits;
    for (const byte of typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes) {
      addCode(table, code, bits, byte);
      code++;
    }
  }
  return Uint16Array.from(table);
}

function addCode(table: number[], code: number, bits: number, byte: number): void {
  let node = 0;
  let left = bits;
  for (; left > 8; left -= 8) {
    const place = node + ((code >>> (left - 8)) & 0xff);
    if (table[place] === 0) {
      table[place] = table.length;
      table.push(...new Array<number>(256).fill(0));
    }
    node = table[place] ?? 0;
  }
  const first = node + ((code << (8 - left)) & 0xff);
  table.fill(LEAF | (left << BITS_SHIFT) | byte, first, first + (1 << (8 - left)));
}
