import { describe, expect, it } from 'vitest';
import { MAX_HASHED_UNITS, Xxh64 } from '../../../src/lib/resilience/xxh64.ts';

describe('xxh64', () => {
  it.each([
    ['', 0, 'ef46db3751d8e999'],
    ['a', 0, 'd24ec4f1a98c6e5b'],
    ['abc', 0, '44bc2cf5ad770999'],
    ['Nobody inspects the spammish repetition', 0, 'fbcea83c8a378bf1'],
  ])('hashes %j with seed %d as published', (text, seed, hash) => {
    expect(new Xxh64().ofText(text, seed).toString()).toBe(hash);
  });

  it('agrees with 64-bit arithmetic on every length around the stripe, the word and the half word', () => {
    const hash = new Xxh64();
    for (let length = 0; length <= 130; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 167 + length * 13) & 0xff);
      for (const seed of [0, 1, 0xffff_ffff]) {
        const expected = reference(bytes, BigInt(seed)).toString(16).padStart(16, '0');
        expect(hash.ofBytes(bytes, seed).toString(), `${length} bytes, seed ${seed}`).toBe(expected);
      }
    }
  });

  it('hashes text as its UTF-8 bytes', () => {
    const hash = new Xxh64();
    for (const text of ['käse', '日本語', 'a🙂b', 'plain']) {
      const ofBytes = hash.ofBytes(new TextEncoder().encode(text)).toString();
      expect(hash.ofText(text).toString()).toBe(ofBytes);
    }
  });

  it('keeps nothing of the text before', () => {
    const hash = new Xxh64();
    hash.ofText('x'.repeat(100));
    expect(hash.ofText('abc').toString()).toBe('44bc2cf5ad770999');
  });

  it('looks at no more than the first part of a long text', () => {
    const hash = new Xxh64();
    const long = 'é'.repeat(MAX_HASHED_UNITS);
    expect(hash.ofText(`${long}tail`).toString()).toBe(hash.ofText(long).toString());
    const plain = 'e'.repeat(MAX_HASHED_UNITS);
    expect(hash.ofText(`${plain}tail`).toString()).toBe(hash.ofText(plain).toString());
  });
});

const [P1, P2, P3] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n];
const [P4, P5] = [0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n];

/** The specification word for word, in BigInt. */
function reference(bytes: Uint8Array, seed: bigint): bigint {
  const view = new DataView(bytes.buffer);
  let at = 0;
  let hash = seed + P5;
  if (bytes.length >= 32) {
    const lanes = [seed + P1 + P2, seed + P2, seed, seed - P1];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i]!, view.getBigUint64(at + 8 * i, true));
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotate(wrap(lanes[i]!), bits), 0n);
    for (const lane of lanes) hash = wrap((wrap(hash) ^ round(0n, lane)) * P1 + P4);
  }
  hash = wrap(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash = wrap(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  if (at + 4 <= bytes.length) {
    hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++) hash = wrap(rotate(hash ^ wrap(BigInt(bytes[at]!) * P5), 11n) * P1);
  hash = wrap((hash ^ (hash >> 33n)) * P2);
  hash = wrap((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotate(wrap(lane + wrap(input) * P2), 31n) * P1);
}

function rotate(value: bigint, bits: bigint): bigint {
  return wrap((value << bits) | (value >> (64n - bits)));
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
