import { describe, expect, it } from 'vitest';
import { resetPeerFilter } from '../../../../src/lib/proxy/filters/reset-peer.ts';
import { diceOf, openStream, StreamDriver } from './machine-driver.ts';

const machine = (params: unknown, carried?: unknown) => openStream(resetPeerFilter, params, { carried });
const open = (params: unknown): StreamDriver => new StreamDriver(machine(params));
const endings = (driver: StreamDriver): unknown[] => driver.outputs.map(({ what, atMs }) => [what, atMs]);

describe('reset_peer', () => {
  it('resets at the first chunk, not with an end (C8)', () => {
    expect(endings(open({}).advance(70).push(10))).toEqual([['reset', 70]]);
  });

  it('resets at the end when no chunk came', () => {
    expect(endings(open({ timeout: '1s' }).advance(70).end().advance(5000))).toEqual([['reset', 1070]]);
  });

  it('holds the bytes until then, and chunks do not put it off', () => {
    const driver = open({ timeout: '1s' }).push(10).advance(900).push(20).end().advance(99);
    expect(driver.outputs).toEqual([]);
    expect(driver.waitingBytes).toBe(30);
    expect(endings(driver.advance(1))).toEqual([['reset', 1000]]);
  });

  it('sets the reset before the bytes, once', () => {
    const reset = machine({ timeout: '1s' });
    const [a, b] = [Buffer.from('a'), Buffer.from('b')];
    expect(reset.onChunk(a, 10, diceOf(0))).toEqual([
      { do: 'reset', atMs: 1010 },
      { do: 'hold', bytes: a },
    ]);
    expect(reset.onChunk(b, 20, diceOf(1))).toEqual([{ do: 'hold', bytes: b }]);
  });

  it('does nothing to a connection without data', () => {
    expect(open({}).advance(600_000).outputs).toEqual([]);
  });

  it('lets the bytes and the end go when it is taken away in time, and resets nothing', () => {
    const driver = open({ timeout: '6s' }).push(10).push(20).end().advance(100).remove().advance(10_000);
    expect(driver.pieces).toEqual([10, 20]);
    expect(driver.outputs.at(-1)).toMatchObject({ what: 'end', atMs: 100 });
  });

  it('counts from the same chunk when its parameters change', () => {
    const driver = open({ timeout: '1m' }).advance(500).push(10).advance(500);
    driver.retune((carried) => machine({ timeout: '2s' }, carried)).advance(60_000);
    expect(driver.ending).toMatchObject({ what: 'reset', atMs: 2500 });
  });
});
