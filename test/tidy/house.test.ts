import { describe, expect, it } from 'vitest';
import * as house from './house.ts';
import { importsInFile } from './imports.ts';
import { fakeTree, readTree, type Tree } from './tree.ts';

const real = readTree();

type Rule = (tree: Tree) => string[];

/** Each rule, a tree that breaks it with what the rule must say, and trees that look like it and are right. */
const RULES: readonly {
  readonly says: string;
  readonly rule: Rule;
  readonly broken: readonly (readonly [Readonly<Record<string, string>>, string])[];
  readonly fine: readonly Readonly<Record<string, string>>[];
}[] = [
  {
    says: 'rooms import only what is below them',
    rule: house.brokenFloors,
    broken: [
      [
        { 'src/lib/proxy/a.ts': `import { x } from '../faults/b.ts';` },
        'src/lib/proxy/a.ts:1: proxy/ may not import faults/',
      ],
      [
        { 'src/lib/wire/a.ts': `\nimport type { X } from '../trace/b.ts';` },
        'src/lib/wire/a.ts:2: wire/ may not import trace/',
      ],
      [
        { 'src/lib/store/a.ts': `type X = import('../report/b.ts').X;` },
        'src/lib/store/a.ts:1: store/ may not import report/',
      ],
      [
        { 'src/lib/store/a.ts': `const x = () => import('../app/b.ts');` },
        'src/lib/store/a.ts:1: store/ may not import app/',
      ],
      [
        { 'src/lib/store/a.ts': `export { x } from '../scenario/b.ts';` },
        'src/lib/store/a.ts:1: store/ may not import scenario/',
      ],
      [
        { 'src/lib/events/a.ts': `import { x } from '../wire/b.ts';` },
        'src/lib/events/a.ts:1: events/ may not import wire/',
      ],
      [
        { 'src/lib/attic/a.ts': `import { x } from '../wire/b.ts';` },
        'src/lib/attic/a.ts:1: attic/ is no room of the house',
      ],
    ],
    fine: [
      { 'src/lib/experiment/a.ts': `import { x } from '../faults/b.ts';` },
      { 'src/lib/wire/a.ts': `import { x } from '../runtime/b.ts';` },
      { 'src/lib/wire/a.ts': `import { x } from './b.ts'; import { z } from 'zod';` },
      { 'src/commands/a.ts': `import { x } from '../lib/app/b.ts';` },
    ],
  },
  {
    says: 'subfolders of a room are private to it',
    rule: house.brokenPrivacy,
    broken: [
      [
        { 'src/lib/experiment/a.ts': `import type { X } from '../faults/kinds/cpu.ts';` },
        'src/lib/experiment/a.ts:1: src/lib/faults/kinds/cpu.ts is private to faults/',
      ],
      [
        { 'src/commands/a.ts': `import { x } from '../lib/report/formats/json.ts';` },
        'src/commands/a.ts:1: src/lib/report/formats/json.ts is private to report/',
      ],
    ],
    fine: [
      { 'src/lib/faults/registry.ts': `import { x } from './kinds/cpu.ts';` },
      { 'src/lib/faults/kinds/cpu.ts': `import { x } from '../cpu/quota.ts';` },
    ],
  },
  {
    says: 'commands stand on top and load little',
    rule: house.brokenRoof,
    broken: [
      [
        { 'src/lib/app/a.ts': `import x from '../../commands/b.ts';` },
        'src/lib/app/a.ts:1: commands are imported by nobody',
      ],
      [
        { 'src/commands/a.ts': `import { Flags } from '@oclif/core';` },
        'src/commands/a.ts:1: import Args, Flags and FaultlineCommand from lib/app/base-command.ts; all of oclif is slow to load',
      ],
    ],
    fine: [{ 'src/commands/a.ts': `import { Flags } from '../lib/app/base-command.ts';` }],
  },
  {
    says: 'no files import each other in a circle',
    rule: house.importCycles,
    broken: [
      [
        {
          'src/lib/wire/b.ts': `import { c } from './c.ts';`,
          'src/lib/wire/c.ts': `import type { A } from './a.ts';`,
          'src/lib/wire/a.ts': `export { b } from './b.ts';`,
        },
        'src/lib/wire/a.ts → src/lib/wire/b.ts → src/lib/wire/c.ts',
      ],
      [{ 'src/lib/wire/a.ts': `import { a } from './a.ts';` }, 'src/lib/wire/a.ts'],
    ],
    fine: [
      {
        'src/lib/wire/a.ts': `import { b } from './b.ts'; import { c } from './c.ts';`,
        'src/lib/wire/b.ts': `import { c } from './c.ts';`,
        'src/lib/wire/c.ts': `const later = () => import('./a.ts');`,
      },
    ],
  },
  {
    says: 'file names say what is inside',
    rule: house.emptyNames,
    broken: [
      [{ 'src/lib/wire/index.ts': '' }, 'src/lib/wire/index.ts: name the file after what it holds'],
      [{ 'test/support/helpers.tsx': '' }, 'test/support/helpers.tsx: name the file after what it holds'],
    ],
    fine: [{ 'src/lib/wire/http1-index.ts': '' }],
  },
  {
    says: 'nothing exports everything',
    rule: house.exportStars,
    broken: [
      [{ 'src/a.ts': `export * from './b.ts';` }, 'src/a.ts: export names, one by one'],
      [{ 'src/a.ts': `export * as b from './b.ts';` }, 'src/a.ts: export names, one by one'],
    ],
    fine: [{ 'src/a.ts': `import * as b from './b.ts'; export { b }; // export * from` }],
  },
  {
    says: 'files are short',
    rule: house.longFiles,
    broken: [[{ 'src/a.ts': '\n'.repeat(401) }, 'src/a.ts: 401 lines, 400 at most']],
    fine: [{ 'src/a.ts': '\n'.repeat(400), 'docs/a.md': '\n'.repeat(900) }],
  },
];

