import { describe, expect, it } from 'vitest';
import { wsDelayFilter } from '../../../../src/lib/proxy/filters/ws-delay.ts';
import { diceOf } from './machine-driver.ts';

describe('ws_delay', () => {
  it('delays messages of WebSockets, in one direction or both', () => {
    const { message } = wsDelayFilter.bind({ delay: '30ms', stream: 'both' }).filter;
    expect([message?.on, message?.direction]).toEqual(['websocket', undefined]);
    expect(message?.onMessage({ direction: 'upstream', ordinal: 3, kind: 'text' }, diceOf(0))).toEqual({
      do: 'delay',
      delayMs: 30,
    });
    expect(wsDelayFilter.bind({}).filter.message?.direction).toBe('downstream');
  });

  it('knows the rules of all delays', () => {
    expect(wsDelayFilter.params.safeParse({ delay: '11m' }).error?.issues[0]?.path).toEqual(['delay']);
    expect(wsDelayFilter.params.safeParse({ distribution: 'empirical' }).error?.issues[0]?.path).toEqual(['samples']);
  });
});
