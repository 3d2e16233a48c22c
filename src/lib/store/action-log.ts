import { join } from 'node:path';
import { AppError, messageOf } from '../errors/app-error.ts';
import type { OperatorEventBody } from '../events/operator-events.ts';
import { appendDurably, lookupSize, makeDirectory, rename } from '../runtime/files.ts';

/** One action is some 300 bytes: tens of thousands of them, and as many in the file before. */
const MAX_BYTES = 8 * 1_048_576;

/** Where actions stand that were not part of a run, a JSON object a line, the newest last. */
export function actionLogOf(stateDirectory: string): string {
  return join(stateDirectory, 'actions.ndjson');
}

/**
 * Writes an action down, and returns when it is on the disk. A log that has grown too long becomes `actions.ndjson.1`. Throws AppError `invalid` when it
 * cannot be written.
 */
export function recordAction(
  stateDirectory: string,
  stamp: { readonly unixMs: number; readonly pid: number },
  action: OperatorEventBody,
): void {
  const file = actionLogOf(stateDirectory);
  try {
    makeDirectory(stateDirectory);
    if ((lookupSize(file) ?? 0) >= MAX_BYTES) rename(file, `${file}.1`);
    appendDurably(file, `${JSON.stringify({ ...stamp, ...action })}\n`, 0o600);
  } catch (error) {
    throw new AppError('invalid', `${file}: ${messageOf(error)}`, { cause: error });
  }
}
