import { fork } from 'node:child_process';
import { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { realClock } from './clock.ts';
import { entryFile, type EntryName } from './entry.ts';
import { environment } from './environment.ts';
import { refOf, type ProcessRef } from './processes.ts';

/** Output of a helper kept for an error message: enough for a stack trace, bounded. */
const LIMIT_ERROR_CHARS = 4_000;

export interface HelperEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to standard error. */
  readonly errorOutput: string;
}

/** A program of ours in a process of its own, seen from its parent. */
export interface Helper {
  readonly ref: ProcessRef;
  /** Resolves once the helper said that it is at work; rejects when it ended before. */
  readonly ready: Promise<void>;
  readonly ended: Promise<HelperEnd>;
}

export interface HelperOptions {
  readonly args: readonly string[];
  /** Marks, so that any process can find it (`findMarked`). Of the parent's own environment it gets PATH only. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts one of our own programs as a process with a session and process group of its own, so that neither Ctrl-C nor a closed
 * terminal reaches it. A channel ties it to this process: whatever end this one meets, the helper sees the channel close.
 *
 *   parent ───── channel (closes with the parent) ─────▶ helper: answerParent()
 *          ◀──── 'ready' ──────────────────────────────
 *
 * The helper does not keep this process from ending. Throws when the system cannot start a process.
 */
export function forkHelper(entry: EntryName, options: HelperOptions): Helper {
  const { PATH = '' } = environment();
  const child = fork(entryFile(entry), [...options.args], {
    detached: true,
    cwd: '/',
    execArgv: [],
    env: { PATH, ...options.env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const ref = child.pid === undefined ? undefined : refOf(child.pid);
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-LIMIT_ERROR_CHARS);
  });
  const ended = new Promise<HelperEnd>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, errorOutput }));
    child.once('error', (error) => resolve({ exitCode: null, signal: null, errorOutput: error.message }));
  });
  if (!ref) throw new Error(`cannot start ${entry}: the system refused a new process`);
  const ready = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    void ended.then((end) => reject(new Error(`${entry} ended at its start: ${formatEnd(end)}`)));
  });
  void ready
    .catch(() => undefined)
    .finally(() => {
      child.unref();
      child.channel?.unref();
      if (child.stderr instanceof Socket) child.stderr.unref();
    });
  return { ref, ready, ended };
}

/** How a helper ended, in one line. */
export function formatEnd(end: HelperEnd): string {
  const how = end.signal ? `by ${end.signal}` : `with exit code ${end.exitCode ?? 'unknown'}`;
  const lastLine = end.errorOutput.trim().split('\n').at(-1);
  return lastLine ? `${how}: ${lastLine}` : how;
}

/**
 * The helper's side: says `ready`, then ends this process when the parent is gone, or after `limitMs` whatever happens. Priority is
 * set back to normal, which the parent's may not be; when that is not permitted, it stays.
 */
export function answerParent(limitMs: number): void {
  const end = (): never => process.exit(0);
  process.once('disconnect', end);
  realClock.after(limitMs, end);
  try {
    setPriority(0);
  } catch {
    // A lower priority than asked is reported by what the fault delivers.
  }
  // The parent may have died while this file was being loaded: then no event follows.
  if (!process.connected) end();
  process.send?.('ready', undefined, undefined, (error: Error | null) => {
    if (error) end();
  });
}

/** Runs `action` once pending events were handled: a process that works without rest still hears its parent in between. */
export function soon(action: () => void): void {
  setImmediate(action);
}

/** Microseconds of CPU that this process has used, all its threads together. */
export function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
