import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import {
  ResponseCache,
  type CacheableResponse,
  type CacheRequest,
  type ExchangeTimes,
  type FallbackResponse,
  type HeaderPair,
  type ResponseCacheOptions,
} from '../../../src/lib/resilience/response-cache.ts';

const WALL_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const SECOND = 1000;
/** Everything happens at monotonic 0 unless a row says otherwise. */
const AT_ONCE: ExchangeTimes = { requestMs: 0, responseMs: 0, responseWallMs: WALL_MS };

const httpDate = (offsetSeconds = 0): string => new Date(WALL_MS + offsetSeconds * SECOND).toUTCString();

function get(headers: HeaderPair[] = [], target = '/'): CacheRequest {
  return { method: 'GET', authority: 'shop.example', target, headers };
}

function ok(headers: HeaderPair[] = [], body = 'hello'): CacheableResponse {
  return { status: 200, headers, body: Buffer.from(body), complete: true };
}

const control = (value: string): HeaderPair => ['Cache-Control', value];

/** What a store answers after one exchange. */
function fallbackAfter(
  stored: CacheableResponse,
  nowSeconds: number,
  { options = {}, first = get(), then = get(), times = AT_ONCE }: Partial<Case> = {},
): FallbackResponse | undefined {
  const cache = new ResponseCache(options);
  cache.store(first, stored, times);
  return cache.lookupFallback(then, 'failed', nowSeconds * SECOND);
}

interface Case {
  options: ResponseCacheOptions;
  first: CacheRequest;
  then: CacheRequest;
  times: ExchangeTimes;
}

