import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it has printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Hears every line of standard output. */
  onLine(listener: (line: string) => void): void;
  readonly finished: Promise<Finished>;
}

/** Starts one of our programs as a user would; it is killed when the test is over and it still runs. */
export function start(
  bin: 'run' | 'chaos' | 'logship',
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; node?: string } = {},
): Running {
  const child = spawn(options.node ?? process.execPath, [join(ROOT, 'bin', `${bin}.js`), ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  return {
    child,
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    onLine: (listener) => void lines.on('line', listener),
    finished: once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout,
      stderr,
    })),
  };
}

export function run(
  bin: 'run' | 'chaos' | 'logship',
  args: readonly string[],
  options: Parameters<typeof start>[2] = {},
): Promise<Finished> {
  return start(bin, args, options).finished;
}
