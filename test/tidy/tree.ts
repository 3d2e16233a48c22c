import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files of a repository by path, such as `src/lib/wire/grpc.ts`; contents are text. */
export type Tree = ReadonlyMap<string, string>;

export const ROOT = join(import.meta.dirname, '..', '..');

/** Folders that are made, not written; the same as in .gitignore, and git's own. */
const MADE = ['.git', 'node_modules', 'dist', 'coverage'];

/** Every text file of the working tree. */
export function readTree(root: string = ROOT): Tree {
  const paths = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? (MADE.includes(entry.name) ? [] : pathsBelow(root, entry.name)) : [entry.name],
  );
  const texts = paths.map((path) => [path, readFileSync(join(root, path))] as const);
  return new Map(
    texts.filter(([, bytes]) => !bytes.includes(0)).map(([path, bytes]) => [path, bytes.toString('utf8')]),
  );
}

/** A tree that exists in a test only. */
export function fakeTree(files: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(files));
}

function pathsBelow(root: string, directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    return entry.isDirectory() ? pathsBelow(root, path) : entry.isFile() ? [path] : [];
  });
}
