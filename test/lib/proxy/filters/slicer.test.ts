import { describe, expect, it } from 'vitest';
import { slicerFilter } from '../../../../src/lib/proxy/filters/slicer.ts';
import { openStream, StreamDriver } from './machine-driver.ts';

const open = (params: unknown, seed = 1): StreamDriver => new StreamDriver(openStream(slicerFilter, params, { seed }));

describe('slicer', () => {
  it('cuts a chunk into pieces that go on one after another', () => {
    const driver = open({ averageSize: '4B', delay: '10ms' }).push(Buffer.from('abcdefghij')).end().advance(100);
    expect(driver.outputs.map(({ bytes, atMs }) => [bytes.toString(), atMs])).toEqual([
      ['abcd', 0],
      ['efgh', 10],
      ['ij', 20],
      ['', 20],
    ]);
    expect(driver.flags.delayed).toBe(2);
  });

  it('makes a pause between chunks, too, but none after a pause of the sender', () => {
    const driver = open({ averageSize: '4B', delay: '10ms' }).push(5).push(3).advance(500).push(1).advance(0);
    expect(driver.times).toEqual([0, 10, 20, 500]);
  });

  it('without a delay passes the pieces at once', () => {
    const driver = open({ averageSize: '100B' }).push(1050).advance(0);
    expect(driver.pieces).toEqual([...Array<number>(10).fill(100), 50]);
    expect(driver.flags.delayed).toBe(10);
  });

  it('does nothing to chunks that are no larger than a piece', () => {
    const driver = open({ averageSize: '100B' }).push(100).advance(1).push(7);
    expect([driver.pieces, driver.times, driver.flags.delayed]).toEqual([[100, 7], [0, 1], 0]);
  });

  it('varies the size evenly, within the variation', () => {
    const driver = open({ averageSize: '10B', sizeVariation: '9B' }).push(200_000).advance(0);
    const pieces = driver.pieces.slice(0, -1);
    expect(new Set(pieces)).toEqual(new Set(Array.from({ length: 19 }, (_, i) => i + 1)));
    const mean = pieces.reduce((sum, size) => sum + size, 0) / pieces.length;
    expect(Math.abs(mean - 10)).toBeLessThan(0.3);
  });

  it('takes the same sizes for the same seed, however the bytes came and when', () => {
    const params = { averageSize: '50B', sizeVariation: '40B' };
    const sizes = (driver: StreamDriver): number[] => driver.pieces.slice(0, 30);
    const whole = open(params).push(60_000).advance(0);
    const later = open({ ...params, delay: '3ms' })
      .push(60_000)
      .advance(10_000);
    expect(sizes(later)).toEqual(sizes(whole));
    expect(sizes(open(params, 2).push(60_000))).not.toEqual(sizes(whole));
  });

  it('keeps what is more than it may ask for at once, and says how much', () => {
    const machine = openStream(slicerFilter, { averageSize: '1B' });
    const driver = new StreamDriver(machine).push(1000);
    expect(machine.queuedBytes).toBe(1000 - 63);
    driver.push(500).end();
    expect(machine.queuedBytes).toBe(1500 - 63);
    driver.advance(0);
    expect(machine.queuedBytes).toBe(0);
    expect(driver.pieces).toHaveLength(1500);
    expect(driver.outputs.at(-1)?.what).toBe('end');
  });

  it('gives up what it keeps when it is taken away, in order, and the end behind it', () => {
    const driver = open({ averageSize: '1B', delay: '1s' })
      .push(Buffer.from('x'.repeat(100)))
      .push(Buffer.from('y'));
    driver.end().advance(5000).remove();
    expect(driver.passed.toString()).toBe(`${'x'.repeat(100)}y`);
    expect(driver.outputs.at(-1)).toMatchObject({ what: 'end', atMs: 5000 });
  });

  it('without a size, with none, or with one that could become none is refused (C1, C4, C6)', () => {
    for (const params of [
      {},
      { averageSize: '0B' },
      { averageSize: '2B', sizeVariation: '50B' },
      { averageSize: '2B', sizeVariation: '2B' },
      { averageSize: '1B', sizeVariation: '-5B' },
    ]) {
      expect(slicerFilter.params.safeParse(params).success).toBe(false);
    }
    const { error } = slicerFilter.params.safeParse({ averageSize: '2B', sizeVariation: '2B' });
    expect(error?.issues).toMatchObject([{ path: ['sizeVariation'], message: 'expected less than `averageSize`' }]);
  });
});
