import { describe, expect, it } from 'vitest';
import { createHeads, traceparentOf } from '../../../../src/lib/experiment/load/request-head.ts';

const IDENTITY = { run: 'r-7f3a', seed: 42 };

function headOf(
  template: { url?: string; method?: string; headers?: Record<string, string>; bodyBytes?: number },
  index = 0,
): [string, string][] {
  const { url = 'http://shop.test:8080/a', method = 'GET', headers = {}, bodyBytes } = template;
  const flat = createHeads({ url: new URL(url), method, headers, bodyBytes }, IDENTITY)(index);
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
}

const valueOf = (head: [string, string][], name: string) =>
  head.filter(([known]) => known === name).map(([, value]) => value);

describe('the traceparent of an arrival', () => {
  it('is valid, sampled, and its own', () => {
    const all = Array.from({ length: 2_000 }, (_, index) => traceparentOf(IDENTITY, index));
    for (const value of all) expect(value).toMatch(/^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-01$/);
    expect(new Set(all.map((value) => value.slice(3, 35))).size).toBe(2_000);
    expect(new Set(all.map((value) => value.slice(36, 52))).size).toBe(2_000);
  });

  it('can be named again later, and differs from run to run', () => {
    expect(traceparentOf(IDENTITY, 7)).toBe(traceparentOf({ ...IDENTITY }, 7));
    expect(traceparentOf({ ...IDENTITY, run: 'r-other' }, 7)).not.toBe(traceparentOf(IDENTITY, 7));
  });
});

describe('the head of a request', () => {
  it('says which request of which run it is', () => {
    expect(headOf({}, 12)).toEqual([
      ['host', 'shop.test:8080'],
      ['user-agent', 'faultline'],
      ['accept', '*/*'],
      ['traceparent', traceparentOf(IDENTITY, 12)],
      ['baggage', 'chaos.run=r-7f3a,chaos.request=12'],
    ]);
  });

  it('keeps what the user put into the baggage, and replaces a traceparent', () => {
    const head = headOf({ headers: { Baggage: 'tenant=a', TraceParent: 'x' } });
    expect(valueOf(head, 'baggage')).toEqual(['tenant=a,chaos.run=r-7f3a,chaos.request=0']);
    expect(valueOf(head, 'traceparent')).toEqual([traceparentOf(IDENTITY, 0)]);
  });

  it("leaves the user's own headers as they are", () => {
    const head = headOf({ headers: { Host: 'inner', Accept: 'text/plain', 'User-Agent': 'me', 'X-A': '1' } });
    expect(valueOf(head, 'host')).toEqual(['inner']);
    expect(valueOf(head, 'accept')).toEqual(['text/plain']);
    expect(valueOf(head, 'user-agent')).toEqual(['me']);
    expect(valueOf(head, 'x-a')).toEqual(['1']);
  });

  it.each([
    ['GET', undefined, []],
    ['POST', undefined, ['0']],
    ['PUT', 5, ['5']],
    ['GET', 5, ['5']],
  ])('states the length of the body: %s %s', (method, bodyBytes, expected) => {
    const template = {
      method,
      headers: { 'Content-Length': '99', Connection: 'close' },
      ...(bodyBytes && { bodyBytes }),
    };
    expect(valueOf(headOf(template), 'content-length')).toEqual(expected);
    expect(valueOf(headOf(template), 'connection')).toEqual([]);
  });

  it('turns credentials of the URL into a header', () => {
    expect(valueOf(headOf({ url: 'http://me:p%40ss@shop.test/' }), 'authorization')).toEqual([
      `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    ]);
  });
});
