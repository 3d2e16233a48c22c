import type { Plugin } from 'rolldown';

/** A few words of a dependency that are slow, or wrong, in this bundle. */
export interface Repair {
  /** The end of the file's path. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const REPAIRS: readonly Repair[] = [
  // Hidden in an eval from bundlers for the browser. In a module that fails, and a stand-in written in JavaScript would compress instead.
  ...['deflateSync', 'inflateSync'].map((name) => ({
    file: 'hdr-histogram-js/dist/JsHistogram.encoding.js',
    from: `eval('require("zlib").${name}')`,
    to: `require("zlib").${name}`,
  })),
  // Setting up the collation of a language takes 5 ms; command names need none.
  {
    file: '@oclif/core/lib/config/plugin.js',
    from: 'a.id.localeCompare(b.id)',
    to: '(a.id < b.id ? -1 : 1)',
  },
  // Loads a package and reads /proc, to tell Windows' Linux from Linux.
  {
    file: '@oclif/core/lib/util/os.js',
    from: `(await import('wsl-utils')).isWsl ? 'wsl' : `,
    to: '',
  },
  // The manifest and a theme that nobody has: too small to set up a pool of threads for.
  {
    file: '@oclif/core/lib/util/fs.js',
    from: `await (0, promises_1.readFile)(path, 'utf8')`,
    to: `(0, node_fs_1.readFileSync)(path, 'utf8')`,
  },
  // All that is used of it is global.
  {
    file: '@oclif/core/lib/performance.js',
    from: 'require("node:perf_hooks")',
    to: 'globalThis',
  },
];

/** Applies the repairs. One that is no longer possible, or no longer needed, ends the build: the dependency has changed. */
export function dependencyRepairs(repairs: readonly Repair[] = REPAIRS): Plugin {
  const applied = new Set<Repair>();
  return {
    name: 'dependency-repairs',
    transform: {
      filter: { id: repairs.map(({ file }) => `**/node_modules/${file}`) },
      handler(code, id) {
        const due = repairs.filter(({ file, from }) => id.endsWith(file) && code.includes(from));
        for (const repair of due) applied.add(repair);
        return { code: due.reduce((repaired, { from, to }) => repaired.replaceAll(from, to), code), map: null };
      },
    },
    generateBundle() {
      const idle = repairs.find((repair) => !applied.has(repair));
      if (idle) this.error(`${idle.file} is not in the bundle, or no longer holds ${idle.from}`);
    },
  };
}
