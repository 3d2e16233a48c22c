import { globSync, readFileSync, rmSync } from 'node:fs';
import { defineConfig, type Plugin } from 'rolldown';
import { declarations } from './src/lib/app/build/declarations.ts';
import { dependencyRepairs } from './src/lib/app/build/dependency-repairs.ts';
import { lazyBuiltins, LOADED_BUILTINS } from './src/lib/app/build/lazy-builtins.ts';
import { BIN_NAMES, commandsWithin, MAIN_BIN } from './src/lib/app/bin-view.ts';
import { wasmKernels } from './src/lib/app/build/wasm-kernels.ts';
import { type CommandLine, formatRootHelp, type TopicDescriptions } from './src/lib/app/root-help.ts';

/**
 * One bundle for start-up speed. Every command is an entry of its own; what they share goes into chunks, and what they import inside
 * `run()` is loaded only then.
 *
 *     dist/cli.js                  the runner that bin/ starts
 *     dist/commands/<topic>/<verb>.js
 *     dist/entries/<name>.js       programs of ours that run beside the main one
 *     dist/library/<name>.js       what Node programs import, and dist/types/ its declarations
 *     dist/kernels/<name>.wasm     WebAssembly, compiled from src/lib/wire/kernels/
 *     dist/help/<bin>.txt          the overview, printed without loading anything
 */
const commands = sources('src/commands/**/*.ts', (path) => path.replace('src/', ''));
const entries = sources('src/lib/app/entries/*.ts', (path) => path.replace('src/lib/app/', ''));
const library = { 'library/resilience': 'src/lib/app/library/resilience.ts' };

export default defineConfig({
  input: { cli: 'src/lib/app/cli.ts', ...commands, ...entries, ...library },
  platform: 'node',
  logLevel: 'warn',
  // Loaded by libraries only when somebody develops plug-ins or looks into a component tree.
  external: ['typescript', 'react-devtools-core'],
  plugins: [
    overviews(),
    wasmKernels(),
    dependencyRepairs(),
    lazyBuiltins(),
    ...Object.values(library).map(declarations),
    removeLeftovers(),
  ],

  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    comments: false,
    codeSplitting: { groups: [{ name: 'node', test: LOADED_BUILTINS }] },
  },
});

function sources(pattern: string, nameOf: (path: string) => string): Record<string, string> {
  return Object.fromEntries(
    globSync(pattern)
      .sort()
      .map((path) => [nameOf(path).replace(/\.ts$/, ''), path]),
  );
}

/** The overview of each program that has commands, as text. */
function overviews(): Plugin {
  return {
    name: 'overviews',
    generateBundle() {
      const { commands: all } = readJson('oclif.manifest.json') as { commands: Record<string, CommandLine> };
      const { oclif } = readJson('package.json') as { oclif: { topics: TopicDescriptions } };
      for (const bin of BIN_NAMES) {
        const own = commandsWithin(bin, Object.values(all));
        if (own.length === 0) continue;
        const source = formatRootHelp(bin, own, bin === MAIN_BIN ? oclif.topics : {});
        this.emitFile({ type: 'asset', fileName: `help/${bin}.txt`, source });
      }
    },
  };
}

/** Removes what an earlier build has left, once the new one is written: a program that starts meanwhile finds all it needs. */
function removeLeftovers(): Plugin {
  return {
    name: 'remove-leftovers',
    writeBundle(_options, bundle) {
      const leftovers = globSync('dist/**/*.*').filter((path) => !(path.replace('dist/', '') in bundle));
      for (const path of leftovers) rmSync(path);
    },
  };
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
