import { describe, expect, it } from 'vitest';
import { goawayFilter } from '../../../../src/lib/proxy/filters/goaway.ts';
import { requestView } from '../requests.ts';
import { diceOf } from './machine-driver.ts';

const act = (params: unknown) =>
  goawayFilter.bind(params).filter.request?.onRequest(requestView('GET', '/'), diceOf(0));

describe('goaway', () => {
  it('lets other requests end unless told otherwise, and looks at HTTP/2 only', () => {
    expect(goawayFilter.bind({}).filter.request?.only).toBe('http2');
    expect(act({})).toEqual({ do: 'goaway', code: 0, debug: '', cut: false });
  });

  it('takes code, debug text and cut', () => {
    const params = { code: 'ENHANCE_YOUR_CALM', debug: 'too_many_pings', cut: true };
    expect(act(params)).toEqual({ do: 'goaway', code: 11, debug: 'too_many_pings', cut: true });
    expect(goawayFilter.bind(params).requested).toEqual({ ...params, code: 11, percent: 100 });
  });

  it.each([{ code: 'CALM' }, { debug: 'x'.repeat(1025) }, { debug: 'é'.repeat(600) }, { cut: 'yes' }])(
    'refuses (%#)',
    (params) => {
      expect(goawayFilter.params.safeParse(params).success).toBe(false);
    },
  );
});
