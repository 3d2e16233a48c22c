import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temp.ts';

/** What npm would publish of this package. */
function packedFiles(): string[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout, status } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
  expect(status).toBe(0);
  const packed: unknown = JSON.parse(stdout);
  // A list up to npm 11, an object by package name since.
  const [first] = Object.values(packed as Record<string, { files: { path: string }[] }>);
  return first!.files.map(({ path }) => path);
}

/** A project of somebody else with this package as it would be published, and none of its dependencies. */
function createConsumer(): string {
  const directory = temporaryDirectory('faultline-consumer');
  for (const path of packedFiles()) {
    const target = join(directory, 'node_modules', 'faultline', path);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(ROOT, path), target);
  }
  writeFileSync(join(directory, 'package.json'), '{ "name": "consumer", "type": "module" }\n');
  return directory;
}

function link(directory: string, name: string, installed = name): void {
  const target = join(directory, 'node_modules', name);
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', installed), target);
}

function runNode(directory: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Type-checks files of the project, and the declarations that they import. */
function check(directory: string, files: readonly string[], skipLibCheck: boolean) {
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['es2024', 'esnext.disposable'], module: 'nodenext', types: ['node'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck },
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  return runNode(directory, join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.');
}

/** The examples of the page, each a module. */
function writeExamples(directory: string): string[] {
  const text = readFileSync(join(ROOT, 'docs', 'resilience.md'), 'utf8');
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = ''], index) => {
    const name = `example-${index}.ts`;
    writeFileSync(join(directory, name), block);
    return name;
  });
}

const PROGRAM = `
  import { BreakerOpenError, CircuitBreaker, executeThrough, realClock } from 'faultline/resilience';
  const breaker = new CircuitBreaker({ consecutiveFailures: 0 });
  const call = () => executeThrough(breaker, realClock, async () => { throw new Error('down'); }).catch((error) => error);
  console.log((await call()).message, (await call()) instanceof BreakerOpenError, breaker.view(0).state);
`;

describe('the package in another project', () => {
  it('offers its library to plain Node without any of its dependencies', () => {
    const directory = createConsumer();
    writeFileSync(join(directory, 'main.mjs'), PROGRAM);
    expect(runNode(directory, 'main.mjs')).toEqual({ status: 0, stdout: 'down true open\n', stderr: '' });
  });

  it('names its package.json, keeps all else to itself, and still has its programs', () => {
    const directory = createConsumer();
    const program = `
      const { default: pack } = await import('faultline/package.json', { with: { type: 'json' } });
      const inner = await import('faultline/dist/cli.js').catch((error) => error.code);
      console.log(pack.name, inner);`;
    writeFileSync(join(directory, 'main.mjs'), program);
    expect(runNode(directory, 'main.mjs').stdout).toBe('faultline ERR_PACKAGE_PATH_NOT_EXPORTED\n');
    // The programs need the dependencies, which Node looks for where the package really is.
    for (const name of ['@oclif', 'zod', 'yaml'])
      if (existsSync(join(ROOT, 'node_modules', name))) link(directory, name);
    const help = runNode(directory, 'node_modules/faultline/bin/chaos.js', 'run', '--help');
    expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining('chaos run') as string });
  });

  it('has types that hold in a strict project that checks libraries, too', () => {
    const directory = createConsumer();
    link(directory, '@types/node');
    link(directory, 'undici-types');
    const right = `
      import { CircuitBreaker, type BreakerView } from 'faultline/resilience';
      export const view: BreakerView = new CircuitBreaker({ openMs: 5 }).view(0);`;
    writeFileSync(join(directory, 'right.ts'), right);
    expect(check(directory, ['right.ts'], false)).toEqual({ status: 0, stdout: '', stderr: '' });
    writeFileSync(join(directory, 'wrong.ts'), right.replace('openMs: 5', "openMs: '5'"));
    expect(check(directory, ['wrong.ts'], false).stdout).toContain("Type 'string' is not assignable to type 'number");
  });

  it('does what its page says: every example compiles and loads', () => {
    const directory = createConsumer();
    for (const name of ['@types/node', 'undici-types', '@grpc/grpc-js']) link(directory, name);
    // The types of undici are a package of their own; undici itself is not here to be loaded.
    link(directory, 'undici', 'undici-types');
    const files = writeExamples(directory);
    expect(files).toHaveLength(7);
    expect(check(directory, files, true)).toEqual({ status: 0, stdout: '', stderr: '' });
    const loadable = files.filter((file) => !readFileSync(join(directory, file), 'utf8').includes("from 'undici'"));
    expect(loadable).toHaveLength(6);
    const program = loadable.map((file) => `await import('./${file}');`).join('\n');
    writeFileSync(join(directory, 'main.mjs'), program);
    expect(runNode(directory, 'main.mjs')).toMatchObject({ status: 0, stderr: '' });
  });
});
