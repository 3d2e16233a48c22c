import { describe, expect, it } from 'vitest';
import { rstStreamFilter } from '../../../../src/lib/proxy/filters/rst-stream.ts';
import { requestView } from '../requests.ts';
import { diceOf } from './machine-driver.ts';

const act = (params: unknown) =>
  rstStreamFilter.bind(params).filter.request?.onRequest(requestView('GET', '/'), diceOf(0));

describe('rst_stream', () => {
  it('ends HTTP/2 requests, and looks at no others', () => {
    expect(rstStreamFilter.bind({}).filter.request?.only).toBe('http2');
    expect(act({})).toEqual({ do: 'reset-stream', code: 8, afterMessages: 0 });
  });

  it.each([
    ['REFUSED_STREAM', 7],
    ['ENHANCE_YOUR_CALM', 11],
    ['NO_ERROR', 0],
    [2, 2],
    [0xffff_ffff, 0xffff_ffff],
  ])('takes the code %s', (code, number) => {
    expect(act({ code, after: 3 })).toEqual({ do: 'reset-stream', code: number, afterMessages: 3 });
    expect(rstStreamFilter.bind({ code }).requested).toEqual({ code: number, after: 0, percent: 100 });
  });

  it.each([{ code: 'cancel' }, { code: 'toString' }, { code: -1 }, { code: 2 ** 32 }, { code: 1.5 }, { after: -1 }])(
    'refuses %j',
    (params) => {
      expect(rstStreamFilter.params.safeParse(params).success).toBe(false);
    },
  );

  it.each(['nothing', -1, 1.5, null])('says which codes there are when it is given %j', (code) => {
    const { error } = rstStreamFilter.params.safeParse({ code });
    expect(error?.issues[0]?.message).toContain('REFUSED_STREAM');
  });
});