describe('what is stored', () => {
  const LOGIN: HeaderPair = ['Authorization', 'Basic Zm9v'];
  const COOKIE: HeaderPair = ['Cookie', 'session=1'];
  const FRESH = control('max-age=60');

  it.each<[string, CacheRequest, CacheableResponse, string]>([
    ['a GET that is fresh for a while', get(), ok([FRESH]), 'stored'],
    ['a GET that says nothing', get(), ok(), 'stored'],
    ['a GET with Expires', get(), ok([['Expires', httpDate(60)]]), 'stored'],
    ['a redirect that says how long', get(), { ...ok([FRESH]), status: 302 }, 'stored'],
    ['a redirect that says nothing', get(), { ...ok(), status: 302 }, 'not-cacheable'],
    ['a 404', get(), { ...ok(), status: 404 }, 'stored'],
    ['no content', get(), { ...ok([], ''), status: 204 }, 'stored'],
    ['a 206', get(), { ...ok([FRESH]), status: 206 }, 'status'],
    ['a 304', get(), { ...ok([FRESH]), status: 304 }, 'status'],
    ['a 429', get(), { ...ok([FRESH]), status: 429 }, 'status'],
    ['a 500', get(), { ...ok([FRESH]), status: 500 }, 'status'],
    ['a 503', get(), { ...ok([control('public')]), status: 503 }, 'status'],
    ['a HEAD', { ...get(), method: 'HEAD' }, ok([FRESH], ''), 'method'],
    ['a POST', { ...get(), method: 'POST' }, ok([FRESH]), 'method'],
    ['a get in small letters, which is another method', { ...get(), method: 'get' }, ok([FRESH]), 'method'],
    ['a broken-off body', get(), { ...ok([FRESH]), complete: false }, 'incomplete'],
    ['a body shorter than announced', get(), ok([FRESH, ['Content-Length', '6']]), 'incomplete'],
    ['a body longer than announced', get(), ok([FRESH, ['Content-Length', '4']]), 'incomplete'],
    ['a body as long as announced twice', get(), ok([FRESH, ['content-length', '5, 5']]), 'stored'],
    ['no-store', get(), ok([control('no-store, max-age=60')]), 'no-store'],
    ['no-store in any case and place', get(), ok([FRESH, control('x="a,no-cache", NO-STORE')]), 'no-store'],
    ['no-store asked by the client', get([control('no-store')]), ok([FRESH]), 'no-store'],
    ['no-store with must-understand', get(), ok([control('must-understand, no-store, max-age=60')]), 'stored'],
    [
      'must-understand of a strange status',
      get(),
      { ...ok([control('must-understand, no-store')]), status: 299 },
      'status',
    ],
    ['private', get(), ok([control('private')]), 'private'],
    ['private for one field', get(), ok([control('private="x-user, x-cart", max-age=60')]), 'private'],
    ['no-cache, which cannot be asked again', get(), ok([control('no-cache, max-age=60')]), 'no-cache'],
    ['no-cache for one field', get(), ok([control('no-cache="x", max-age=60')]), 'no-cache'],
    ['a word in quotes, which is no directive', get(), ok([control('ext="no-store, private", max-age=60')]), 'stored'],
    ['a quoted quote', get(), ok([control('ext="a\\", no-store", max-age=60')]), 'stored'],
    ['an answer to a login', get([LOGIN]), ok([FRESH]), 'authorization'],
    ['a public answer to a login', get([LOGIN]), ok([control('public, max-age=60')]), 'stored'],
    ['a must-revalidate answer to a login', get([LOGIN]), ok([control('must-revalidate, max-age=60')]), 'stored'],
    ['an s-maxage answer to a login', get([LOGIN]), ok([control('s-maxage=60')]), 'stored'],
    ['Set-Cookie', get(), ok([FRESH, ['set-cookie', 'a=b']]), 'set-cookie'],
    ['Set-Cookie, even if public', get(), ok([control('public'), ['Set-Cookie', 'a=b']]), 'set-cookie'],
    ['an answer to a cookie that says nothing', get([COOKIE]), ok(), 'cookie'],
    ['an answer to a cookie that says how long', get([COOKIE]), ok([FRESH]), 'stored'],
    ['Vary: *', get(), ok([FRESH, ['Vary', 'Accept, *']]), 'vary'],
    [
      'a Vary of very many fields',
      get(),
      ok([FRESH, ['Vary', Array.from({ length: 17 }, (_, i) => `x${i}`).join()]]),
      'vary',
    ],
    ['a large body', get(), ok([FRESH], 'x'.repeat(1024 * 1024)), 'too-large'],
  ])('%s', (_, request, response, outcome) => {
    const cache = new ResponseCache();
    expect(cache.store(request, response, AT_ONCE)).toBe(outcome);
    expect(cache.counts()).toMatchObject(outcome === 'stored' ? { entries: 1, stored: 1 } : { entries: 0, refused: 1 });
  });

  it('leaves the last good response in place when a bad one comes', () => {
    const cache = new ResponseCache();
    cache.store(get(), ok([FRESH], 'good'), AT_ONCE);
    cache.store(get(), { ...ok([FRESH], 'bad'), status: 503 }, AT_ONCE);
    cache.store(get(), { ...ok([FRESH], 'cut'), complete: false }, AT_ONCE);
    expect(cache.lookupFallback(get(), 'open', 0)?.body.toString()).toBe('good');
  });

  it('leaves out what is about one connection', () => {
    const headers: HeaderPair[] = [
      ...[FRESH, ['Connection', 'close, X-Hop'], ['x-hop', '1'], ['Keep-Alive', '5'], ['Transfer-Encoding', 'chunked']],
      ...[
        ['Proxy-Authenticate', 'x'],
        ['Upgrade', 'x'],
        ['Trailer', 'x'],
        ['Age', '3'],
        ['ETag', '"1"'],
        ['X-A', '1'],
      ],
    ] as HeaderPair[];
    expect(fallbackAfter(ok(headers), 2)?.headers).toEqual([
      ...[FRESH, ['ETag', '"1"'], ['X-A', '1']],
      ...[
        ['Age', '5'],
        ['Content-Length', '5'],
      ],
    ]);
  });

  it('keeps its own copy of the body', () => {
    const response = ok([FRESH]);
    const cache = new ResponseCache();
    cache.store(get(), response, AT_ONCE);
    response.body.fill(0);
    expect(cache.lookupFallback(get(), 'failed', 0)?.body.toString()).toBe('hello');
  });
});

