import { describe, expect, it } from 'vitest';
import { rateLimitPolicyText, rateLimitText, retryAfterText } from '../../../src/lib/resilience/rate-limit-fields.ts';
import { RateLimit } from '../../../src/lib/resilience/rate-limit.ts';

describe('Retry-After', () => {
  it.each<[number, string | undefined]>([
    [0.001, '1'],
    [999.999, '1'],
    [1000, '1'],
    [1000.001, '2'],
    [60_000, '60'],
    [0, '1'],
    [1e300, '999999999999999'],
    [Infinity, undefined],
  ])('for a wait of %d ms is %s', (retryMs, text) => {
    expect(retryAfterText(retryMs)).toBe(text);
  });

  it('sends nobody back too early', () => {
    const limit = new RateLimit({ ratePerSecond: 0.3 });
    limit.check('a', 0);
    const seconds = Number(retryAfterText(limit.check('a', 0)));
    expect([seconds, limit.check('a', seconds * 1000)]).toEqual([4, 0]);
  });
});

describe('RateLimit', () => {
  it('tells what is left and when there is more', () => {
    const limit = new RateLimit({ ratePerSecond: 1 / 3, burst: 2 });
    expect(rateLimitText('default', limit.quota('a', 0))).toBe('"default";r=2');
    limit.check('a', 0, 2);
    expect(rateLimitText('default', limit.quota('a', 0))).toBe('"default";r=0;t=3');
    expect(rateLimitText('default', limit.quota('a', 2500))).toBe('"default";r=0;t=1');
  });

  it('has a policy of the burst and the time that refills it', () => {
    expect(rateLimitPolicyText('default', 20, 10)).toBe('"default";q=20;w=2');
    expect(rateLimitPolicyText('slow', 1, 1 / 60)).toBe('"slow";q=1;w=60');
    expect(rateLimitPolicyText('fast', 5, 1000)).toBe('"fast";q=5;w=1');
  });

  it('writes names as strings of structured fields', () => {
    expect(rateLimitPolicyText('a "b" \\c', 1, 1)).toBe('"a \\"b\\" \\\\c";q=1;w=1');
    for (const name of ['gr\u00fcn', 'a\r\nb', '\u007f'])
      expect(() => rateLimitPolicyText(name, 1, 1)).toThrow(/name of a rate limit/);
  });
});
