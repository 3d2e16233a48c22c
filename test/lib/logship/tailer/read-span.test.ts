import { describe, expect, it } from 'vitest';
import { readSpanBytes, trailingNulBytes } from '../../../../src/lib/logship/tailer/read-span.ts';

describe('how much is read', () => {
  it.each<[offset: number, limit: number, bytes: number]>([
    [0, 262_144, 262_144],
    [4096, 262_144, 262_144],
    [100, 262_144, 262_044],
    [4095, 262_144, 1],
    [4083, 262_144, 13],
    [4082, 262_144, 262_144 - 4082],
    [100, 1000, 1000],
    [4090, 3, 3],
    [0, 0, 0],
  ])('at %i with room for %i: %i', (offset, limit, bytes) => expect(readSpanBytes(offset, limit)).toBe(bytes));

  it('goes beyond what was read before, though that ends at a page boundary', () => {
    expect(readSpanBytes(4090, 8192, 4096)).toBe(8192 - 4090);
    expect(readSpanBytes(4090, 100, 4096)).toBe(100);
  });

  it('never exceeds the limit, is never nothing, and leads to a page boundary', () => {
    for (let offset = 0; offset < 12_288; offset++) {
      const bytes = readSpanBytes(offset, 16_384);
      expect(bytes > 0 && bytes <= 16_384 && (offset + bytes) % 4096 === 0).toBe(true);
    }
  });
});

describe('NULs at the end', () => {
  it.each([
    ['', 0],
    ['a\n', 0],
    ['a\0b', 0],
    ['a\n\0\0\0', 3],
    ['\0\0', 2],
  ])('of %j are %i', (text, nuls) => expect(trailingNulBytes(Buffer.from(text))).toBe(nuls));
});
