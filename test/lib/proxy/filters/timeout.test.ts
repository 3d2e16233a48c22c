import { describe, expect, it } from 'vitest';
import { timeoutFilter } from '../../../../src/lib/proxy/filters/timeout.ts';
import { openStream, StreamDriver } from './machine-driver.ts';

const machine = (params: unknown, carried?: unknown) => openStream(timeoutFilter, params, { carried });
const open = (params: unknown): StreamDriver => new StreamDriver(machine(params));

describe('timeout', () => {
  it('closes a connection on which nothing comes', () => {
    expect(open({ timeout: '5s' }).advance(10_000).ending).toMatchObject({ what: 'close', atMs: 5000 });
  });

  it('drops all data, and begins anew with each chunk', () => {
    const driver = open({ timeout: '5s' });
    driver.advance(4000).push(10).advance(4000).push(20).advance(4999);
    expect(driver.outputs).toEqual([]);
    expect(driver.droppedBytes).toBe(30);
    expect(driver.advance(1).ending).toMatchObject({ what: 'close', atMs: 13_000 });
  });

  it('with 0 never closes by itself, and lets the end go on', () => {
    const driver = open({}).push(10).advance(10_000_000);
    expect(driver.outputs).toEqual([]);
    expect(driver.end().ending?.what).toBe('end');
  });

  it('closes a connection that has lost data when it is taken away (C11)', () => {
    expect(open({}).push(10).advance(50).remove().ending).toMatchObject({ what: 'close', atMs: 50 });
    expect(open({ timeout: '1m' }).push(10).advance(50).remove().ending).toMatchObject({ what: 'close', atMs: 50 });
  });

  it('never shows an end before its close, which the end does not put off', () => {
    const driver = open({ timeout: '5s' }).push(10).advance(1000).end().advance(3999);
    expect(driver.outputs).toEqual([]);
    driver.advance(10_000);
    expect(driver.outputs.map(({ what, atMs }) => [what, atMs])).toEqual([['close', 5000]]);
  });

  it('lets the end go when it is taken away before the close', () => {
    const driver = open({ timeout: '5s' }).end().advance(10).remove();
    expect(driver.outputs.map(({ what, atMs }) => [what, atMs])).toEqual([
      ['end', 10],
      ['close', 10],
    ]);
  });

  it('counts the time from the same chunk when its parameters change', () => {
    const driver = open({ timeout: '1m' }).advance(1000).push(1).advance(1000);
    driver.retune((carried) => machine({ timeout: '5s' }, carried)).advance(60_000);
    expect(driver.ending).toMatchObject({ what: 'close', atMs: 6000 });
  });

  it('closes at once when its new time is over already', () => {
    const driver = open({ timeout: '1m' }).advance(30_000);
    driver.retune((carried) => machine({ timeout: '5s' }, carried)).advance(0);
    expect(driver.ending).toMatchObject({ what: 'close', atMs: 30_000 });
  });
});
