import { AppError } from '../errors/app-error.ts';
import { createExclusively, lookupText, remove } from '../runtime/files.ts';
import { pauseThread } from '../runtime/clock.ts';
import { isAlive, selfRef } from '../runtime/processes.ts';

/** How long somebody else's restoring may take; it takes milliseconds. */
const LIMIT_WAIT_MS = 10_000;
const LOOK_MS = 20;

/**
 * Does some work while no other process does the same: a file that only one can create says who is at it. The lock of a dead process is
 * removed. Throws AppError `invalid` when somebody else does not come to an end.
 */
export function withLock<Result>(lockFile: string, work: () => Result, limitWaitMs = LIMIT_WAIT_MS): Result {
  const { pid, startTicks } = selfRef();
  for (let waitedMs = 0; !createExclusively(lockFile, `${pid} ${startTicks}`); waitedMs += LOOK_MS) {
    const [heldBy = Number.NaN, since = Number.NaN] = (lookupText(lockFile) ?? '').split(' ').map(Number);
    const isHeld = isAlive({ pid: heldBy, startTicks: since });
    if (!isHeld && waitedMs > LOOK_MS) remove(lockFile);
    if (waitedMs > limitWaitMs)
      throw new AppError('invalid', `process ${heldBy} holds ${lockFile}`, {
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
