import type { Cancel, Clock } from '../../runtime/clock.ts';
import { signalGroup } from '../../runtime/processes.ts';
import { formatSizeBytes } from '../../wire/quantities.ts';
import { LIMIT_TEXT_BYTES, type Text } from '../expect/text.ts';
import { cutReason } from '../measure.ts';

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly directory: string;
  /** Added to this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: Text;
  /** The last line that it wrote to standard error. */
  readonly lastError: string;
}

/** Characters of standard error that are kept: enough for its last line. */
const LIMIT_ERROR_CHARS = 2_000;
/** How long output may still come after the exit, while something that the command left behind holds the pipe open. */
const LATE_OUTPUT_MS = 100;

/**
 * Runs a command to its end in a process group of its own; whatever is left of the group then is killed, also when the signal is aborted.
 * Rejects when the command cannot be started or was cut.
 */
export async function runCommand(command: Command, clock: Clock, signal: AbortSignal): Promise<CommandResult> {
  const { execa } = await import('execa');
  signal.throwIfAborted();
  const [file, ...args] = command.argv;
  const child = execa(file, args, {
    cwd: command.directory,
    env: command.env,
    detached: true,
    stdin: 'ignore',
    buffer: false,
    reject: false,
  });
  const output = collectOutput(child.stdout);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-LIMIT_ERROR_CHARS)));

  const done = Promise.withResolvers<CommandResult>();
  let cancelLate: Cancel = () => undefined;
  const finish = (exitCode: number | null, ended: string | null): void =>
    done.resolve({ exitCode, signal: ended, stdout: output.text(), lastError: errors.trim().split('\n').at(-1) ?? '' });
  child.nodeChildProcess.once('close', finish);
  child.nodeChildProcess.once('exit', (exitCode, ended) => {
    cancelLate = clock.after(LATE_OUTPUT_MS, () => finish(exitCode, ended));
  });
  child.nodeChildProcess.once('error', (error) => done.reject(new Error(`cannot run ${file}: ${error.message}`)));
  void child.then((result) => {
    if (child.pid === undefined)
      done.reject(new Error(`cannot run ${file}: ${result.originalMessage ?? 'not started'}`));
  });
  const onAbort = (): void =>
    done.reject(
      new Error(`${cutReason(signal)} while the command ran (${formatSizeBytes(output.receivedBytes())} of output)`),
    );
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await done.promise;
  } finally {
    cancelLate();
    signal.removeEventListener('abort', onAbort);
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  }
}

/** Keeps the first part of a stream and counts the rest. */
function collectOutput(stream: NodeJS.ReadableStream): { text(): Text; receivedBytes(): number } {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let receivedBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
    const part = chunk.subarray(0, LIMIT_TEXT_BYTES - keptBytes);
    keptBytes += part.length;
    if (part.length > 0) kept.push(part);
  });
  return {
    receivedBytes: () => receivedBytes,
    text: () => ({ name: 'output', text: Buffer.concat(kept).toString('utf8'), isCut: receivedBytes > keptBytes }),
  };
}