describe.each(RULES)('the house: $says', ({ rule, broken, fine }) => {
  it('holds here', () => expect(rule(real)).toEqual([]));

  it.each(broken.map(([files, complaint]) => ({ files, complaint })))('finds $complaint', ({ files, complaint }) => {
    expect(rule(fakeTree(files))).toEqual([complaint]);
  });

  it.each(fine.map((files) => ({ files })))('allows what only looks like it (%#)', ({ files }) => {
    expect(rule(fakeTree(files))).toEqual([]);
  });
});

describe('the tree that is held against the rules', () => {
  it('has every source, and the imports in them', () => {
    expect(real.has('src/lib/app/cli.ts')).toBe(true);
    expect(real.has('test/tidy/house.test.ts')).toBe(true);
    expect([...real.keys()].some((path) => path.startsWith('node_modules/'))).toBe(false);
  });

  it('has only rooms of the house', () => {
    const rooms = new Set([...real.keys()].flatMap((path) => /^src\/lib\/([^/]+)\//.exec(path)?.[1] ?? []));
    expect([...rooms].filter((room) => !house.FLOORS.flat().includes(room))).toEqual([]);
  });

  it('tells imports of types and imports inside functions apart', () => {
    const text = `import { type A, type B } from './t.ts'; import { type C, d } from './v.ts'; await import('./d.ts');`;
    expect(importsInFile('src/x.ts', text).map(({ to, isType, isDynamic }) => [to, isType, isDynamic])).toEqual([
      ['src/t.ts', true, false],
      ['src/v.ts', false, false],
      ['src/d.ts', false, true],
    ]);
  });
});

describe('start-up', () => {
  it('loads the command library and nothing else before a command', () => {
    expect(house.packagesLoadedBy(real, 'src/lib/app/cli.ts')).toEqual(['@oclif/core']);
  });

  it('is seen to load more when it does', () => {
    const tree = fakeTree({
      'src/lib/app/cli.ts': `import { a } from './a.ts'; import type { X } from 'ink';`,
      'src/lib/app/a.ts': `import { z } from 'zod'; import { y } from '@otel/api/x'; import 'node:fs'; import('react');`,
    });
    expect(house.packagesLoadedBy(tree, 'src/lib/app/cli.ts')).toEqual(['@otel/api', 'zod']);
  });
});
