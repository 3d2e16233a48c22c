/** The signals that ask a run to end: Ctrl-C, a polite kill, a closed terminal. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Hears every ending signal, and every error that nobody caught, instead of dying of it, until the function that comes back is called.
 */
export function outliveSignals(hooks: {
  onSignal: (signal: NodeJS.Signals) => void;
  onUncaught: (error: unknown) => void;
}): () => void {
  for (const signal of ENDING_SIGNALS) process.on(signal, hooks.onSignal);
  process.on('uncaughtException', hooks.onUncaught);
  process.on('unhandledRejection', hooks.onUncaught);
  return () => {
    for (const signal of ENDING_SIGNALS) process.off(signal, hooks.onSignal);
    process.off('uncaughtException', hooks.onUncaught);
    process.off('unhandledRejection', hooks.onUncaught);
  };
}

/** Ignores every ending signal for good: for a process that ends by itself when its work is done. */
export function ignoreSignals(): void {
  for (const signal of ENDING_SIGNALS) process.on(signal, () => undefined);
}
