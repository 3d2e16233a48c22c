import { describe, expect, it } from 'vitest';
import * as repository from './repository.ts';
import { fakeTree, readTree } from './tree.ts';

const real = readTree();
/** Stands in the middle of words that this repository must not hold. */
const CUT = '';
const textOf = (path: string): string => real.get(path) ?? '';

describe('the repository names no machine and no mirror', () => {
  it('holds here', () => expect(repository.foreignAddresses(real)).toEqual([]));

  it.each([
    [`https://regis${CUT}try.example.org/a.tgz`, 'a: names a package registry'],
    [`http://10.0.0.1.artifac${CUT}tory/npm/a.tgz`, 'a: names a package registry'],
    [`//regis${CUT}try.npm${CUT}js.org/`, 'a: names a package registry'],
    [`cd /wo${CUT}rk/main`, 'a: names a folder of somebody’s machine'],
    [`"/ho${CUT}me/ann/x"`, 'a: names a folder of somebody’s machine'],
  ])('finds %s', (text, complaint) => {
    expect(repository.foreignAddresses(fakeTree({ a: `first line\n${text}\n` }))).toContain(complaint);
  });

  it('allows paths that every machine has', () => {
    expect(
      repository.foreignAddresses(fakeTree({ a: 'src/work/x /usr/bin/node ~/.cache/x https://nodejs.org/\n' })),
    ).toEqual([]);
  });
});

describe('text files end with a newline', () => {
  it('holds here', () => expect(repository.missingLastNewlines(real)).toEqual([]));
  it('finds one that does not', () => {
    expect(repository.missingLastNewlines(fakeTree({ a: 'x', b: 'x\n', c: '' }))).toEqual([
      'a: ends without a newline',
    ]);
  });
});

describe('the lock file', () => {
  const lock = (packages: object, version = '1.0.0'): string => JSON.stringify({ version, packages });
  const pack = JSON.stringify({ version: '1.0.0', allowScripts: { node: true, asked: false } });

  it('holds here', () => {
    expect(repository.brokenLock(textOf('package-lock.json'), textOf('package.json'))).toEqual([]);
  });

  it('is of the package’s version', () => {
    expect(repository.brokenLock(lock({}, '0.9.0'), pack)).toEqual([
      'package-lock.json: is of version 0.9.0, the package of 1.0.0',
    ]);
  });

  it('holds no address', () => {
    expect(repository.brokenLock(lock({ 'node_modules/a': { resolved: 'x' } }), pack)).toEqual([
      'package-lock.json: node_modules/a names where it came from',
    ]);
  });

  it('leads to a decision about every script that runs at installation', () => {
    const packages = {
      'node_modules/node': { hasInstallScript: true },
      'node_modules/a/node_modules/asked': { hasInstallScript: true },
      'node_modules/a/node_modules/@b/c': { hasInstallScript: true },
      'node_modules/d': {},
    };
    expect(repository.brokenLock(lock(packages), pack)).toEqual([
      'package.json: allowScripts says nothing of @b/c, which runs a script when installed',
    ]);
  });
});

describe('dependencies have exact versions', () => {
  it('holds here', () => expect(repository.looseVersions(textOf('package.json'))).toEqual([]));
  it('finds ranges', () => {
    const text = JSON.stringify({
      dependencies: { a: '^1.0.0', b: '1.0.0-rc.1', d: 'npm:@e/f@1.0.0' },
      devDependencies: { c: 'latest', g: 'npm:h@^1.0.0' },
    });
    expect(repository.looseVersions(text)).toEqual([
      'package.json: a ^1.0.0 is no exact version',
      'package.json: c latest is no exact version',
      'package.json: g npm:h@^1.0.0 is no exact version',
    ]);
  });
});

describe('the programs that npm test installs', () => {
  it('are those that tests require', () => {
    expect(repository.unevenPrograms(real, textOf('test/programs.json'))).toEqual([]);
  });

  it('are seen to be too many or too few', () => {
    const tree = fakeTree({ 'test/e2e/a.test.ts': `requires('root', requires.package('nginx', 'nginx')).it(` });
    expect(repository.unevenPrograms(tree, '[{"package":"tmux"}]')).toEqual([
      'test/programs.json: lacks nginx, which a test requires',
      'test/programs.json: no test requires tmux',
    ]);
  });
});

describe('dependencies', () => {
  it('are all imported, each with its reason', () => {
    expect(repository.idleDependencies(real, textOf('package.json'))).toEqual([]);
  });

  it('are seen to be idle or unexplained', () => {
    const tree = fakeTree({
      'src/a.ts': `import { x } from 'used/part'; import { y } from 'a-package-like-idle';`,
      'docs/decisions/libraries.md': '| `used` | `idle` |',
    });
    const text = JSON.stringify({ dependencies: { used: '1.0.0', idle: '1.0.0' }, devDependencies: { tool: '1.0.0' } });
    expect(repository.idleDependencies(tree, text)).toEqual([
      'package.json: nothing imports idle',
      'docs/decisions/libraries.md: gives no reason for tool',
    ]);
  });
});