describe('what is served', () => {
  const both = (value: string): HeaderPair[] => [control(value), ['Date', httpDate()]];

  it.each<[string, HeaderPair[], string, number, string | undefined]>([
    ['before max-age', both('max-age=60'), '', 59.999, 'fresh'],
    ['at max-age: no longer fresh', both('max-age=60'), '', 60, undefined],
    ['s-maxage before max-age', both('max-age=1, s-maxage=60'), '', 59, 'fresh'],
    ['max-age before Expires', [...both('max-age=60'), ['Expires', httpDate(5)]], '', 59, 'fresh'],
    [
      'Expires less Date',
      [
        ['Expires', httpDate(60)],
        ['Date', httpDate()],
      ],
      '',
      59,
      'fresh',
    ],
    ['Expires without Date', [['Expires', httpDate(60)]], '', 59, 'fresh'],
    ['Expires that is no date', [['Expires', '0']], '', 0, undefined],
    ['Expires in the past', [['Expires', httpDate(-60)]], '', 0, undefined],
    ['nothing said, with Last-Modified: no guess', [['Last-Modified', httpDate(-1e6)]], '', 0, undefined],
    ['max-age in quotes', both('max-age="60"'), '', 59, 'fresh'],
    ['max-age that is no number', both('max-age=1m'), '', 0, undefined],
    ['max-age below 0', both('max-age=-5'), '', 0, undefined],
    ['max-age beyond all numbers', both(`max-age=${'9'.repeat(400)}`), '', 1e9, 'fresh'],
    ['two max-age: the first', both('max-age=5, max-age=60'), '', 6, undefined],
    ['stale-if-error', both('max-age=60, stale-if-error=10'), '', 70, 'stale-if-error'],
    ['beyond stale-if-error', both('max-age=60, stale-if-error=10'), '', 70.001, undefined],
    ['stale-if-error without a lifetime', both('stale-if-error=10'), '', 10, 'stale-if-error'],
    ['stale-if-error of the client', both('max-age=60'), 'stale-if-error=10', 70, 'stale-if-error'],
    ['the longer of the two', both('max-age=60, stale-if-error=5'), 'stale-if-error=10', 69, 'stale-if-error'],
    ['must-revalidate forbids it', both('max-age=60, stale-if-error=10, must-revalidate'), '', 61, undefined],
    ['proxy-revalidate forbids it', both('max-age=60, stale-if-error=10, proxy-revalidate'), '', 61, undefined],
    ['s-maxage forbids it', both('s-maxage=60, stale-if-error=10'), 'stale-if-error=10, max-stale', 61, undefined],
    ['must-revalidate while fresh', both('max-age=60, must-revalidate'), '', 59, 'fresh'],
    ['no-cache of the client', both('max-age=60'), 'no-cache', 1, undefined],
    ['max-age of the client', both('max-age=60'), 'max-age=10', 11, undefined],
    ['max-age of the client, kept', both('max-age=60'), 'max-age=10', 10, 'fresh'],
    [
      'max-age of the client with its stale-if-error',
      both('max-age=60'),
      'max-age=0, stale-if-error=20',
      20,
      'stale-if-error',
    ],
    ['max-age of the client beside ours', both('max-age=60, stale-if-error=99'), 'max-age=65', 66, undefined],
    ['min-fresh', both('max-age=60'), 'min-fresh=10', 50, 'fresh'],
    ['min-fresh not met', both('max-age=60, stale-if-error=99'), 'min-fresh=10', 51, undefined],
    ['max-stale', both('max-age=60'), 'max-stale=10', 70, 'client-accepts-stale'],
    ['beyond max-stale', both('max-age=60'), 'max-stale=10', 71, undefined],
    ['max-stale without end', both('max-age=60'), 'max-stale', 1e8, 'client-accepts-stale'],
  ])('%s', (_, headers, wishes, nowSeconds, ground) => {
    const then = get(wishes === '' ? [] : [control(wishes)]);
    expect(fallbackAfter(ok(headers), nowSeconds, { then })?.ground).toBe(ground);
  });

  it.each<[string, string, number, string | undefined]>([
    ['up to that age', 'max-age=60', 300, 'kept'],
    ['not beyond', 'max-age=60', 300.001, undefined],
    ['though nothing is said', 'x', 299, 'kept'],
    ['not against must-revalidate', 'max-age=60, must-revalidate', 61, undefined],
    ['not against proxy-revalidate', 'max-age=60, proxy-revalidate', 61, undefined],
    ['not against s-maxage', 's-maxage=60', 61, undefined],
    ['not against no-cache', 'no-cache', 0, undefined],
  ])('by keepMs of the operator: %s', (_, value, nowSeconds, ground) => {
    const options = { keepMs: 300 * SECOND };
    expect(fallbackAfter(ok(both(value)), nowSeconds, { options })?.ground).toBe(ground);
  });

  it('takes Pragma: no-cache for no-cache when there is no Cache-Control', () => {
    const fresh = ok(both('max-age=60'));
    expect(fallbackAfter(fresh, 1, { then: get([['Pragma', 'no-cache']]) })).toBeUndefined();
    expect(fallbackAfter(fresh, 1, { then: get([['Pragma', 'no-cache'], control('max-age=30')]) })?.ground).toBe(
      'fresh',
    );
  });

  it.each(['If-Match', 'if-unmodified-since'])('nothing to a request with %s', (name) => {
    expect(fallbackAfter(ok(both('max-age=60')), 1, { then: get([[name, '"1"']]) })).toBeUndefined();
  });

  it('answers HEAD with the length and without the body', () => {
    const found = fallbackAfter(ok(both('max-age=60')), 1, { then: { ...get(), method: 'HEAD' } });
    expect(found?.body).toHaveLength(0);
    expect(found?.headers).toContainEqual(['Content-Length', '5']);
  });

  it('tells no length with a 204', () => {
    const found = fallbackAfter({ ...ok(both('max-age=60'), ''), status: 204 }, 1);
    expect(found?.headers.map(([name]) => name)).toEqual(['Cache-Control', 'Date', 'Age']);
  });

  it.each<[string, Partial<CacheRequest>, boolean]>([
    ['the same address', {}, true],
    ['the authority in other letters', { authority: 'SHOP.example' }, true],
    ['another authority', { authority: 'shop.example:81' }, false],
    ['another path', { target: '/x' }, false],
    ['the path in other letters', { target: '/X' }, false],
    ['another query', { target: '/?a' }, false],
    ['another scheme', { scheme: 'https' }, false],
    ['an unsafe method', { method: 'POST' }, false],
    ['a boundary moved from authority to path', { authority: 'shop.exampl', target: 'e/' }, false],
  ])('to %s', (_, change, served) => {
    const found = fallbackAfter(ok(both('max-age=60')), 1, { then: { ...get(), ...change } });
    expect(found !== undefined).toBe(served);
  });
});

