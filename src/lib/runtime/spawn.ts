import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { entryFile, type EntryName } from './entry.ts';

/** A program of ours in a process of its own session. */
export interface OwnProgram {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Called once: with the reason that it could not start, or with how it ended. */
  onEnd(action: (reason: string) => void): void;
  /** Lets this process end without waiting for it. */
  release(): void;
}

/**
 * Starts one of our programs detached (setsid), so that a signal to the terminal's process group does not reach it. Its standard error goes
 * nowhere: it has no terminal of its own, and holding ours open would keep pipelines waiting.
 */
export function startOwnProgram(name: EntryName, args: readonly string[]): OwnProgram {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', entryFile(name), ...args],
    {
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error(`${name}: no pipes`);
  // A write to a program that died says EPIPE here; how it ended is told by onEnd.
  stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    stdin,
    stdout,
    onEnd(action) {
      child.once('error', (error) => action(error.message));
      child.once('exit', (code, signal) => action(signal ? `ended by ${signal}` : `ended with code ${code ?? '?'}`));
    },
    release() {
      child.unref();
      // The pipes of a child are sockets, which can be let go as well.
      for (const stream of [stdin, stdout]) if (stream instanceof Socket) stream.unref();
    },
  };
}
