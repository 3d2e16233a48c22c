import { AppError } from '../errors/app-error.ts';
import { createExclusively, remove } from '../runtime/files.ts';
import { pauseThread } from '../runtime/clock.ts';
import { lockText, lookupHolder } from '../runtime/lock-files.ts';
import { selfRef } from '../runtime/processes.ts';

/** How long somebody else's restoring may take; it takes milliseconds. */
const LIMIT_WAIT_MS = 10_000;
const LOOK_MS = 20;

/**
 * Does some work while no other process does the same: a file that only one can create says who is at it. The lock of a dead process is
 * removed. Throws AppError `invalid` when somebody else does not come to an end.
 */
export function withLock<Result>(lockFile: string, work: () => Result, limitWaitMs = LIMIT_WAIT_MS): Result {
  for (let waitedMs = 0; !createExclusively(lockFile, lockText(selfRef())); waitedMs += LOOK_MS) {
    const holder = lookupHolder(lockFile);
    if (!holder.isAlive && waitedMs > LOOK_MS) remove(lockFile);
    if (waitedMs > limitWaitMs)
      throw new AppError('invalid', `process ${holder.pid} holds ${lockFile}`, {
        hint: 'remove it if that process has nothing to do with faultline',
      });
    pauseThread(LOOK_MS);
  }
  try {
    return work();
  } finally {
    remove(lockFile);
  }
}
