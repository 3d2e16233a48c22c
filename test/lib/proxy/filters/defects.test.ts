import { describe, expect, it } from 'vitest';
import { lookupFilterKind } from '../../../../src/lib/proxy/filter-registry.ts';
import { openStream, StreamDriver } from './machine-driver.ts';

/** Parameters and traffic that bring other fault-injecting proxies down, or that they take without a word. */

const kindOf = (kind: string) => lookupFilterKind(kind)!;
const run = (kind: string, params: unknown): StreamDriver => new StreamDriver(openStream(kindOf(kind), params));

describe('parameters that would hang or kill a proxy are refused, by name', () => {
  it.each<[string, string, object, string]>([
    ['C1', 'slicer', {}, 'averageSize'],
    ['C2', 'bandwidth', { rate: '-1B/s' }, 'rate'],
    ['C3', 'bandwidth', {}, 'rate'],
    ['C4', 'slicer', { averageSize: '2B', sizeVariation: '50B' }, 'sizeVariation'],
    ['C5', 'latency', { jitter: '4611686018427387905ms' }, 'jitter'],
    ['C6', 'slicer', { averageSize: '1B', sizeVariation: '-5B' }, 'sizeVariation'],
    ['C7', 'latency', { percent: '700%' }, 'percent'],
    ['C7', 'latency', { percent: '-1%' }, 'percent'],
    ['C7', 'latency', { delay: '-100ms' }, 'delay'],
  ])('%s: %s %j', (_name, kind, params, path) => {
    expect(
      kindOf(kind)
        .params.safeParse(params)
        .error?.issues.map((issue) => issue.path.join('.')),
    ).toEqual([path]);
  });

  it('C7: a parameter with a slip of the keyboard in its name', () => {
    const { error } = kindOf('latency').params.safeParse({ delayy: '1s' });
    expect(error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['delayy'] }]);
  });
});

describe('what is asked for happens', () => {
  it('C1: the smallest pieces of the largest chunk come through in bounded steps', () => {
    const driver = run('slicer', { averageSize: '1B' }).push(65_536).advance(0);
    expect(driver.pieces).toHaveLength(65_536);
  });

  it('C3: a rate of nothing stalls while it is in force, and no longer', () => {
    const driver = run('bandwidth', { rate: '0B/s' }).push(6).advance(1_000_000);
    expect(driver.outputs).toEqual([]);
    expect(driver.remove().passed).toHaveLength(6);
  });

  it('C4: the widest variation there can be', () => {
    const driver = run('slicer', { averageSize: '2B', sizeVariation: '1B' }).push(4000).end().advance(0);
    expect(driver.passed).toHaveLength(4000);
    expect(driver.ending?.what).toBe('end');
  });

  it('C5: the widest jitter there can be', () => {
    const driver = run('latency', { jitter: '10m', stream: 'both' }).push(5).push(5).advance(600_000);
    expect(driver.passed).toHaveLength(10);
  });

  it('C8: a reset is a reset, not an end', () => {
    expect(
      run('reset_peer', {})
        .push(1)
        .outputs.map(({ what }) => what),
    ).toEqual(['reset']);
  });

  it('C11: a connection whose data a timeout has swallowed is closed when the fault is taken away', () => {
    expect(
      run('timeout', {})
        .push(1)
        .remove()
        .outputs.map(({ what }) => what),
    ).toEqual(['close']);
  });

  it('C15: a pending reset does not keep the fault from being taken away', () => {
    const driver = run('reset_peer', { timeout: '6s' }).push(1).advance(500).remove();
    expect(driver.outputs).toMatchObject([{ what: 'bytes', atMs: 500 }]);
    expect(driver.advance(10_000).ending).toBeUndefined();
  });
});
