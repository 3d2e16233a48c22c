import { describe, expect, it } from 'vitest';
import {
  ResponseCache,
  type CacheableResponse,
  type CacheRequest,
  type HeaderPair,
} from '../../../src/lib/resilience/response-cache.ts';

const AT_ONCE = { requestMs: 0, responseMs: 0, responseWallMs: Date.UTC(2026, 0, 2) };

function get(headers: HeaderPair[] = [], target = '/'): CacheRequest {
  return { method: 'GET', authority: 'shop.example', target, headers };
}

function ok(headers: HeaderPair[] = [], body = 'hello'): CacheableResponse {
  return { status: 200, headers, body: Buffer.from(body), complete: true };
}

const control = (value: string): HeaderPair => ['Cache-Control', value];

/** Whether what was stored for one request answers another. */
function answers(stored: CacheableResponse, first: CacheRequest, then: CacheRequest): boolean {
  const cache = new ResponseCache();
  cache.store(first, stored, AT_ONCE);
  return cache.lookupFallback(then, 'failed', 0) !== undefined;
}

describe('Vary', () => {
  const fresh = (body: string, vary = 'Accept-Language'): CacheableResponse =>
    ok([control('max-age=60'), ['Vary', vary]], body);
  const speaking = (language: string): CacheRequest => get([['Accept-Language', language]]);

  it('keeps a response for each', () => {
    const cache = new ResponseCache();
    cache.store(speaking('de'), fresh('hallo'), AT_ONCE);
    cache.store(speaking('en'), fresh('hello'), AT_ONCE);
    const bodies = ['de', 'en', 'fr'].map((language) =>
      cache.lookupFallback(speaking(language), 'failed', 0)?.body.toString(),
    );
    expect(bodies).toEqual(['hallo', 'hello', undefined]);
    expect(cache.lookupFallback(get(), 'failed', 0)).toBeUndefined();
  });

  it.each<[string, HeaderPair[], boolean]>([
    ['white space around commas', [['accept-language', 'de,  en']], true],
    [
      'several lines',
      [
        ['Accept-Language', 'de'],
        ['Accept-Language', 'en'],
      ],
      true,
    ],
    ['another order', [['Accept-Language', 'en, de']], false],
    ['no such field', [], false],
    ['an empty one', [['Accept-Language', '']], false],
    [
      'fields that are not named',
      [
        ['Accept-Language', 'de, en'],
        ['X-A', '1'],
      ],
      true,
    ],
  ])('compares %s', (_, headers, same) => {
    const first = speaking('de, en');
    expect(answers(fresh('x'), first, get(headers))).toBe(same);
  });

  it('matches a missing field with a missing field', () => {
    expect(answers(fresh('x'), get(), get())).toBe(true);
    expect(answers(fresh('x'), get(), speaking('de'))).toBe(false);
  });

  it('prefers the youngest of those that match', () => {
    const cache = new ResponseCache();
    cache.store(speaking('de'), fresh('old'), AT_ONCE);
    cache.store(get(), ok([control('max-age=60')], 'for all'), AT_ONCE);
    expect(cache.lookupFallback(speaking('de'), 'failed', 0)?.body.toString()).toBe('for all');
    cache.store(speaking('de'), fresh('new'), AT_ONCE);
    expect(cache.lookupFallback(speaking('de'), 'failed', 0)?.body.toString()).toBe('new');
  });

  it('keeps at most 16 of one address', () => {
    const cache = new ResponseCache();
    for (let i = 0; i < 40; i++) cache.store(speaking(String(i)), fresh(String(i)), AT_ONCE);
    expect(cache.counts()).toMatchObject({ entries: 16, evicted: 24 });
    expect(cache.lookupFallback(speaking('24'), 'failed', 0)).toBeDefined();
    expect(cache.lookupFallback(speaking('23'), 'failed', 0)).toBeUndefined();
  });
});

describe('invalidation', () => {
  it.each<[string, number, number]>([
    ['POST', 201, 1],
    ['PUT', 204, 1],
    ['DELETE', 303, 1],
    ['PATCH', 200, 1],
    ['PURGE-LIKE', 200, 1],
    ['POST', 400, 0],
    ['POST', 500, 0],
    ['GET', 200, 0],
    ['HEAD', 200, 0],
    ['OPTIONS', 200, 0],
  ])('by %s answered with %d drops %d', (method, status, dropped) => {
    const cache = new ResponseCache();
    cache.store(get(), ok([control('max-age=60')]), AT_ONCE);
    cache.store(get([], '/other'), ok([control('max-age=60')]), AT_ONCE);
    expect(cache.invalidate({ ...get(), method }, status)).toBe(dropped);
    expect(cache.lookupFallback(get(), 'failed', 0) === undefined).toBe(dropped === 1);
    expect(cache.lookupFallback(get([], '/other'), 'failed', 0)).toBeDefined();
    expect(cache.counts().invalidated).toBe(dropped);
  });

  it('drops all variants', () => {
    const cache = new ResponseCache();
    for (const language of ['de', 'en'])
      cache.store(get([['Accept-Language', language]]), ok([['Vary', 'accept-language']]), AT_ONCE);
    expect(cache.invalidate({ ...get(), method: 'POST' }, 200)).toBe(2);
    expect(cache.counts()).toMatchObject({ entries: 0, bytes: 0 });
  });
});
