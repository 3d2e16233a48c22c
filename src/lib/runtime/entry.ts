import { existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** Programs of ours that run beside the main one, as a process or a worker thread. */
export type EntryName = 'guardian' | 'journal-writer' | 'load-generator' | 'cpu-worker';

/** The folder that holds package.json. */
export function packageRoot(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no package.json above ${import.meta.dirname}`);
    directory = parent;
  }
  return directory;
}

/** Whether this code runs from the bundle in `dist/` (else from the TypeScript source, as in the tests). */
export function isBundled(): boolean {
  return (
    import.meta.dirname.startsWith(join(packageRoot(), 'dist') + sep) ||
    import.meta.dirname === join(packageRoot(), 'dist')
  );
}

/** The file of one of our own programs: from the bundle when bundled, else the source, whose types Node strips. */
export function entryFile(name: EntryName): string {
  return isBundled()
    ? join(packageRoot(), 'dist', 'entries', `${name}.js`)
    : join(packageRoot(), 'src', 'lib', 'app', 'entries', `${name}.ts`);
}
