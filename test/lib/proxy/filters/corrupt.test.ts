import { describe, expect, it } from 'vitest';
import { corruptFilter } from '../../../../src/lib/proxy/filters/corrupt.ts';
import { flipBits } from '../../../../src/lib/proxy/filters/flip-bits.ts';
import { DatagramDriver, diceOf, openDatagrams, openStream, StreamDriver } from './machine-driver.ts';

const SIZE = 65_536;

/** The bits in which the two differ, for each byte that does. */
function differences(before: Buffer, after: Buffer): number[] {
  return [...before].map((byte, i) => byte ^ after[i]!).filter((bits) => bits !== 0);
}

const isOneBit = (bits: number): boolean => (bits & (bits - 1)) === 0;

describe('corrupt', () => {
  it.each([0.0001, 0.001, 0.01, 0.2])('changes a share of %d of the bytes, one bit in each', (ratio) => {
    const bytes = Buffer.alloc(SIZE, 0x5a);
    let changed = 0;
    const chunks = 60;
    for (let i = 0; i < chunks; i++) {
      const flipped = flipBits(bytes, ratio, diceOf(i));
      const bits = differences(bytes, flipped.bytes);
      expect(bits.length).toBe(flipped.changed);
      expect(bits.every(isOneBit)).toBe(true);
      changed += flipped.changed;
    }
    const expected = SIZE * chunks * ratio;
    expect(Math.abs(changed - expected)).toBeLessThan(5 * Math.sqrt(expected));
    expect(bytes.every((byte) => byte === 0x5a)).toBe(true);
  });

  it('changes every byte at 100%, none at 0%, and any of the eight bits', () => {
    const bytes = Buffer.alloc(SIZE);
    const all = flipBits(bytes, 1, diceOf(0));
    expect(all.changed).toBe(SIZE);
    expect(new Set(all.bytes)).toEqual(new Set([1, 2, 4, 8, 16, 32, 64, 128]));
    expect(flipBits(bytes, 0, diceOf(0))).toEqual({ bytes, changed: 0 });
  });

  it('changes bytes anywhere in a chunk alike', () => {
    const hits = new Array<number>(8).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const { bytes } = flipBits(Buffer.alloc(8), 0.1, diceOf(i));
      for (const [place, byte] of bytes.entries()) if (byte !== 0) hits[place]!++;
    }
    for (const count of hits) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(1800));
  });

  it('passes a chunk in which nothing is changed without a copy', () => {
    const chunk = Buffer.alloc(10);
    expect(flipBits(chunk, 1e-9, diceOf(0)).bytes).toBe(chunk);
    expect(flipBits(Buffer.alloc(0), 1, diceOf(0)).changed).toBe(0);
  });

  it('changes the same bytes for the same seed', () => {
    const run = (seed: number): Buffer =>
      new StreamDriver(openStream(corruptFilter, { bytes: '1%' }), seed).push(Buffer.alloc(5000)).passed;
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('passes everything at once, and counts what it changed', () => {
    const driver = new StreamDriver(openStream(corruptFilter, { bytes: '1%' }));
    const sent = Buffer.alloc(SIZE, 1);
    driver.push(sent).end();
    expect(driver.passed).toHaveLength(SIZE);
    expect(driver.changedBytes).toBe(differences(sent, driver.passed).length);
    expect(driver.changedBytes).toBeGreaterThan(500);
    expect(driver.ending).toMatchObject({ what: 'end', atMs: 0 });
  });

  it('changes datagrams', () => {
    const driver = new DatagramDriver(openDatagrams(corruptFilter, { bytes: '100%' })).push('aaaa');
    expect(driver.changedBytes).toBe(4);
    expect(driver.outputs[0]?.bytes).toHaveLength(4);
  });

  it('changes a byte in ten thousand unless told otherwise', () => {
    expect(corruptFilter.bind({}).requested).toEqual({ bytesPercent: 0.01, stream: 'downstream', percent: 100 });
  });
});
