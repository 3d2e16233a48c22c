import { describe, expect, it } from 'vitest';
import { compileGlob, MAX_GLOB_LENGTH } from '../../../../src/lib/proxy/scope/glob.ts';

describe('a glob on a path', () => {
  it.each([
    ['/api/users', '/api/users', true],
    ['/api/users', '/api/users/', false],
    ['/api/*', '/api/users', true],
    ['/api/*', '/api/', true],
    ['/api/*', '/api', false],
    ['/api/*', '/api/users/7', false],
    ['/api/*/items', '/api/7/items', true],
    ['/api/*/items', '/api/7/8/items', false],
    ['/api/**', '/api/users/7', true],
    ['/api/**', '/api', false],
    ['/**/items', '/a/b/items', true],
    ['/**/items', '/items', false],
    ['**/items', '/items', true],
    ['**', '', true],
    ['*', '', true],
    ['*', 'a/b', false],
    ['/a*c', '/abbc', true],
    ['/a*c', '/ac', true],
    ['/a*c', '/a/c', false],
    ['/a**c', '/a/b/c', true],
    ['/v*/*.json', '/v1/x.json', true],
    ['/v*/*.json', '/v1/x.jso', false],
    ['/a.b', '/axb', false],
    ['/a+(b)[c]', '/a+(b)[c]', true],
    ['/***', '/a/b', true],
  ])('%s on %s: %s', (glob, path, matches) => {
    expect(compileGlob(glob)(path)).toBe(matches);
  });

  it('crosses slashes with a single star when there are no segments', () => {
    expect(compileGlob('*json*', true)('application/json; charset=utf-8')).toBe(true);
    expect(compileGlob('*json', true)('application/json; charset=utf-8')).toBe(false);
  });

  it('answers in bounded time whatever the glob and the path', () => {
    const glob = `${'*a'.repeat(MAX_GLOB_LENGTH / 2 - 1)}*b`;
    const startedMs = performance.now();
    expect(compileGlob(glob)('a'.repeat(20_000))).toBe(false);
    expect(compileGlob(`**${glob}`)('a/'.repeat(10_000))).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});
