import { describe, expect, it } from 'vitest';
import { decodeHuffman } from '../../../src/lib/wire/hpack-huffman.ts';
import { noise, roll } from './pieces.ts';

/** The code of RFC 7541 appendix B, byte by byte: how many bits each takes. EOS takes 30. */
const LENGTHS =
  '13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28 ' +
  '6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10 ' +
  '13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6 ' +
  '15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28 ' +
  '20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24 ' +
  '22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23 ' +
  '26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27 ' +
  '20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26 30';

/** The bits of each byte's code, by counting up within a length and over to the next. */
const CODES = codesOf(LENGTHS.split(' ').map(Number));

function codesOf(lengths: readonly number[]): string[] {
  const codes: string[] = [];
  let code = 0n;
  for (let bits = 1; bits <= 30; bits++) {
    code <<= 1n;
    for (const [byte, length] of lengths.entries())
      if (length === bits) codes[byte] = (code++).toString(2).padStart(bits, '0');
  }
  return codes;
}

function bytesOf(bits: string): Buffer {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

const encode = (text: string): Buffer =>
  bytesOf(Array.from(Buffer.from(text, 'latin1'), (byte) => CODES[byte]).join(''));
const decode = (bytes: Buffer): string | undefined => decodeHuffman(bytes, 0, bytes.length);

describe('the Huffman code', () => {
  it('is complete, and ends with the end of strings', () => {
    expect(CODES).toHaveLength(257);
    expect(CODES[256]).toBe('1'.repeat(30));
    expect([CODES[0x30], CODES[0x0d], CODES[0xff]]).toEqual([
      '00000',
      '1'.repeat(28) + '01',
      '11111111111111111111101110',
    ]);
  });

  it('gives back each byte, alone and among others', () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = String.fromCharCode(byte);
      expect(decode(encode(text))).toBe(text);
      expect(decode(encode(`a${text}X${text}${text}\n`))).toBe(`a${text}X${text}${text}\n`);
    }
  });

  it('gives back strings of any bytes, long ones too', () => {
    for (let round = 0; round < 200; round++) {
      const text = noise(roll(round < 190 ? 60 : 20_000, 'huffman', round), 'huffman', round).toString('latin1');
      expect(decode(encode(text))).toBe(text);
    }
  });

  it('reads no more than it is told to', () => {
    const bytes = Buffer.concat([Buffer.from([0]), encode('hello'), Buffer.from([0])]);
    expect(decodeHuffman(bytes, 1, bytes.length - 1)).toBe('hello');
    expect(decodeHuffman(bytes, 1, 1)).toBe('');
  });
});

describe('a code that is no string', () => {
  it('is padded with eight or more ones', () => {
    for (const text of ['a', 'ab', 'abcdefgh', '0:&!', '']) {
      const bytes = encode(text);
      expect(decode(bytes)).toBe(text);
      expect(decode(Buffer.concat([bytes, Buffer.from([0xff])]))).toBeUndefined();
      expect(decode(Buffer.concat([bytes, Buffer.alloc(3, 0xff)]))).toBeUndefined();
    }
  });

  it('is padded with anything but ones', () => {
    // The code of `a` is 00011; three bits are left.
    for (let padding = 0; padding < 8; padding++) {
      expect(decode(Buffer.from([(0b00011 << 3) | padding]))).toBe(padding === 7 ? 'a' : undefined);
    }
  });

  it('holds the end of strings', () => {
    for (const text of ['', 'a', 'abc']) {
      const bits = Array.from(Buffer.from(text), (byte) => CODES[byte]).join('');
      expect(decode(bytesOf(bits + CODES[256]!))).toBeUndefined();
      expect(decode(bytesOf(bits + CODES[256]! + CODES[0x61]!))).toBeUndefined();
    }
  });

  it('ends within a code, wherever that is cut', () => {
    for (const byte of [0x0a, 0x5c, 0x00, 0x7b]) {
      const code = CODES[byte]!;
      for (let cut = 8; cut < code.length; cut += 8) expect(decode(bytesOf(code.slice(0, cut)))).toBeUndefined();
    }
  });

  it('may be any garbage, and what is read of it is written the same', () => {
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 3000; round++) {
      const bytes = noise(1 + (round % 12), 'garbage', round);
      const text = decode(bytes);
      if (text === undefined) outcomes.refused++;
      else {
        outcomes.read++;
        expect(encode(text).equals(bytes)).toBe(true);
      }
    }
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(50);
  });
});
