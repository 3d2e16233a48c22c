import { describe, expect, it } from 'vitest';
import { abortFilter } from '../../../../src/lib/proxy/filters/abort.ts';
import { requestView } from '../requests.ts';
import { diceOf, openStream, StreamDriver } from './machine-driver.ts';

describe('abort', () => {
  it('resets requests, and connections that have none', () => {
    const { filter, requested } = abortFilter.bind({});
    expect(requested).toEqual({ percent: 100 });
    expect(filter.request?.onRequest(requestView('GET', '/'), diceOf(0))).toEqual({ do: 'reset' });
    expect(filter.stream?.on).toBe('raw');
  });

  it('resets a connection at once, and only once', () => {
    const driver = new StreamDriver(openStream(abortFilter, {}, { direction: 'upstream' }));
    expect(driver.push(5).outputs.map(({ what, atMs }) => [what, atMs])).toEqual([['reset', 0]]);
    expect(abortFilter.bind({}).filter.stream?.open('downstream', diceOf(0), undefined)).toBeUndefined();
  });

  it.each([
    [{ match: { path: '/' } }, 'tcp', true],
    [{ match: { path: '/' } }, 'auto', false],
    [{}, 'tcp', false],
    [{}, 'http', false],
    [{}, 'udp', true],
  ] as const)('means nothing with %j on %s: %s', (params, protocol, misfits) => {
    expect(abortFilter.misfit(params, protocol) !== undefined).toBe(misfits);
  });
});
