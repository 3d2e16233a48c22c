import { posix, relative, resolve } from 'node:path';
import type { Plugin } from 'rolldown';
import ts from 'typescript';
import { AppError } from '../../errors/app-error.ts';

/** The folder of dist that declarations are in, laid out as src/lib is. */
const FOLDER = 'types';
const ROOT = 'src/lib';

/**
 * Writes the type declarations of an entry that others import, and of the files that those name: a consumer's compiler reads nothing else of us.
 *
 *     src/lib/app/library/resilience.ts  →  dist/types/app/library/resilience.d.ts
 */
export function declarations(entry: string): Plugin {
  return {
    name: 'declarations',
    generateBundle() {
      for (const [fileName, source] of needed(entry, declarationsOf(entry)))
        this.emitFile({ type: 'asset', fileName, source });
    },
  };
}

/** The declarations of every file that the entry imports, by their names in dist. */
function declarationsOf(entry: string): ReadonlyMap<string, string> {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  delete options.tsBuildInfoFile;
  const output = { noEmit: false, declaration: true, emitDeclarationOnly: true, incremental: false };
  const program = ts.createProgram([entry], { ...options, ...output, rootDir: ROOT, outDir: resolve(FOLDER) });
  const found = new Map<string, string>();
  const { emitSkipped, diagnostics } = program.emit(undefined, (path, text) => {
    found.set(relative('.', path), withDeclarationNames(text));
  });
  if (emitSkipped || diagnostics.length > 0)
    throw new AppError('bug', `no type declarations of ${entry}`, { details: diagnostics.map(textOf) });
  return found;
}

/** The entry's own and what they lead to, in the order they are met. */
function needed(entry: string, all: ReadonlyMap<string, string>): Map<string, string> {
  const first = posix.join(FOLDER, relative(ROOT, entry)).replace(/\.ts$/, '.d.ts');
  const textOf = (path: string): string => {
    const text = all.get(path);
    if (text === undefined) throw new Error(`the compiler has written no ${path}`);
    return text;
  };
  const reached = new Map<string, string>([[first, textOf(first)]]);
  for (const [path, text] of reached) {
    for (const [, specifier = ''] of text.matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)) {
      const next = posix.join(posix.dirname(path), `${specifier}.d.ts`);
      if (!reached.has(next)) reached.set(next, textOf(next));
    }
  }
  return reached;
}

/** A compiler that may not import `.ts` files finds the declarations beside a `.js`. */
function withDeclarationNames(text: string): string {
  return text.replace(/(from |import\()['"](\.[^'"]+)\.ts['"]/g, "$1'$2.js'");
}

function textOf({ messageText }: ts.Diagnostic): string {
  return ts.flattenDiagnosticMessageText(messageText, '\n');
}
