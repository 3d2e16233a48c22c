import { realClock } from '../runtime/clock.ts';
import { RUN_MARK, SERVICE_MARK } from '../runtime/marks.ts';
import { anchored } from './anchor.ts';
import { OutputTail } from './output-tail.ts';

/** What starting a service needs to know of it. */
export interface ServiceProgram {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly directory: string;
  /** Added to this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ServiceEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines that it wrote, standard output and error together. */
  readonly lastOutput: string;
  /** Why it could not be started at all. */
  readonly failure: string | undefined;
}

export interface StartedService {
  readonly pid: number | undefined;
  /** Resolves when the program itself has ended, whatever it has left running. */
  readonly ended: Promise<ServiceEnd>;
  lastOutput(): string;
}

/** How long output may still come after the end, while something that the program left behind holds its pipes open. */
const LATE_OUTPUT_MS = 100;

/**
 * Starts a service in a session and process group of its own, marked so that any process can find it and all that it starts
 * (`findServiceProcesses`). Its output is read and its end kept; nothing of it reaches our terminal.
 */
export async function startService(
  program: ServiceProgram,
  run: string,
  signal?: AbortSignal,
): Promise<StartedService> {
  const { execa } = await import('execa');
  signal?.throwIfAborted();
  const [file, ...args] = anchored(program.command);
  const child = execa(file, args, {
    cwd: program.directory,
    env: { ...program.env, [RUN_MARK]: run, [SERVICE_MARK]: program.name },
    detached: true,
    cleanup: false,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
  });
  const output = new OutputTail();
  child.all.on('data', (chunk: Buffer) => output.add(chunk));
  child.all.on('error', () => undefined);

  const ended = Promise.withResolvers<ServiceEnd>();
  const end = (exitCode: number | null, signal: string | null, failure?: string): void =>
    ended.resolve({ exitCode, signal, lastOutput: output.text(), failure });
  void child.then((result) => {
    const failure = child.pid === undefined ? (result.originalMessage ?? 'it could not be started') : undefined;
    end(result.exitCode ?? null, result.signal ?? null, failure);
  });
  child.nodeChildProcess.once('exit', (exitCode, signal) => {
    realClock.after(LATE_OUTPUT_MS, () => end(exitCode, signal));
  });
  return { pid: child.pid, ended: ended.promise, lastOutput: () => output.text() };
}
