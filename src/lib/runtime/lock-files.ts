import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { pauseThread } from './clock.ts';
import { isErrno, lookupText } from './files.ts';
import { isAlive, type ProcessRef, selfRef } from './processes.ts';

/** Locks that are files with the name of the process that holds them; the lock of a dead process is nobody's. */

export type LockAttempt =
  { readonly kind: 'taken'; readonly release: () => void } | { readonly kind: 'held'; readonly by: ProcessRef };

/** How long two that find a dead process's lock at once wait to see whose name stays in it. */
const SETTLE_MS = 50;

/** What stands in a lock file. */
export function lockText({ pid, startTicks }: ProcessRef): string {
  return `${pid} ${startTicks}`;
}

/** The pid in a lock file, for messages, and whether that very process still runs. */
export function lookupHolder(lockFile: string): ProcessRef & { readonly isAlive: boolean } {
  const [pid = Number.NaN, startTicks = Number.NaN] = (lookupText(lockFile) ?? '').split(' ').map(Number);
  return { pid, startTicks, isAlive: isAlive({ pid, startTicks }) };
}

/** Takes the lock for as long as this process lives, or tells who has it. The lock of a dead process is taken over. */
export function holdLock(lockFile: string): LockAttempt {
  const mine = lockText(selfRef());
  const beside = `${lockFile}.${selfRef().pid}`;
  // Written first and linked then: whoever finds the lock finds a name in it.
  writeFileSync(beside, mine, { mode: 0o600 });
  try {
    if (!linkExclusively(beside, lockFile)) {
      const holder = lookupHolder(lockFile);
      if (holder.isAlive) return { kind: 'held', by: holder };
      renameSync(beside, lockFile);
      pauseThread(SETTLE_MS);
      if (lookupText(lockFile) !== mine) return { kind: 'held', by: lookupHolder(lockFile) };
    }
  } finally {
    rmSync(beside, { force: true });
  }
  return {
    kind: 'taken',
    release: () => {
      if (lookupText(lockFile) === mine) rmSync(lockFile, { force: true });
    },
  };
}

function linkExclusively(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}
