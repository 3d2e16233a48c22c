import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown, type Plugin } from 'rolldown';
import { describe, expect, it } from 'vitest';
import { dependencyRepairs } from '../../../../src/lib/app/build/dependency-repairs.ts';
import { lazyBuiltins } from '../../../../src/lib/app/build/lazy-builtins.ts';
import { temporaryDirectory } from '../../../support/temp.ts';

/** Bundles a program that prints JSON, runs it, and gives what it printed. */
async function bundleAndRun(directory: string, program: string, plugins: readonly Plugin[]): Promise<unknown> {
  const input = join(directory, 'main.ts');
  writeFileSync(input, program);
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent', plugins: [...plugins] });
  const file = join(directory, 'main.mjs');
  await bundle.write({ file, format: 'esm' });
  await bundle.close();
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('Node’s own modules in the bundle', () => {
  const run = (program: string) => bundleAndRun(temporaryDirectory(), program, [lazyBuiltins()]);
  const LOADED = `const loaded = (name) => process.moduleLoadList.includes('NativeModule ' + name);`;

  it('are loaded by the first call of a function of theirs, when they are costly', async () => {
    const program = `
      import { request } from 'node:https';
      import { createHash } from 'crypto';
      ${LOADED}
      const before = [loaded('https'), loaded('crypto')];
      const digest = createHash('sha256').update('').digest('hex').slice(0, 8);
      console.log(JSON.stringify({ before, digest, after: [loaded('https'), loaded('crypto')], type: typeof request }));`;
    expect(await run(program)).toEqual({
      before: [false, false],
      digest: 'e3b0c442',
      after: [false, true],
      type: 'function',
    });
  });

  it('do not evaluate exports behind getters that nobody asks for', async () => {
    const program = `
      import { createServer, STATUS_CODES } from 'node:http';
      ${LOADED}
      createServer();
      console.log(JSON.stringify([STATUS_CODES[404], loaded('http'), loaded('internal/deps/undici/undici')]));`;
    expect(await run(program)).toEqual(['Not Found', true, false]);
  });

  it('have their classes, constants, getters and defaults', async () => {
    const program = `
      import path, { join } from 'node:path';
      import { Agent, globalAgent } from 'node:http';
      import { promises, ReadStream } from 'node:fs';
      import { execFile } from 'node:child_process';
      import { promisify } from 'node:util';
      import { DatabaseSync } from 'node:sqlite';
      import { setTimeout } from 'node:timers/promises';
      class Own extends Agent {}
      await setTimeout(1);
      const { stdout } = await promisify(execFile)(process.execPath, ['-p', '1+1']);
      console.log(JSON.stringify([
        path.join('a', 'b') === join('a', 'b'), new Own() instanceof Agent, globalAgent instanceof Agent, typeof promises.readFile,
        typeof ReadStream, stdout.trim(), new DatabaseSync(':memory:').isOpen,
      ]));`;
    expect(await run(program)).toEqual([true, true, true, 'function', 'function', '2', true]);
  });

  it('are left as they are where the whole module is imported later', async () => {
    const program = `const { STATUS_CODES } = await import('node:http'); console.log(JSON.stringify(STATUS_CODES[200]));`;
    expect(await run(program)).toBe('OK');
  });
});

describe('repairs of dependencies', () => {
  const repair = { file: 'slow/index.js', from: 'slowly()', to: '"fast"' };

  function withDependency(text: string): string {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'node_modules', 'slow'), { recursive: true });
    writeFileSync(join(directory, 'node_modules', 'slow', 'package.json'), '{"main":"index.js","type":"module"}');
    writeFileSync(join(directory, 'node_modules', 'slow', 'index.js'), text);
    return directory;
  }

  const program = `import value from 'slow'; console.log(JSON.stringify(value));`;

  it('are applied', async () => {
    const directory = withDependency('export default slowly();');
    expect(await bundleAndRun(directory, program, [dependencyRepairs([repair])])).toBe('fast');
  });

  it('end the build when they are no longer possible', async () => {
    const directory = withDependency('export default slow();');
    await expect(bundleAndRun(directory, program, [dependencyRepairs([repair])])).rejects.toThrow(
      'slow/index.js is not in the bundle, or no longer holds slowly()',
    );
  });
});
