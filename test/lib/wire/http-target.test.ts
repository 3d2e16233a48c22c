import { describe, expect, it } from 'vitest';
import { editTarget, lookupQuery, type TargetEdits } from '../../../src/lib/wire/http-target.ts';
import { roll } from './pieces.ts';

describe('a query member', () => {
  it.each([
    ['/a?x=1', 'x', '1'],
    ['/a?x=1&y=2', 'y', '2'],
    ['/a?x=1&x=2', 'x', '1'],
    ['/a?x', 'x', ''],
    ['/a?x=', 'x', ''],
    ['/a?x=1=2', 'x', '1=2'],
    ['/a?&&x=1&', 'x', '1'],
    ['/a?x=1?y=2', 'x', '1?y=2'],
    ['/a?x=1#?y=2', 'y', undefined],
    ['/a?x=1#f', 'x', '1'],
    ['/a#?x=1', 'x', undefined],
    ['/x=1', 'x', undefined],
    ['/a', 'x', undefined],
    ['/a?', 'x', undefined],
    ['/a?', '', undefined],
    ['/a?&', '', undefined],
    ['/a?=1', '', '1'],
    ['/a?X=1', 'x', undefined],
    ['/a?xx=1', 'x', undefined],
    ['http://h:1/a?x=1', 'x', '1'],
    ['http://h?x=1', 'x', '1'],
    ['*?x=1', 'x', '1'],
    ['h:443', 'x', undefined],
    ['/a?a%20b=c%2Bd', 'a b', 'c+d'],
    ['/a?a+b=c+d', 'a b', 'c d'],
    ['/a?%78=1', 'x', '1'],
    ['/a?x=%e2%82%ac', 'x', '€'],
    ['/a?x=\xe2\x82\xac', 'x', '€'],
    ['/a?%C3%A9=%c3%a9', 'é', 'é'],
    ['/a?x=%', 'x', '%'],
    ['/a?x=%2', 'x', '%2'],
    ['/a?x=%zz%41', 'x', '%zzA'],
    ['/a?x=%%41', 'x', '%A'],
    ['/a?x=%ff', 'x', '\ufffd'],
    ['/a?x=%e2%82', 'x', '\ufffd'],
    ['/a?x=%00%0a', 'x', '\0\n'],
    ['/a?__proto__=1', '__proto__', '1'],
  ])('of %j: %j is %j', (target, name, value) => {
    expect(lookupQuery(target, name)).toBe(value);
  });

  it('is what other readers of such queries find', () => {
    const alphabet = ['x', 'y', '=', '&', '%', '%41', '%zz', '+', '%c3%a9', '%ff', '1'];
    for (let round = 0; round < 2000; round++) {
      const query = [1, 2, 3, 4, 5, 6].map((i) => alphabet[roll(alphabet.length, 'query', round, i)] ?? '').join('');
      const expected = new URLSearchParams(query).get('x') ?? undefined;
      expect(lookupQuery(`/a?${query}`, 'x'), query).toBe(expected);
    }
  });
});

describe('a target that is edited', () => {
  it.each<[string, TargetEdits, string]>([
    ['/a?x=1', {}, '/a?x=1'],
    ['/a?x=1', { path: '/b/c' }, '/b/c?x=1'],
    ['/a?', { path: '/b' }, '/b?'],
    ['/a#f', { path: '/b' }, '/b#f'],
    ['/a', { path: 'b' }, '/b'],
    ['/a', { path: '' }, '/'],
    ['/a?x', { path: '/b?y#z' }, '/b%3Fy%23z?x'],
    ['/a', { path: '/b c/é%20%41%' }, '/b%20c/%C3%A9%20%41%'],
    ['/a', { path: '/\r\n\0' }, '/%0D%0A%00'],
    ['/a', { path: "/-._~!$&'()*+,;=:@/" }, "/-._~!$&'()*+,;=:@/"],
    ['/a', { path: '/\ud800🙂' }, '/%EF%BF%BD%F0%9F%99%82'],
    ['/a', { path: '/Az09' }, '/Az09'],
    ['a1-Z9+.://h/a', { path: '/b' }, 'a1-Z9+.://h/b'],
    ['//h/a?x', { path: '/b' }, '/b?x'],
    ['http://h:1/a?x=1', { path: '/b' }, 'http://h:1/b?x=1'],
    ['HTTPS://H', { path: '/b' }, 'HTTPS://H/b'],
    ['http://h?x=1', { path: '/b' }, 'http://h/b?x=1'],
    ['http://h?x=1', { query: { x: '2' } }, 'http://h?x=2'],
    ['*', { path: '/b', query: { x: '1' } }, '*'],
    ['h:443', { path: '/b', query: { x: '1' } }, 'h:443'],
  ])('%j with %j is %j', (target, edits, edited) => {
    expect(editTarget(target, edits)).toBe(edited);
  });

  it.each<[string, Record<string, string | null>, string]>([
    ['/a', { x: '1' }, '/a?x=1'],
    ['/a?', { x: '1' }, '/a?x=1'],
    ['/a?', {}, '/a?'],
    ['/a?x=1&y=2', { x: '3' }, '/a?x=3&y=2'],
    ['/a?x=1&y=2&x=3', { x: '4' }, '/a?x=4&y=2'],
    ['/a?x=1&y=2&x=3', { x: null }, '/a?y=2'],
    ['/a?x=1', { x: null }, '/a'],
    ['/a?x=1#f', { x: null }, '/a#f'],
    ['/a?x=1', { y: null }, '/a?x=1'],
    ['/a?x', { x: '1' }, '/a?x=1'],
    ['/a?x=1', { x: '' }, '/a?x='],
    ['/a?%78=%31&b=%zz&+=%20', { x: '2' }, '/a?%78=2&b=%zz&+=%20'],
    ['/a?&&x=1&', { x: '2' }, '/a?&&x=2&'],
    ['/a?x=1', { 'a b': 'é&=+%#?/' }, '/a?x=1&a%20b=%C3%A9%26%3D%2B%25%23%3F%2F'],
    ['/a?x=1', { '': 'v' }, '/a?x=1&=v'],
    ['/a', { x: '\ud800\r\n' }, '/a?x=%EF%BF%BD%0D%0A'],
    ['/a?constructor=1', { toString: '2' }, '/a?constructor=1&toString=2'],
    ['/a?y=1', Object.fromEntries([['__proto__', '2']]), '/a?y=1&__proto__=2'],
  ])('%j with the members %j is %j', (target, query, edited) => {
    expect(editTarget(target, { query })).toBe(edited);
  });

  it('gives back what was set, whatever the target was, and is one word', () => {
    const alphabet = ['/', 'a', '?', '#', '&', '=', '%', '%4', 'http://', ':', '\xff', '+', 'x', '%78'];
    for (let round = 0; round < 2000; round++) {
      const target = [1, 2, 3, 4, 5, 6, 7]
        .map((i) => alphabet[roll(alphabet.length, 'target', round, i)] ?? '')
        .join('');
      const edited = editTarget(target, { path: '/p q', query: { x: ' \n€', gone: null } });
      if (edited === target) {
        expect(target).not.toMatch(/^\/|^[a-z]+:\/\//);
        continue;
      }
      expect(lookupQuery(edited, 'x')).toBe(' \n€');
      expect(edited).toContain('/p%20q?');
      expect(edited).toMatch(/^[\x21-\x7e\x80-\xff]+$/);
      expect(editTarget(edited, { path: '/p q', query: { x: ' \n€' } })).toBe(edited);
    }
  });
});
