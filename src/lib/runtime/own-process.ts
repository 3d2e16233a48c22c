/** This process's own ending: exit code, closed output, errors that nobody caught. */

const outputClosed = new AbortController();

/** Aborted once whoever read our standard output is gone (`… | head -1`): then there is nobody left to print for. */
export const stdoutClosed: AbortSignal = outputClosed.signal;

/** The code that this process will end with. */
export function setExitCode(code: number): void {
  process.exitCode = code;
}

/** The words after the program's name. */
export function ownArguments(): readonly string[] {
  return process.argv.slice(2);
}

/** Writes that find their reader gone are dropped instead of ending the process in the middle of its work. */
export function outliveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      outputClosed.abort();
    });
  }
}

/**
 * What happens to an error that nobody caught. A part that has to put things back first registers a listener of its own; then this one
 * keeps out of the way.
 */
export function onUncaughtError(report: (error: unknown) => number): void {
  const listener = (error: unknown): void => {
    if (process.listenerCount('uncaughtException') > 1) return;
    process.exit(report(error));
  };
  process.on('uncaughtException', listener);
}

/**
 * Ends this process when it has not ended by itself after `graceMs`: a forgotten handle costs that long, not for ever.
 * `beforehand` hears what kept it alive.
 */
export function endWithin(graceMs: number, beforehand: (keptAliveBy: readonly string[]) => void): void {
  setTimeout(() => {
    beforehand(process.getActiveResourcesInfo());
    process.exit();
  }, graceMs).unref();
}
