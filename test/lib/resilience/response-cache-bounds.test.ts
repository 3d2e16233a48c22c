import { describe, expect, it } from 'vitest';
import {
  ResponseCache,
  type CacheableResponse,
  type CacheRequest,
  type HeaderPair,
} from '../../../src/lib/resilience/response-cache.ts';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';

const TIMES = { requestMs: 0, responseMs: 0, responseWallMs: Date.UTC(2026, 0, 1) };

function request(target: string, headers: HeaderPair[] = [], method = 'GET'): CacheRequest {
  return { method, authority: 'a.example', target, headers };
}

function page(bytes: number, headers: HeaderPair[] = []): CacheableResponse {
  const all: HeaderPair[] = [['Cache-Control', 'max-age=60'], ...headers];
  return { status: 200, headers: all, body: Buffer.alloc(bytes), complete: true };
}

describe('the bounds of the response cache', () => {
  it('drop what was not stored or served for longest', () => {
    const cache = new ResponseCache({ maxEntries: 3 });
    for (const target of ['/a', '/b', '/c']) cache.store(request(target), page(1), TIMES);
    cache.lookupFallback(request('/a'), 'failed', 0);
    cache.store(request('/d'), page(1), TIMES);
    const left = ['/a', '/b', '/c', '/d'].filter((target) => cache.lookupFallback(request(target), 'failed', 0));
    expect(left).toEqual(['/a', '/c', '/d']);
  });

  it('drop as many as the bytes of the new one need', () => {
    const cache = new ResponseCache({ limitBytes: 20_000 });
    for (const target of ['/a', '/b', '/c', '/d']) cache.store(request(target), page(3000), TIMES);
    expect(cache.store(request('/large'), page(15_000), TIMES)).toBe('stored');
    expect(cache.counts()).toMatchObject({ entries: 1, evicted: 4 });
  });

  it('refuse one that is larger than all of the cache, and keep what is there', () => {
    const cache = new ResponseCache({ limitBytes: 20_000 });
    cache.store(request('/a'), page(100), TIMES);
    expect(cache.store(request('/b'), page(20_000), TIMES)).toBe('too-large');
    expect(cache.counts()).toMatchObject({ entries: 1, evicted: 0 });
  });

  it('count long headers, targets and Vary values as well as bodies', () => {
    const long = 'x'.repeat(5000);
    const cache = new ResponseCache({ entryLimitBytes: 5000 });
    expect(cache.store(request('/a'), page(1, [['X-Long', long]]), TIMES)).toBe('too-large');
    expect(cache.store(request(`/${long}`), page(1), TIMES)).toBe('too-large');
    expect(cache.store(request('/', [['X-Long', long]]), page(1, [['Vary', 'x-long']]), TIMES)).toBe('too-large');
  });

  it('hold for any sequence of steps, and nothing is left when it is emptied', () => {
    for (let round = 0; round < 60; round++) {
      const chance = (step: number, what: string): number => hashFraction('bounds', round, step, what);
      const limitBytes = 3000 + Math.floor(chance(0, 'limit') * 60_000);
      const maxEntries = 1 + Math.floor(chance(0, 'entries') * 30);
      const cache = new ResponseCache({ limitBytes, maxEntries });
      let worst = [0, 0];
      for (let step = 0; step < 300; step++) {
        const target = `/${Math.floor(chance(step, 'target') * 20)}`;
        const headers: HeaderPair[] = [['Accept', String(Math.floor(chance(step, 'accept') * 20))]];
        const vary: HeaderPair[] = chance(step, 'vary') < 0.5 ? [['Vary', 'Accept']] : [];
        const what = chance(step, 'what');
        if (what < 0.7)
          cache.store(request(target, headers), page(Math.floor(chance(step, 'size') ** 3 * 9000), vary), TIMES);
        else if (what < 0.9) cache.lookupFallback(request(target, headers), 'failed', 0);
        else cache.invalidate(request(target, headers, 'POST'), 200);
        const { bytes, entries } = cache.counts();
        worst = [Math.max(worst[0]!, bytes), Math.max(worst[1]!, entries)];
        expect(bytes >= entries * 1024 && (bytes === 0) === (entries === 0)).toBe(true);
      }
      expect(worst[0]).toBeLessThanOrEqual(limitBytes);
      expect(worst[1]).toBeLessThanOrEqual(maxEntries);
      for (let target = 0; target < 20; target++) cache.invalidate(request(`/${target}`, [], 'DELETE'), 204);
      expect(cache.counts()).toMatchObject({ bytes: 0, entries: 0 });
    }
  });

  it('are empty after clear', () => {
    const cache = new ResponseCache();
    cache.store(request('/a'), page(10), TIMES);
    cache.clear();
    expect(cache.counts()).toMatchObject({ bytes: 0, entries: 0, stored: 1 });
    expect(cache.lookupFallback(request('/a'), 'failed', 0)).toBeUndefined();
  });

  it('survive header values of any bytes', () => {
    const pieces = ['max-age', '=', '"', '\\', ',', ' ', '60', 'no-store', '*', '\t', 'é', ';', '-', 's-maxage', 'GMT'];
    for (let round = 0; round < 3000; round++) {
      const text = (name: string): string =>
        Array.from({ length: 8 }, (_, i) => pieces[Math.floor(hashFraction(name, round, i) * pieces.length)]).join('');
      const names = ['Cache-Control', 'Vary', 'Age', 'Date', 'Expires', 'Connection', 'Pragma', 'Content-Length'];
      const headers = names.map((name): HeaderPair => [name, text(name)]);
      const cache = new ResponseCache({ keepMs: 1000 });
      cache.store(request('/', headers), { ...page(3), headers: headers.slice(round % 9) }, TIMES);
      const found = cache.lookupFallback(request('/', headers), 'failed', 10);
      expect(found === undefined || Number.isFinite(found.ageMs)).toBe(true);
    }
  });
});
