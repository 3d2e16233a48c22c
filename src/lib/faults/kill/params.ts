import { z } from 'zod';

/** Signals whose default is to end a process (signal(7)). */
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGSEGV'] as const;

export const killParamsSchema = z.strictObject({
  signal: z.enum(SIGNALS).default('SIGKILL').describe('What ends it.'),
  restart: z
    .boolean()
    .default(true)
    .describe('Start it again at the end: only what the scenario has started. False: nothing of ours does.'),
});
export type KillParams = z.output<typeof killParamsSchema>;
