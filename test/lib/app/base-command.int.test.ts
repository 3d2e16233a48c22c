import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const program = join(import.meta.dirname, 'failing-command.ts');

function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const rest = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, DEBUG: undefined };
  const result = spawnSync(process.execPath, [program, ...argv], {
    cwd: root,
    env: { ...rest, ...env },
    encoding: 'utf8',
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

describe('a command', () => {
  it('shows an error for the user on stderr and ends with its code', () => {
    expect(run(['app-error'])).toEqual({ code: 3, out: '', err: 'error: payments is down\n→ start it\n' });
  });

  it('gives an error as one object on stdout when asked for JSON', () => {
    const { code, out, err } = run(['app-error', '--json']);
    expect({ code, err }).toEqual({ code: 3, err: '' });
    expect(JSON.parse(out)).toEqual({
      error: { message: 'payments is down', hint: 'start it', details: [], exitCode: 3, code: 'unhealthy' },
    });
  });

  it('gives its result as one object, without colours whatever is set', () => {
    const { code, out } = run(['fine', '--json'], { FORCE_COLOR: '1' });
    expect({ code, out }).toEqual({ code: 0, out: '{\n  "verdict": "fine",\n  "color": true\n}\n' });
  });

  it('can end with a verdict’s code and still give its result', () => {
    const { code, out } = run(['verdict', '--json']);
    expect({ code, result: JSON.parse(out) as unknown }).toEqual({
      code: 1,
      result: { verdict: 'verdict', color: false },
    });
  });

  it('takes a code that it ends itself with', () => {
    expect(run(['exit'])).toEqual({ code: 6, out: '', err: '' });
  });

  it('shows a bug of ours without its stack, and with it under DEBUG', () => {
    const { code, err } = run(['bug']);
    expect({ code, stack: err.includes('failing-command.ts') }).toEqual({ code: 70, stack: false });
    expect(err).toContain('error: x is not a function');
    expect(run(['bug'], { DEBUG: 'nothing' }).err).toContain('failing-command.ts');
  });

  it('takes mistakes on the command line for usage errors', () => {
    expect(run([]).code).toBe(2);
    expect(run(['fine', '--lnies', '3'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean --lines?') as string,
    });
  });

  it.each([
    [['fine', '--json'], {}, false],
    [['fine', '--json', '--color=always'], { NO_COLOR: '1' }, true],
    [['fine', '--json', '--color=never'], { FORCE_COLOR: '1' }, false],
  ] as const)('colours by its flag: %j %j', (argv, env, color) => {
    expect(JSON.parse(run(argv, env).out)).toMatchObject({ color });
  });

  it('ends quietly, and knows it, when nobody reads its output any more', async () => {
    const child = spawn(process.execPath, [program, 'fine', '--lines', '1000000'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, err }).toEqual({ code: 0, err: 'closed: true\n' });
  });
});
