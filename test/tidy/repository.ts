import { importsOf } from './imports.ts';
import type { Tree } from './tree.ts';

/** What must hold for the files of the repository, whatever is in them. Every rule returns what breaks it. */

/** Addresses that belong to one machine or one mirror. Written so that the patterns do not match themselves. */
const FOREIGN: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a package registry', pattern: /https?:\/\/[^/\s"']*(?:regis[t]ry\.|artifac[t]ory|verdac[c]io|nex[u]s\.)/ },
  { what: 'a package registry', pattern: /regis[t]ry\.(?:npmjs|yarnpkg)/ },
  { what: 'a folder of somebody’s machine', pattern: /(?:^|[^\w./-])\/(?:root|wor[k]|home\/[a-z]+)\/\w/m },
];

export function foreignAddresses(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) =>
    FOREIGN.filter(({ pattern }) => pattern.test(text)).map(({ what }) => `${path}: names ${what}`),
  );
}

export function missingLastNewlines(tree: Tree): string[] {
  return [...tree]
    .filter(([, text]) => text !== '' && !text.endsWith('\n'))
    .map(([path]) => `${path}: ends without a newline`);
}

interface LockFile {
  readonly version: string;
  readonly packages: Readonly<Record<string, { readonly resolved?: string; readonly hasInstallScript?: boolean }>>;
}

export interface PackageFile {
  readonly version: string;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The lock file holds no addresses, and every package that wants to run a script at installation has been decided about. */
export function brokenLock(lockText: string, packageText: string): string[] {
  const lock = JSON.parse(lockText) as LockFile;
  const { version, allowScripts } = JSON.parse(packageText) as PackageFile;
  const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
  return [
    ...(lock.version === version
      ? []
      : [`package-lock.json: is of version ${lock.version}, the package of ${version}`]),
    ...entries
      .filter(([, entry]) => entry.resolved !== undefined)
      .map(([path]) => `package-lock.json: ${path} names where it came from`),
    ...entries
      .filter(([path, entry]) => entry.hasInstallScript === true && !(nameOf(path) in allowScripts))
      .map(
        ([path]) => `package.json: allowScripts says nothing of ${nameOf(path)}, which runs a script when installed`,
      ),
  ];
}

/** Versions are exact, also of packages under another name: what was tested is what is installed. */
export function looseVersions(packageText: string): string[] {
  const { dependencies, devDependencies } = JSON.parse(packageText) as PackageFile;
  return Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !/^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
    .map(([name, version]) => `package.json: ${name} ${version} is no exact version`);
}

/** `node_modules/a/node_modules/@b/c` → `@b/c`. */
function nameOf(lockPath: string): string {
  return lockPath.split('node_modules/').at(-1) ?? lockPath;
}

/** Programs that tests ask for and programs that `npm test` installs are the same. */
export function unevenPrograms(tree: Tree, programsText: string): string[] {
  const listed = (JSON.parse(programsText) as { readonly package: string }[]).map((entry) => entry.package);
  const tests = [...tree].filter(
    ([path]) => path.endsWith('.test.ts') && !path.startsWith('test/support/') && !path.startsWith('test/tidy/'),
  );
  const asked = tests.flatMap(([, text]) =>
    [...text.matchAll(/requires\s*\.package\(\s*'([^']+)'/g)].map(([, name = '']) => name),
  );
  return [
    ...new Set([
      ...asked
        .filter((name) => !listed.includes(name))
        .map((name) => `test/programs.json: lacks ${name}, which a test requires`),
      ...listed.filter((name) => !asked.includes(name)).map((name) => `test/programs.json: no test requires ${name}`),
    ]),
  ];
}

/** Every dependency is imported somewhere in the sources or the demo, and has its reason in the list of libraries. */
export function idleDependencies(tree: Tree, packageText: string): string[] {
  const { dependencies, devDependencies } = JSON.parse(packageText) as PackageFile;
  const imported = [...importsOf(tree), ...importsOf(tree, 'scenarios/')].map(({ specifier }) => specifier);
  const reasons = tree.get('docs/decisions/libraries.md') ?? '';
  const isImported = (name: string): boolean =>
    imported.some((specifier) => specifier === name || specifier.startsWith(`${name}/`));
  return [
    ...Object.keys(dependencies)
      .filter((name) => !isImported(name))
      .map((name) => `package.json: nothing imports ${name}`),
    ...Object.keys({ ...dependencies, ...devDependencies })
      .filter((name) => !reasons.includes(`\`${name}\``))
      .map((name) => `docs/decisions/libraries.md: gives no reason for ${name}`),
  ];
}
