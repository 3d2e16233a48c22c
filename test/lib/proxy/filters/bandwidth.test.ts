import { describe, expect, it } from 'vitest';
import { bandwidthFilter } from '../../../../src/lib/proxy/filters/bandwidth.ts';
import type { StreamAction } from '../../../../src/lib/proxy/filter.ts';
import { DatagramDriver, diceOf, openDatagrams, openStream, StreamDriver } from './machine-driver.ts';

const open = (params: unknown): StreamDriver => new StreamDriver(openStream(bandwidthFilter, params));

/** Two connections under one fault. */
function openTwo(params: unknown): [StreamDriver, StreamDriver] {
  const { stream } = bandwidthFilter.bind(params).filter;
  const make = (): StreamDriver => new StreamDriver(stream!.open('downstream', diceOf(0), undefined)!);
  return [make(), make()];
}

const bytesBy = (driver: StreamDriver, atMs: number): number =>
  driver.outputs.filter((output) => output.atMs <= atMs).reduce((sum, { bytes }) => sum + bytes.length, 0);

describe('bandwidth', () => {
  it('passes bytes at its rate, smoothly, and the end behind them', () => {
    const driver = open({ rate: '100kB/s' }).push(50_000).push(50_000).end().advance(2000);
    expect(driver.passed).toHaveLength(100_000);
    expect(driver.ending).toMatchObject({ what: 'end' });
    expect(driver.ending?.atMs).toBeCloseTo(1000, 6);
    for (let atMs = 20; atMs < 1000; atMs += 7) {
      expect(bytesBy(driver, atMs)).toBeLessThanOrEqual(atMs * 100 + 1);
      expect(bytesBy(driver, atMs)).toBeGreaterThanOrEqual((atMs - 20) * 100 - 1);
    }
    expect(driver.flags).toEqual({ delayed: 0, paced: driver.pieces.length });
  });

  it('keeps its rate when the sender is slower than the line, and sends nothing ahead after a pause', () => {
    const driver = open({ rate: '100kB/s' });
    driver.push(100).advance(5000).push(4000).advance(100);
    expect(driver.times[0]).toBeCloseTo(1, 6);
    expect(driver.times.at(-1)).toBeCloseTo(5040, 6);
    expect(bytesBy(driver, 5010)).toBe(100);
  });

  it('makes up for late timers, but never for more than a moment', () => {
    const late = openStream(bandwidthFilter, { rate: '100kB/s' });
    /** When the piece passes that a machine sends at that time. */
    const passesAt = (actions: readonly StreamAction[]): number => {
      const [action] = actions;
      return action?.do === 'pass' ? action.atMs : NaN;
    };
    expect(passesAt(late.onChunk(Buffer.alloc(100_000), 0, diceOf(0)))).toBeCloseTo(20, 6);
    expect(passesAt(late.onTimer?.(23) ?? [])).toBeCloseTo(40, 6);
    expect(passesAt(late.onTimer?.(90) ?? [])).toBeCloseTo(60, 6);
    expect(passesAt(late.onTimer?.(91) ?? [])).toBeCloseTo(80, 6);
    expect(passesAt(late.onTimer?.(60_000) ?? [])).toBeCloseTo(59_920, 6);
  });

  it('passes small chunks together, and large ones in pieces', () => {
    const driver = open({ rate: '1MB/s' });
    for (let i = 0; i < 1000; i++) driver.push(10);
    driver.push(70_000).end().advance(80);
    expect(driver.passed).toHaveLength(80_000);
    expect(driver.ending?.atMs).toBeCloseTo(80, 6);
    expect(Math.max(...driver.pieces)).toBeLessThanOrEqual(20_000);
  });

  it('goes as slowly as a byte in a second', () => {
    const driver = open({ rate: '1B/s' }).push(3).advance(2999);
    expect(driver.pieces).toEqual([1, 1]);
    expect(driver.advance(1).pieces).toEqual([1, 1, 1]);
  });

  it('is for each connection by itself', () => {
    const [a, b] = openTwo({ rate: '10kB/s' });
    a.push(10_000).advance(1000);
    b.push(10_000).advance(1000);
    expect([a.passed.length, b.passed.length]).toEqual([10_000, 10_000]);
  });

  it('when shared is for all connections together, which take turns', () => {
    const [a, b] = openTwo({ rate: '10kB/s', shared: true });
    a.push(100_000);
    b.push(5000);
    for (let atMs = 0; atMs < 1000; atMs += 10) {
      a.advance(10);
      b.advance(10);
    }
    expect(a.passed.length + b.passed.length).toBeLessThanOrEqual(10_000);
    expect(a.passed.length + b.passed.length).toBeGreaterThan(9500);
    expect(Math.abs(a.passed.length - b.passed.length)).toBeLessThanOrEqual(400);
  });

  it('when shared takes turns also with one that has very many small chunks', () => {
    const [a, b] = openTwo({ rate: '10kB/s', shared: true });
    for (let i = 0; i < 1000; i++) a.push(100);
    b.push(1000).advance(240);
    expect(b.passed).toHaveLength(1000);
  });

  it('asks for its timer once, however many chunks come meanwhile', () => {
    const machine = openStream(bandwidthFilter, { rate: '1kB/s' });
    const actionsOf = (atMs: number) => machine.onChunk(Buffer.alloc(20), atMs, diceOf(0)).map((action) => action.do);
    expect([actionsOf(0), actionsOf(1), actionsOf(2), actionsOf(3)]).toEqual([['pass'], ['wake'], [], []]);
  });

  it('when shared loses no more than a piece to a connection that is closed', () => {
    const [a, b] = openTwo({ rate: '10kB/s', shared: true });
    a.push(100_000);
    b.push(1000).advance(200);
    expect(b.passed).toHaveLength(1000);
  });

  it('stalls at 0B/s while it is in force, and lets everything go afterwards (C3)', () => {
    const driver = open({ rate: '0B/s' }).push(10).push(20).end().advance(600_000);
    expect(driver.outputs).toEqual([]);
    expect(driver.remove().pieces).toEqual([10, 20]);
    expect(driver.ending?.what).toBe('end');
  });

  it('gives up what it keeps when it is taken away, in order', () => {
    const driver = open({ rate: '1kB/s' })
      .push(Buffer.from('abc'.repeat(1000)))
      .push(Buffer.from('def'))
      .end();
    driver.advance(500);
    const before = driver.passed.length;
    expect(before).toBeGreaterThan(0);
    expect(driver.waitingBytes).toBe(3003 - before);
    driver.remove();
    expect(driver.passed.toString()).toBe(`${'abc'.repeat(1000)}def`);
    expect(driver.ending).toMatchObject({ what: 'end', atMs: 500 });
    expect(driver.outputs.at(-1)?.what).toBe('end');
  });

  it('passes datagrams whole, and drops those that would wait longer than a second', () => {
    const driver = new DatagramDriver(openDatagrams(bandwidthFilter, { rate: '1kB/s' }));
    for (let i = 0; i < 30; i++) driver.push(Buffer.alloc(100));
    expect(driver.dropped).toBe(30 - 11);
    driver.advance(1099.9);
    expect(driver.outputs.map(({ bytes }) => bytes.length)).toEqual(Array(10).fill(100));
    expect(driver.advance(0.2).outputs).toHaveLength(11);
    expect(driver.push(Buffer.alloc(500)).advance(500).outputs.at(-1)?.bytes).toHaveLength(500);
  });

  it('loses every datagram at 0B/s', () => {
    const driver = new DatagramDriver(openDatagrams(bandwidthFilter, { rate: '0B/s' })).push('x');
    expect([driver.dropped, driver.outputs.length]).toEqual([1, 0]);
  });

  it.each([{}, { rate: '-1B/s' }, { rate: '10KiB' }, { rate: 1000 }, { rate: '1kB/s', shared: 'yes' }])(
    'refuses %j',
    (params) => {
      expect(() => bandwidthFilter.bind(params)).toThrow();
    },
  );

  it('reports bytes per second', () => {
    expect(bandwidthFilter.bind({ rate: '64KiB/s' }).requested).toEqual({
      bytesPerSecond: 65_536,
      shared: false,
      stream: 'downstream',
      percent: 100,
    });
  });
});
