import { describe, expect, it } from 'vitest';
import { delayFilter } from '../../../../src/lib/proxy/filters/delay.ts';
import { requestView } from '../requests.ts';
import { diceOf, StreamDriver } from './machine-driver.ts';

const request = requestView('GET', '/');
const act = (params: unknown) => delayFilter.bind(params).filter.request?.onRequest(request, diceOf(0));

describe('delay', () => {
  it('lets a request wait before its head is passed on', () => {
    expect(act({ delay: '250ms' })).toEqual({ do: 'delay', delayMs: 250 });
    expect(delayFilter.bind({ delay: '250ms' }).requested).toEqual({
      delayMs: 250,
      jitterMs: 0,
      distribution: 'uniform',
      at: 'head',
      percent: 100,
    });
  });

  it.each([
    [{}, 'downstream'],
    [{ stream: 'downstream' }, 'downstream'],
    [{ stream: 'upstream' }, 'upstream'],
  ] as const)('with %j delays each chunk of the body %s', (params, direction) => {
    const action = act({ at: 'body', delay: '40ms', ...params });
    expect(action).toMatchObject({ do: 'pace', direction });
    if (action?.do !== 'pace') return;
    const driver = new StreamDriver(action.open()).push(5).advance(10).push(6).end().advance(100);
    expect(driver.times).toEqual([40, 50]);
    expect(driver.ending).toMatchObject({ what: 'end', atMs: 50 });
  });

  it('refuses a stream that it would not look at, and knows the rules of all delays', () => {
    expect(delayFilter.params.safeParse({ stream: 'upstream' }).error?.issues[0]?.path).toEqual(['stream']);
    expect(delayFilter.params.safeParse({ at: 'body', stream: 'both' }).success).toBe(false);
    expect(delayFilter.params.safeParse({ distribution: 'empirical' }).error?.issues[0]?.path).toEqual(['samples']);
    expect(delayFilter.fileParams).toEqual(['samples']);
  });
});
