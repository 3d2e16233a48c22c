import { describe, expect, it } from 'vitest';
import { requestKey } from '../../../src/lib/proxy/request-key.ts';
import { requestView } from './requests.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

describe('the key of a request', () => {
  it.each<[string, Record<string, string>, string]>([
    [
      'the member chaos.request of its baggage',
      { baggage: 'chaos.run=r,chaos.request=17', traceparent: TRACEPARENT },
      '17',
    ],
    ['that member with blanks and properties', { baggage: 'a=b , chaos.request = 17 ;ttl=5, c=d' }, '17'],
    ['the trace id, when the baggage has no such member', { baggage: 'chaos.run=r', traceparent: TRACEPARENT }, TRACE],
    [
      'the trace id, when only a longer name is like it',
      { baggage: 'chaos.requests=1', traceparent: TRACEPARENT },
      TRACE,
    ],
    ['the trace id of a later version', { traceparent: `cc-${TRACE}-00f067aa0ba902b7-01-more` }, TRACE],
    ['method and path, when there is no trace', {}, 'GET /a/b'],
    [
      'method and path, when the trace is all zero',
      { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
      'GET /a/b',
    ],
    ['method and path, when the trace is malformed', { traceparent: `00-${TRACE}` }, 'GET /a/b'],
  ])('is %s', (_what, headers, key) => {
    expect(requestKey(requestView('GET', '/a/b', headers))).toBe(key);
  });

  it('stays short and tells apart what was long', () => {
    const keyOf = (path: string): string => requestKey(requestView('GET', path));
    const long = `/${'x'.repeat(60_000)}`;
    expect(keyOf(long).length).toBeLessThan(300);
    expect(keyOf(long)).not.toBe(keyOf(`${long}y`));
  });
});
