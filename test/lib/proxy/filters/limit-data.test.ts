import { describe, expect, it } from 'vitest';
import { limitDataFilter } from '../../../../src/lib/proxy/filters/limit-data.ts';
import { openStream, StreamDriver } from './machine-driver.ts';

const machine = (bytes: string, carried?: unknown) => openStream(limitDataFilter, { bytes }, { carried });
const open = (bytes: string): StreamDriver => new StreamDriver(machine(bytes));

describe('limit_data', () => {
  it('passes so many bytes and closes, in the middle of a chunk', () => {
    const driver = open('10B').push(Buffer.from('abcdef')).advance(5).push(Buffer.from('ghijklm'));
    expect(driver.passed.toString()).toBe('abcdefghij');
    expect(driver.droppedBytes).toBe(3);
    expect(driver.ending).toMatchObject({ what: 'close', atMs: 5 });
  });

  it('closes when exactly so many bytes have gone on', () => {
    expect(open('6B').push(6).ending?.what).toBe('close');
    expect(open('7B').push(6).ending).toBeUndefined();
  });

  it('closes once, and drops what still comes', () => {
    const driver = open('1B').push(1).push(5).push(5);
    expect(driver.outputs.filter(({ what }) => what === 'close')).toHaveLength(1);
    expect(driver.droppedBytes).toBe(10);
  });

  it('with 0B closes at the first data', () => {
    const driver = open('0B').advance(10);
    expect(driver.outputs).toEqual([]);
    expect(driver.push(5).outputs.map(({ what }) => what)).toEqual(['close']);
  });

  it('lets the end of a shorter stream go on', () => {
    expect(open('10B').push(5).end().ending?.what).toBe('end');
  });

  it('goes on counting when its parameters change', () => {
    const driver = open('10B').push(8);
    driver.retune((carried) => machine('12B', carried)).push(8);
    expect(driver.passed).toHaveLength(12);
    expect(driver.ending?.what).toBe('close');
  });

  it('with less than has passed already closes at the next data', () => {
    const driver = open('10B').push(8);
    driver.retune((carried) => machine('5B', carried));
    expect(driver.ending).toBeUndefined();
    expect(driver.push(1).outputs.map(({ what }) => what)).toEqual(['bytes', 'close']);
  });

  it('needs a number of bytes', () => {
    expect(() => limitDataFilter.bind({})).toThrow();
    expect(() => limitDataFilter.bind({ bytes: '-1B' })).toThrow();
    expect(limitDataFilter.bind({ bytes: '1KiB' }).requested).toMatchObject({ bytes: 1024, stream: 'downstream' });
  });
});
