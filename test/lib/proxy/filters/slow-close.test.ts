import { describe, expect, it } from 'vitest';
import { slowCloseFilter } from '../../../../src/lib/proxy/filters/slow-close.ts';
import { openStream, StreamDriver } from './machine-driver.ts';

const open = (params: unknown): StreamDriver => new StreamDriver(openStream(slowCloseFilter, params));

describe('slow_close', () => {
  it('delays the end, and no byte before it', () => {
    const driver = open({}).push(5).advance(10).push(6).end().advance(999);
    expect(driver.times).toEqual([0, 10]);
    expect(driver.ending).toBeUndefined();
    expect(driver.advance(1).ending).toMatchObject({ what: 'end', atMs: 1010 });
  });

  it('lets the end go when it is taken away', () => {
    expect(open({ delay: '10m' }).end().advance(3).remove().ending).toMatchObject({ what: 'end', atMs: 3 });
  });

  it('reports what was asked', () => {
    const { requested } = slowCloseFilter.bind({ delay: '2s', stream: 'both' });
    expect(requested).toEqual({ delayMs: 2000, stream: 'both', percent: 100 });
  });
});
