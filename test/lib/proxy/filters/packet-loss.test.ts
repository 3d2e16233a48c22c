import { describe, expect, it } from 'vitest';
import { packetLossFilter } from '../../../../src/lib/proxy/filters/packet-loss.ts';
import { DatagramDriver, diceOf, openDatagrams, openStream, StreamDriver } from './machine-driver.ts';

const COUNT = 100_000;

interface Losses {
  readonly share: number;
  readonly meanBurst: number;
}

/** What a long stream loses. */
function measure(params: unknown): Losses {
  const machine = openStream(packetLossFilter, params);
  const chunk = Buffer.from('x');
  let [lost, bursts, wasLost] = [0, 0, false];
  for (let i = 0; i < COUNT; i++) {
    const isLost = machine.onChunk(chunk, 0, diceOf(i))[0]?.do === 'drop';
    if (isLost) lost++;
    if (isLost && !wasLost) bursts++;
    wasLost = isLost;
  }
  return { share: lost / COUNT, meanBurst: lost / bursts };
}

describe('packet_loss', () => {
  it.each([
    [{}, 0.1, 1 / 0.9],
    [{ loss: '1%' }, 0.01, 1 / 0.99],
    [{ loss: '50%' }, 0.5, 2],
    [{ loss: '10%', correlation: '50%' }, 0.1, 1 / (0.5 * 0.9)],
    [{ loss: '20%', correlation: '90%' }, 0.2, 1 / (0.1 * 0.8)],
    [{ gilbertElliott: { p: '1%', r: '10%' } }, 1 / 11, 10],
    [{ gilbertElliott: { p: '5%', r: '20%', lossBad: '100%', lossGood: '0%' } }, 0.2, 5],
  ])('%j loses %d of all, in bursts of %d on average', (params, share, meanBurst) => {
    const measured = measure(params);
    expect(Math.abs(measured.share / share - 1)).toBeLessThan(0.1);
    expect(Math.abs(measured.meanBurst / meanBurst - 1)).toBeLessThan(0.1);
  });

  it('loses some in good times and not all in bad ones when asked to', () => {
    const { share } = measure({ gilbertElliott: { p: '10%', r: '30%', lossGood: '2%', lossBad: '60%' } });
    expect(Math.abs(share - (0.75 * 0.02 + 0.25 * 0.6))).toBeLessThan(0.01);
  });

  it.each([
    [{ loss: '0%' }, 0],
    [{ loss: '0%', correlation: '100%' }, 0],
    [{ loss: '100%' }, 1],
    [{ gilbertElliott: { p: '0%', r: '0%' } }, 0],
    [{ gilbertElliott: { p: '100%', r: '0%' } }, 1],
  ])('%j loses exactly %d of all', (params, share) => {
    expect(measure(params).share).toBe(share);
  });

  it('with full correlation loses all of a connection or nothing, and of many connections the share', () => {
    const { stream } = packetLossFilter.bind({ loss: '30%', correlation: '100%' }).filter;
    let lost = 0;
    for (let connection = 0; connection < 2000; connection++) {
      const machine = stream!.open('downstream', diceOf(connection), undefined)!;
      const fates = [0, 1, 2, 3, 4].map((i) => machine.onChunk(Buffer.from('x'), 0, diceOf(connection * 5 + i))[0]?.do);
      expect(new Set(fates).size).toBe(1);
      if (fates[0] === 'drop') lost++;
    }
    expect(Math.abs(lost / 2000 - 0.3)).toBeLessThan(0.04);
  });

  it('loses whole chunks, passes the others at once, and the end always', () => {
    const driver = new StreamDriver(openStream(packetLossFilter, { loss: '50%' }));
    for (let i = 0; i < 1000; i++) driver.push(7);
    driver.end();
    expect(driver.passed.length + driver.droppedBytes).toBe(7000);
    expect(driver.droppedBytes % 7).toBe(0);
    expect(driver.ending?.what).toBe('end');
  });

  it('loses datagrams', () => {
    const driver = new DatagramDriver(openDatagrams(packetLossFilter, { loss: '50%' }));
    for (let i = 0; i < 1000; i++) driver.push('x');
    expect(driver.outputs.length + driver.dropped).toBe(1000);
    expect(Math.abs(driver.dropped - 500)).toBeLessThan(80);
  });

  it('stays in its state when its parameters change', () => {
    const params = { gilbertElliott: { p: '100%', r: '0%' } };
    const carried = (() => {
      const machine = openStream(packetLossFilter, params);
      machine.onChunk(Buffer.from('x'), 0, diceOf(0));
      return machine.carry?.();
    })();
    const frozen = openStream(packetLossFilter, { gilbertElliott: { p: '0%', r: '0%' } }, { carried });
    expect(frozen.onChunk(Buffer.from('x'), 0, diceOf(1))).toEqual([{ do: 'drop', bytes: 1 }]);
  });

  it.each([
    [{ loss: '10%' }, { loss: 10, correlation: 0, stream: 'downstream', percent: 100 }],
    [
      { gilbertElliott: { p: '1%', r: '10%' }, stream: 'both' },
      { gilbertElliott: { p: 1, r: 10, lossGood: 0, lossBad: 100 }, stream: 'both', percent: 100 },
    ],
  ])('reports %j in percent', (params, requested) => {
    expect(packetLossFilter.bind(params).requested).toEqual(requested);
  });

  it.each([
    { loss: '10%', gilbertElliott: { p: '1%', r: '10%' } },
    { correlation: '10%', gilbertElliott: { p: '1%', r: '10%' } },
    { gilbertElliott: { p: '1%' } },
    { loss: '101%' },
    { loss: 0.1 },
  ])('refuses %j', (params) => {
    expect(packetLossFilter.params.safeParse(params).success).toBe(false);
  });
});
