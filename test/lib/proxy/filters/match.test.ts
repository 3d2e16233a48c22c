import { describe, expect, it } from 'vitest';
import { compileMatch, matchSchema } from '../../../../src/lib/proxy/filters/match.ts';
import { requestView } from '../requests.ts';

const request = requestView('POST', '/api/orders', { 'content-type': 'application/json', 'x-tier': 'gold' });

describe('a match', () => {
  it.each<[unknown, boolean]>([
    [{}, true],
    [{ method: 'POST' }, true],
    [{ method: 'post' }, true],
    [{ method: ['GET', 'POST'] }, true],
    [{ method: ['GET', 'PUT'] }, false],
    [{ path: '/api/*' }, true],
    [{ path: '/api' }, false],
    [{ headers: { 'X-Tier': 'gold' } }, true],
    [{ headers: { 'X-Tier': 'g*' } }, true],
    [{ headers: { 'X-Tier': 'silver' } }, false],
    [{ headers: { 'Content-Type': 'application/*' } }, true],
    [{ headers: { 'X-Other': '*' } }, false],
    [{ method: 'POST', path: '/api/*', headers: { 'x-tier': 'gold' } }, true],
    [{ method: 'POST', path: '/api/*', headers: { 'x-tier': 'gold', 'x-other': '*' } }, false],
  ])('%j: %s', (match, matches) => {
    expect(compileMatch(matchSchema.parse(match))?.(request)).toBe(matches);
  });

  it.each([
    { methods: 'GET' },
    { method: '' },
    { method: [] },
    { method: 'GET /' },
    { path: '' },
    { path: 'x'.repeat(1000) },
    { headers: { 'x y': 'a' } },
    { headers: { x: 'a\r\nb: c' } },
    { headers: { x: 1 } },
    'GET',
  ])('%j is refused', (match) => {
    expect(matchSchema.safeParse(match).success).toBe(false);
  });
});
