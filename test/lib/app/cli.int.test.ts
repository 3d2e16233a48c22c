import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const cli = join(import.meta.dirname, '../../../src/lib/app/cli.ts');

/** Runs a command line from the sources. What is asked here ends before any command is loaded. */
function run(bin: string, ...argv: string[]) {
  const program = `const { main } = await import(${JSON.stringify(cli)}); await main(process.argv[1], process.argv.slice(2));`;
  const env = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, DEBUG: undefined };
  const args = ['--input-type=module', '-e', program, '--', bin, ...argv];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  return { code: status, out: stdout, err: stderr };
}

describe('the command line', () => {
  it.each([
    ['faultline', ['chaos', 'rnu'], 'faultline has no command `chaos rnu`', 'did you mean `faultline chaos run`?'],
    ['chaos', ['validte', 'a.yaml'], 'chaos has no command `validte`', 'did you mean `chaos validate`?'],
    ['chaos', ['doctor'], 'chaos has no command `doctor`', 'that is `faultline doctor`'],
    ['faultline', ['xyzzy'], 'faultline has no command `xyzzy`', '`faultline --help` lists the commands'],
    [
      'faultline',
      ['--seed', '3'],
      '--seed stands before any command',
      'flags come after the command; `faultline --help` lists the commands',
    ],
  ])('of %s %j: %s', (bin, argv, message, hint) => {
    expect(run(bin, ...argv)).toEqual({ code: 2, out: '', err: `error: ${message}\n→ ${hint}\n` });
  });

  it('says so when this version has no command of a program', () => {
    const { code, out, err } = run('logship', 'tail', 'a.log');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error: this version of faultline \([\d.]+\) has no logship command\n$/);
  });

  it('gives mistakes as one object when asked for JSON', () => {
    const { code, out, err } = run('chaos', 'validte', '--json');
    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'usage', exitCode: 2, hint: 'did you mean `chaos validate`?' },
    });
  });

  it.each([
    ['faultline', ['chaos', 'run', '--help'], '$ faultline chaos run FILE'],
    ['faultline', ['help', 'chaos', 'run'], '$ faultline chaos run FILE'],
    ['chaos', ['run', '--help'], '$ chaos run FILE'],
    ['chaos', ['help', 'run'], '$ chaos run FILE'],
    ['chaos', ['run', '-h'], '$ chaos run FILE'],
    ['faultline', ['chaos'], '$ faultline chaos COMMAND'],
    ['chaos', [], '$ chaos COMMAND'],
    ['faultline', [], '$ faultline COMMAND'],
  ])('%s %j shows %s', (bin, argv, usage) => {
    const { code, out, err } = run(bin, ...argv);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`USAGE\n  ${usage}\n`);
  });

  it('gives examples under the name that it was called by', () => {
    expect(run('chaos', 'run', '--help').out).toContain('$ chaos run scenario');
    expect(run('faultline', 'chaos', 'run', '--help').out).toContain('$ faultline chaos run scenario');
  });

  it('answers its version', () => expect(run('chaos', '--version').out).toMatch(/^chaos \d+\.\d+\.\d+\n$/));

  it('colours its help only when it may', () => {
    expect(run('chaos', 'run', '--help').out).not.toContain('\u001b');
    expect(run('chaos', 'run', '--help', '--color=never').out).not.toContain('\u001b');
  });
});