describe('the age', () => {
  const times = (delayMs: number): ExchangeTimes => ({ requestMs: 0, responseMs: delayMs, responseWallMs: WALL_MS });

  it.each<[string, HeaderPair[], number, number, string]>([
    ['starts at 0', [], 0, 0, '0'],
    ['grows with time', [], 0, 2.9, '2'],
    ['counts what Age says', [['Age', '10']], 0, 2, '12'],
    ['counts what the response took', [['Age', '10']], 1500, 1.5, '11'],
    ['counts what Date says', [['Date', httpDate(-30)]], 0, 1, '31'],
    [
      'takes the older of Age and Date',
      [
        ['Date', httpDate(-30)],
        ['Age', '40'],
      ],
      0,
      1,
      '41',
    ],
    ['is not younger for a Date ahead', [['Date', httpDate(30)]], 0, 1, '1'],
    ['passes over an Age that is no number', [['Age', 'old']], 0, 1, '1'],
    ['passes over an Age below 0', [['Age', '-7']], 0, 1, '1'],
    [
      'takes the first of two',
      [
        ['Age', '10'],
        ['Age', '20'],
      ],
      0,
      1,
      '11',
    ],
    ['passes over a bad Date', [['Date', 'yesterday']], 0, 1, '1'],
    ['reads an RFC 850 date', [['Date', 'Friday, 02-Jan-26 03:04:00 GMT']], 0, 0, '5'],
    ['reads an asctime date', [['Date', 'Fri Jan  2 03:04:00 2026']], 0, 0, '5'],
    [
      'reads a two-digit year as past when it seems far ahead',
      [['Date', 'Sunday, 06-Nov-94 08:49:37 GMT']],
      0,
      0,
      '983211268',
    ],
    ['ends somewhere', [['Age', '9'.repeat(400)]], 0, 1e9, '2147483648'],
    ['does not shrink when the clock goes back', [['Age', '10']], 0, -100, '10'],
  ])('%s', (_, headers, delayMs, nowSeconds, age) => {
    const options = { keepMs: Number.MAX_SAFE_INTEGER };
    const found = fallbackAfter(ok(headers), nowSeconds, { options, times: times(delayMs) });
    expect(found?.headers.findLast(([name]) => name === 'Age')?.[1]).toBe(age);
  });

  it('decides about freshness', () => {
    expect(fallbackAfter(ok([control('max-age=60'), ['Age', '50']]), 9.9)?.ground).toBe('fresh');
    expect(fallbackAfter(ok([control('max-age=60'), ['Age', '50']]), 10)).toBeUndefined();
  });
});

describe('the counts', () => {
  it('tell causes apart', () => {
    const cache = new ResponseCache();
    cache.store(get(), ok([control('max-age=60')]), AT_ONCE);
    expect(cache.lookupFallback(get(), 'open', 0)?.cause).toBe('open');
    cache.lookupFallback(get(), 'open', 0);
    cache.lookupFallback(get(), 'timeout', 0);
    cache.lookupFallback(get([], '/x'), 'failed', 0);
    expect(cache.counts()).toMatchObject({ served: { open: 2, failed: 0, timeout: 1 }, missed: 1, stored: 1 });
  });
});

describe('bad options', () => {
  it.each<[string, ResponseCacheOptions]>([
    ['limitBytes', { limitBytes: 0 }],
    ['maxEntries', { maxEntries: 1.5 }],
    ['entryLimitBytes', { entryLimitBytes: -1 }],
    ['keepMs', { keepMs: NaN }],
    ['keepMs', { keepMs: Infinity }],
  ])('are refused by name: %s', (field, options) => {
    expect(() => new ResponseCache(options)).toThrow(AppError);
    expect(() => new ResponseCache(options)).toThrow(field);
  });
});
