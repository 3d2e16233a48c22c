import { describe, expect, it } from 'vitest';
import { wsCloseFilter } from '../../../../src/lib/proxy/filters/ws-close.ts';
import { diceOf } from './machine-driver.ts';

/** What happens to the first messages of a WebSocket. */
function fates(params: unknown): (string | undefined)[] {
  const { message } = wsCloseFilter.bind(params).filter;
  return [0, 1, 2, 3].map(
    (ordinal) => message?.onMessage({ direction: 'downstream', ordinal, kind: 'text' }, diceOf(0))?.do,
  );
}

describe('ws_close', () => {
  it('closes in place of the first message, with an internal error', () => {
    const { message } = wsCloseFilter.bind({}).filter;
    expect([message?.on, message?.direction]).toEqual(['websocket', 'downstream']);
    const first = { direction: 'downstream', ordinal: 0, kind: 'text' } as const;
    expect(message?.onMessage(first, diceOf(0))).toEqual({ do: 'close', code: 1011, reason: '' });
  });

  it('lets so many messages pass, and closes a WebSocket that has had more at its next', () => {
    expect(fates({ after: 2 })).toEqual([undefined, undefined, 'close', 'close']);
  });

  it('reports what was asked', () => {
    const { requested } = wsCloseFilter.bind({ code: 4000, reason: 'test', after: 1, stream: 'both' });
    expect(requested).toEqual({ code: 4000, reason: 'test', after: 1, stream: 'both', percent: 100 });
  });

  it.each([1000, 1003, 1007, 1014, 3000, 4999])('takes the code %d', (code) => {
    expect(wsCloseFilter.params.safeParse({ code }).success).toBe(true);
  });

  it.each([
    { code: 999 },
    { code: 1004 },
    { code: 1005 },
    { code: 1006 },
    { code: 1015 },
    { code: 2999 },
    { code: 5000 },
    { code: '1000' },
    { reason: 'x'.repeat(124) },
    { reason: 'é'.repeat(62) },
    { after: -1 },
  ])('refuses (%#)', (params) => {
    expect(wsCloseFilter.params.safeParse(params).success).toBe(false);
  });
});
