import { describe, expect, it } from 'vitest';
import { errorFilter } from '../../../../src/lib/proxy/filters/error.ts';
import { requestView } from '../requests.ts';
import { diceOf } from './machine-driver.ts';

const act = (params: unknown) => errorFilter.bind(params).filter.request?.onRequest(requestView('GET', '/'), diceOf(0));

describe('error', () => {
  it('answers 503 without a body unless told otherwise', () => {
    expect(act({})).toEqual({ do: 'respond', status: 503, headers: [], body: Buffer.alloc(0) });
    expect(errorFilter.bind({}).requested).toEqual({ status: 503, percent: 100 });
  });

  it('sends a body as plain text unless a type is given', () => {
    expect(act({ body: 'x' })).toMatchObject({ headers: [['content-type', 'text/plain; charset=utf-8']] });
    expect(act({ body: '{}', headers: { 'Content-Type': 'application/json' } })).toMatchObject({
      headers: [['Content-Type', 'application/json']],
    });
  });

  it.each([
    { status: 200 },
    { status: 600 },
    { status: 503.5 },
    { status: '503' },
    { body: 5 },
    { headers: { 'X-A': 'b\r\nX-C: d' } },
    { headers: { 'X-A': 'b\nX-C: d' } },
    { headers: { 'X-A': 'b\0' } },
    { headers: { 'X-A\r\nX-C': 'd' } },
    { headers: { 'X-A': '\u0100' } },
    { headers: { 'Content-Length': '5' } },
    { headers: { 'transfer-encoding': 'chunked' } },
    { headers: { Connection: 'close' } },
    { headers: { 'X-A': 'b', 'x-a': 'c' } },
    { headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, ''])) },
    { body: 'x'.repeat(2 ** 20 + 1) },
  ])('refuses (%#)', (params) => {
    expect(() => errorFilter.bind(params)).toThrow();
  });
});
