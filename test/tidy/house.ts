import ts from 'typescript';
import { type Import, importsOf } from './imports.ts';
import type { Tree } from './tree.ts';

/** The house, from the ground up; docs/map.md draws it. Every rule returns what breaks it, one sentence each. */
export const FLOORS: readonly (readonly string[])[] = [
  ['errors', 'runtime', 'events', 'wire', 'resilience', 'trace'],
  ['scenario', 'store', 'services', 'proxy', 'probes', 'faults', 'logship'],
  ['telemetry', 'experiment'],
  ['report', 'control', 'operator', 'tui'],
  ['app'],
];

/** Rooms that every other may use, those on their own floor as well. */
const OPEN_ROOMS = ['errors', 'runtime', 'events'];

/** Names that say nothing about what is in the file, and so collect everything. */
const EMPTY_NAMES = ['index', 'util', 'utils', 'helper', 'helpers', 'misc', 'common', 'shared', 'types'];

/** Longer files do more than one thing; tests hold rows of cases, and may be longer. */
const LONGEST_LINES = 400;
const LONGEST_TEST_LINES = 600;

/** A room imports rooms below it, itself, and the open ones; `import type` counts. */
export function brokenFloors(tree: Tree): string[] {
  return importsOf(tree).flatMap((one) => {
    const [from, to] = [roomOf(one.from), one.to === undefined ? undefined : roomOf(one.to)];
    if (from === undefined || to === undefined || from === to || OPEN_ROOMS.includes(to)) return [];
    const [fromFloor, toFloor] = [floorOf(from), floorOf(to)];
    if (fromFloor === -1) return [`${at(one)}: ${from}/ is no room of the house`];
    if (toFloor === -1) return [`${at(one)}: ${to}/ is no room of the house`];
    return toFloor < fromFloor ? [] : [`${at(one)}: ${from}/ may not import ${to}/`];
  });
}

/** Subfolders of a room are private to it. */
export function brokenPrivacy(tree: Tree): string[] {
  return importsOf(tree).flatMap((one) => {
    if (one.to === undefined) return [];
    const [room, ...inside] = one.to.replace(/^src\/lib\//, '').split('/');
    const isPrivate = one.to.startsWith('src/lib/') && inside.length > 1;
    return isPrivate && roomOf(one.from) !== room ? [`${at(one)}: ${one.to} is private to ${room ?? ''}/`] : [];
  });
}

/** The composition root is for commands only, and commands are imported by nobody. */
export function brokenRoof(tree: Tree): string[] {
  return importsOf(tree).flatMap((one) => {
    const isCommand = one.from.startsWith('src/commands/');
    if (one.to?.startsWith('src/commands/') === true) return [`${at(one)}: commands are imported by nobody`];
    if (isCommand && one.specifier === '@oclif/core') {
      return [
        `${at(one)}: import Args, Flags and FaultlineCommand from lib/app/base-command.ts; all of oclif is slow to load`,
      ];
    }
    return [];
  });
}

/** Files that import each other, by whatever way around, types included; imports inside functions do not count. */
export function importCycles(tree: Tree): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, isDynamic } of importsOf(tree)) {
    if (to !== undefined && !isDynamic) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const cycles = new Set<string>();
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) cycles.add(startingWithLeast(path.slice(start)).join(' → '));
    if (start !== -1 || done.has(file)) return;
    for (const to of next.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) walk(file, []);
  return [...cycles];
}

/** The same cycle is found from each of its files: written from its least one it is one text. */
function startingWithLeast(cycle: readonly string[]): string[] {
  const least = cycle.indexOf([...cycle].sort()[0] ?? '');
  return [...cycle.slice(least), ...cycle.slice(0, least)];
}

export function emptyNames(tree: Tree): string[] {
  return sources(tree)
    .map(([path]) => path)
    .filter((path) => EMPTY_NAMES.includes((path.split('/').at(-1) ?? '').replace(/\..*$/, '')))
    .map((path) => `${path}: name the file after what it holds`);
}

/** `export *` hides what a file offers. */
export function exportStars(tree: Tree): string[] {
  return sources(tree).flatMap(([path, text]) => {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
    const star = file.statements.some(
      (statement) =>
        ts.isExportDeclaration(statement) && (!statement.exportClause || ts.isNamespaceExport(statement.exportClause)),
    );
    return star ? [`${path}: export names, one by one`] : [];
  });
}

export function longFiles(tree: Tree): string[] {
  return sources(tree).flatMap(([path, text]) => {
    const lines = text.split('\n').length - 1;
    const longest = path.startsWith('test/') ? LONGEST_TEST_LINES : LONGEST_LINES;
    return lines > longest ? [`${path}: ${lines} lines, ${longest} at most`] : [];
  });
}

/** What the runner itself loads before any command: packages in its static imports, all the way down. */
export function packagesLoadedBy(tree: Tree, entry: string): string[] {
  const files = new Set([entry]);
  const packages = new Set<string>();
  const all = importsOf(tree).filter(({ isType, isDynamic }) => !isType && !isDynamic);
  for (const file of files) {
    for (const { to, specifier } of all.filter(({ from }) => from === file)) {
      if (to !== undefined) files.add(to);
      else if (!specifier.startsWith('node:'))
        packages.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        );
    }
  }
  return [...packages].sort();
}

/** `wire` for src/lib/wire/…; undefined outside of src/lib. */
function roomOf(path: string): string | undefined {
  return /^src\/lib\/([^/]+)\//.exec(path)?.[1];
}

function floorOf(room: string): number {
  return FLOORS.findIndex((floor) => floor.includes(room));
}

function sources(tree: Tree): [string, string][] {
  return [...tree].filter(([path]) => /^(src|test|bench|bin|scenarios)\/.*\.(tsx?|js)$/.test(path));
}

function at({ from, line }: Import): string {
  return `${from}:${line}`;
}
