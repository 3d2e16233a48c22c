import { describe, expect, it } from 'vitest';
import { duplicateFilter } from '../../../../src/lib/proxy/filters/duplicate.ts';
import { DatagramDriver, openDatagrams } from './machine-driver.ts';

const open = (params: unknown): DatagramDriver => new DatagramDriver(openDatagrams(duplicateFilter, params));

describe('duplicate', () => {
  it('sends a datagram twice, and says which is the copy', () => {
    const driver = open({}).push('a').push('b');
    expect(driver.text).toBe('aabb');
    expect(driver.outputs.map(({ copy }) => copy)).toEqual([false, true, false, true]);
  });

  it('sends more copies, after a delay', () => {
    const driver = open({ copies: 3, delay: '20ms' }).push('a').push('b');
    expect(driver.text).toBe('ab');
    expect(driver.advance(20).text).toBe('abaaabbb');
  });

  it.each([{ copies: 0 }, { copies: 11 }, { copies: 1.5 }, { delay: '11m' }])('refuses %j', (params) => {
    expect(duplicateFilter.params.safeParse(params).success).toBe(false);
  });

  it.each([
    ['udp', false],
    ['tcp', true],
    ['http', true],
    ['auto', true],
  ] as const)('means nothing on %s: %s', (protocol, misfits) => {
    expect(duplicateFilter.misfit({}, protocol) !== undefined).toBe(misfits);
  });
});
