import { z } from 'zod';

const restartUndoSchema = z.strictObject({
  mode: z.literal('restart'),
  /** The fault as it is known in this process and to whoever starts the service again. */
  mark: z.string(),
  service: z.string(),
  /** The process that has started the service, and alone can start it again. */
  owner: z.strictObject({ pid: z.int(), startTicks: z.int() }),
  /** How long the restart may take. */
  limitMs: z.number(),
});

/** Nothing to take back. */
const noUndoSchema = z.strictObject({ mode: z.literal('none'), mark: z.string() });

export const killUndoSchema = z.discriminatedUnion('mode', [restartUndoSchema, noUndoSchema]);
export type KillUndo = z.infer<typeof killUndoSchema>;
