import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScenario, type LoadOptions } from '../../../src/lib/scenario/load.ts';
import type { Scenario } from '../../../src/lib/scenario/scenario.ts';
import { kinds, refusalOf, scenarioText } from './support.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'faultline-load-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string | Buffer): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}

function load(file: string, options: Partial<LoadOptions> = {}): Scenario {
  return loadScenario(file, { kinds, env: {}, ...options });
}

function refusal(file: string, options: Partial<LoadOptions> = {}): { message: string; details: readonly string[] } {
  try {
    load(file, options);
  } catch (error) {
    const { message, details } = refusalOf(error);
    return {
      message: message.replaceAll(directory, '.'),
      details: details.map((line) => line.replaceAll(directory, '.')),
    };
  }
  throw new Error('it was accepted');
}

describe('loadScenario', () => {
  it('starts relative paths at the folder of the file, and keeps the name that it was given', () => {
    mkdirSync(join(directory, 'shop'));
    const run = 'run: { command: [a], cwd: ../services }';
    const file = write(
      'shop/s.yaml',
      scenarioText({ services: `services: { payments: { endpoints: a:1, listen: b:1, ${run} } }` }),
    );
    const scenario = load(file);
    expect([scenario.file, scenario.directory, scenario.services.payments?.run?.directory]).toEqual([
      file,
      join(directory, 'shop'),
      join(directory, 'services'),
    ]);
  });

  it('fills in variables from files, the later before the earlier', () => {
    const file = write('s.yaml', scenarioText({ tags: 'tags: [${A}, ${B}, ${C}]' }));
    const varFiles = [write('one.yaml', 'A: a1\nB: b1'), write('.env', 'B=b2')];
    expect(load(file, { varFiles, env: { B: 'no', C: 'c' } }).tags).toEqual(['a1', 'b2', 'c']);
  });

  it('reads the environment of this process when it is given none', () => {
    const file = write('s.yaml', scenarioText({ description: 'description: "${PATH}"' }));
    expect(loadScenario(file, { kinds }).description).toBe(process.env.PATH);
  });

  it('names the file and the place of what is wrong', () => {
    expect(refusal(write('s.yaml', scenarioText({ seed: 'sed: 1' })))).toEqual({
      message: './s.yaml: 1 mistake',
      details: ['./s.yaml:7:1  unknown key "sed" in the scenario; did you mean "seed"?'],
    });
  });

  it('refuses a file of variables with its own places', () => {
    const file = write('s.yaml', scenarioText());
    expect(refusal(file, { varFiles: [write('v.env', 'A=1\nnonsense')] })).toEqual({
      message: './v.env: 1 mistake',
      details: ['./v.env:2:1  expected NAME=value'],
    });
    expect(refusal(file, { varFiles: [join(directory, 'none.env')] }).message).toBe(
      'cannot read ./none.env: no such file',
    );
  });

  it.each([
    ['is not there', () => join(directory, 'none.yaml'), 'cannot read ./none.yaml: no such file'],
    ['lies behind a file', () => join(write('f', ''), 's.yaml'), /^cannot read \.\/f\/s\.yaml: ENOTDIR/],
    ['is a directory', () => directory, 'cannot read .: it is a directory'],
    ['is empty', () => write('s.yaml', ''), './s.yaml: the file is empty'],
    ['is larger than 1 MiB', () => write('s.yaml', ' '.repeat(1024 * 1024 + 1)), './s.yaml is larger than 1 MiB'],
    ['is no text', () => write('s.yaml', Buffer.from([0x6e, 0xff, 0xfe, 0x00])), './s.yaml is not a text in UTF-8'],
    ['has no end', () => linked('/dev/zero'), './zero is larger than 1 MiB'],
  ])('refuses a file that %s', (_, file, message) => {
    expect(refusal(file()).message).toMatch(message);
  });

  it('takes a file of exactly 1 MiB', () => {
    const text = `${scenarioText()}\n#`;
    expect(load(write('s.yaml', text.padEnd(1024 * 1024, '.'))).name).toBe('checkout');
  });

  it('reads from a pipe', () => {
    const file = write('s.yaml', scenarioText());
    const program = `import { loadScenario } from '${join(import.meta.dirname, '../../../src/lib/scenario/load.ts')}';
      import { kinds } from '${join(import.meta.dirname, 'support.ts')}';
      console.log(loadScenario('/dev/stdin', { kinds }).name);`;
    const script = 'cat "$1" | "$0" --input-type=module-typescript --eval "$2"';
    const output = execFileSync('/bin/sh', ['-c', script, process.execPath, file, program], { encoding: 'utf8' });
    expect(output).toBe('checkout\n');
  });
});

function linked(target: string): string {
  const link = join(directory, 'zero');
  symlinkSync(target, link);
  return link;
}
