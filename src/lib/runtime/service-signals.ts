import { closeSync, openSync } from 'node:fs';

export interface ServiceSignalHooks {
  /** Ctrl-C, a polite kill, or the terminal is gone. */
  readonly onEnd: (signal: NodeJS.Signals) => void;
  /** SIGHUP: the configuration is to be read again. */
  readonly onReload: () => void;
  readonly onUncaught: (error: unknown) => void;
}

/**
 * Hears the signals of a program that serves until it is told to end, until the function that comes back is called. SIGHUP asks for a
 * reload, as everywhere, unless it comes because the terminal that the program was started from has been closed.
 */
export function hearServiceSignals({ onEnd, onReload, onUncaught }: ServiceSignalHooks): () => void {
  const hadTerminal = hasTerminal();
  const onHangUp = (): void => {
    if (hadTerminal && !hasTerminal()) onEnd('SIGHUP');
    else onReload();
  };
  process.on('SIGINT', onEnd);
  process.on('SIGTERM', onEnd);
  process.on('SIGHUP', onHangUp);
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  return () => {
    process.off('SIGINT', onEnd);
    process.off('SIGTERM', onEnd);
    process.off('SIGHUP', onHangUp);
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onUncaught);
  };
}

/** Whether this process has a controlling terminal (tty(4)): without one, or once it has hung up, /dev/tty cannot be opened. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
