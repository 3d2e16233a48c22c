import { describe, expect, it } from 'vitest';
import { parseSelection, type Selection } from '../../../../src/lib/logship/discovery/glob.ts';

const parse = (
  include: string[],
  exclude: string[] = [],
  directories: string[] = [],
  files: string[] = [],
): Selection =>
  parseSelection(include, exclude, {
    workingDirectory: '/srv/app',
    kindOf: (path) => (directories.includes(path) ? 'directory' : files.includes(path) ? 'other' : undefined),
  });

describe('a pattern selects', () => {
  it.each<[pattern: string, path: string, selected: boolean]>([
    ['/v/*.log', '/v/a.log', true],
    ['/v/*.log', '/v/.a.log', false],
    ['/v/.*.log', '/v/.a.log', true],
    ['/v/*.log', '/v/b/a.log', false],
    ['/v/*.log', '/v/a.log.1', false],
    ['/v/*.log', '/v/a\nb.log', true],
    ['/v/*.log*', '/v/a.log.1', true],
    ['/v/**/*.log', '/v/a.log', true],
    ['/v/**/*.log', '/v/b/c/d/a.log', true],
    ['/v/**/*.log', '/v/.git/a.log', false],
    ['/v/**/x/*.log', '/v/x/a.log', true],
    ['/v/**/x/*.log', '/v/b/c/x/a.log', true],
    ['/v/**/x/*.log', '/v/b/c/a.log', false],
    ['/v/**', '/v/b/c', true],
    ['/v/**', '/v', false],
    ['/v/a**b', '/v/axxb', true],
    ['/v/a**b', '/v/ax/xb', false],
    ['/v/?.log', '/v/a.log', true],
    ['/v/?.log', '/v/ü.log', true],
    ['/v/?.log', '/v/ab.log', false],
    ['/v/[a-c].log', '/v/b.log', true],
    ['/v/[a-c].log', '/v/d.log', false],
    ['/v/[!a-c].log', '/v/d.log', true],
    ['/v/[!a-c].log', '/v/b.log', false],
    ['/v/[[:digit:]].log', '/v/1.log', true],
    ['/v/{a,b}.log', '/v/b.log', true],
    ['/v/{a,b}.log', '/v/c.log', false],
    ['/v/{a,b/{c,d}}.log', '/v/b/d.log', true],
    ['/v/{1..3}.log', '/v/2.log', true],
    ['/v/[*].log', '/v/*.log', true],
    ['/v/[*].log', '/v/a.log', false],
    ['/V/*.LOG', '/v/a.log', false],
    ['logs/*.log', '/srv/app/logs/a.log', true],
    ['./logs/../*.log', '/srv/app/a.log', true],
    ['/v/a.log', '/v/a.log', true],
    ['/v/a.log', '/v/a.log/b', true],
    ['/v/a.log', '/v/xa.log', false],
    ['*', '/srv/app/a', true],
    ['/*', '/a', true],
  ])('%s: %s → %s', (pattern, path, selected) => {
    expect(parse([pattern]).selects(path)).toBe(selected);
  });

  it('what exists under that very name, whatever characters the name holds', () => {
    const selection = parse(['/v/[x].log', '/v/{d}'], [], ['/v/{d}'], ['/v/[x].log']);
    expect(['/v/[x].log', '/v/x.log', '/v/{d}/a/b', '/v/d/a'].map((path) => selection.selects(path))).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('all below a directory but what is hidden in it', () => {
    const selection = parse(['/v/.state/'], [], ['/v/.state']);
    expect(
      ['/v/.state/a', '/v/.state/b/c', '/v/.state/.a', '/v/.state'].map((path) => selection.selects(path)),
    ).toEqual([true, true, false, false]);
  });
});

describe('an exclusion', () => {
  it.each<[exclude: string, path: string, selected: boolean]>([
    ['*.gz', '/v/b/a.gz', false],
    ['*.gz', '/v/b/a.log', true],
    ['old', '/v/old/a.log', false],
    ['/v/old', '/v/old/b/a.log', false],
    ['/v/*/debug.log', '/v/b/debug.log', false],
    ['/v/*/debug.log', '/v/b/c/debug.log', true],
    ['/v/**/debug.log', '/v/b/c/debug.log', false],
  ])('%s: %s → %s', (exclude, path, selected) => {
    expect(parse(['/v/**'], [exclude]).selects(path)).toBe(selected);
  });

  it('saves the look into a directory', () => {
    const selection = parse(['/v/**'], ['old']);
    expect([selection.mayHold('/v/new'), selection.mayHold('/v/old')]).toEqual([true, false]);
  });
});

describe('a directory is looked into when something in it may be selected', () => {
  it.each<[pattern: string, directory: string, may: boolean]>([
    ['/v/a/*.log', '/', true],
    ['/v/a/*.log', '/v', true],
    ['/v/a/*.log', '/v/a', true],
    ['/v/a/*.log', '/v/b', false],
    ['/v/a/*.log', '/v/a/b', false],
    ['/v/*/x/*.log', '/v/a', true],
    ['/v/*/x/*.log', '/v/a/x', true],
    ['/v/*/x/*.log', '/v/a/y', false],
    ['/v/*/x/*.log', '/v/a/x/z', false],
    ['/v/b*/**/x/*.log', '/v/b1/c/d', true],
    ['/v/b*/**/x/*.log', '/v/c1', false],
    ['/v/**/*.log', '/v/.git', false],
    ['/v/{a,b/c}/*.log', '/v/b', true],
    ['/v/{a,b/c}/*.log', '/v/b/c', true],
    ['/v/{a,b/c}/*.log', '/w', false],
    ['/v/a.log', '/v', true],
    ['/v/a.log', '/v/b', false],
  ])('%s: %s → %s', (pattern, directory, may) => {
    expect(parse([pattern]).mayHold(directory)).toBe(may);
  });

  it('and the search begins where the first wildcard is', () => {
    expect(parse(['/v/a/*/b', '/v/a/x*', '/w/c.log', '/*.log']).roots).toEqual(['/v/a', '/w', '/']);
  });
});

describe('what can select nothing', () => {
  it.each([[[]], [['']], [['/v/a\0b']], [['/v/\\*.log']], [Array.from({ length: 1001 }, (_, index) => `/v/${index}`)]])(
    'is refused',
    (include) => {
      expect(() => parse(include)).toThrow(expect.objectContaining({ exitName: 'usage' }));
    },
  );
});
