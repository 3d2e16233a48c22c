import { posix } from 'node:path';
import { AppError, messageOf } from '../../errors/app-error.ts';
import { replaceDurably } from '../../runtime/durable-files.ts';
import { exists, isErrno, makeDirectory, readBytes, rename } from '../../runtime/files.ts';
import { holdLock } from '../../runtime/lock-files.ts';
import type { CheckpointEntry } from './entry.ts';
import { formatCheckpoint, parseCheckpoint, type ReadCheckpoint } from './checkpoint-format.ts';

/**
 * The directory in which positions outlive the process: two checkpoints that are replaced by turns, so that one is always whole, and a lock.
 * A damaged checkpoint is kept beside it as `….damaged`.
 */
export interface StateDirectory {
  readonly found: FoundState;
  /** Puts these lines in the place of the older checkpoint, durably. Rejects with the system's error; the newer one is there all the same. */
  save(lines: readonly string[]): Promise<void>;
  release(): void;
}

export type FoundState =
  /** Nothing was ever stored here. */
  | { readonly kind: 'fresh' }
  | { readonly kind: 'loaded'; readonly entries: readonly CheckpointEntry[] }
  /** The newest is damaged: what was delivered after the one before it is delivered again. */
  | { readonly kind: 'older'; readonly entries: readonly CheckpointEntry[] }
  /** Something was stored, and nothing of it can be read. */
  | { readonly kind: 'lost' };

interface Slot {
  readonly file: string;
  readonly content: ReadCheckpoint | { readonly kind: 'absent' };
}

const SLOT_NAMES = ['checkpoint-a', 'checkpoint-b'] as const;
const OWNERS_ONLY = 0o700;

/** Throws AppError `invalid` when another process has it, or it cannot be made. Damage is told through `warn`, and never stops anything. */
export function openStateDirectory(path: string, warn: (message: string) => void): StateDirectory {
  const release = takeLock(path, warn);
  const slots = SLOT_NAMES.map((name) => readSlot(posix.join(path, name)));
  for (const { file, content } of slots) if (content.kind === 'damaged') setAside(file, content.why, warn);
  let newest = newestOf(slots);
  const found = foundIn(slots);
  if (found.kind === 'older')
    warn(`going on from the checkpoint before it: what was delivered since is delivered again`);
  if (found.kind === 'lost')
    warn(`no position in ${path} can be read: files are read from their beginnings, and delivered again`);
  return {
    found,
    async save(lines) {
      const sequence = (newest?.sequence ?? 0) + 1;
      const file = posix.join(path, SLOT_NAMES.find((name) => !newest?.file.endsWith(name)) ?? SLOT_NAMES[0]);
      await replaceDurably(file, formatCheckpoint(sequence, lines));
      newest = { file, sequence };
    },
    release,
  };
}

function takeLock(path: string, warn: (message: string) => void): () => void {
  try {
    makeDirectory(path, OWNERS_ONLY);
    const lock = holdLock(posix.join(path, 'lock'));
    if (lock.kind === 'taken') return lock.release;
    throw new AppError('invalid', `process ${lock.by.pid} follows files with the state directory ${path}`, {
      hint: 'stop it, or give this one a state directory of its own',
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (!isErrno(error, 'ENOSPC') && !isErrno(error, 'EDQUOT')) {
      throw new AppError('invalid', `the state directory ${path} cannot be used: ${messageOf(error)}`, {
        hint: 'name one that this user may write to, or keep no state',
        cause: error,
      });
    }
    warn(`the disk of the state directory ${path} is full, so that it is not locked: start no second process on it`);
    return () => undefined;
  }
}

function readSlot(file: string): Slot {
  try {
    return { file, content: exists(file) ? parseCheckpoint(readBytes(file)) : { kind: 'absent' } };
  } catch (error) {
    return { file, content: { kind: 'damaged', why: `cannot be read: ${messageOf(error)}` } };
  }
}

function setAside(file: string, why: string, warn: (message: string) => void): void {
  const aside = `${file}.damaged`;
  warn(`the checkpoint ${file} ${why}; it is kept as ${aside}`);
  try {
    rename(file, aside);
  } catch (error) {
    warn(`${file} stays where it is until it is replaced: ${messageOf(error)}`);
  }
}

function newestOf(slots: readonly Slot[]): { file: string; sequence: number } | undefined {
  return slots
    .flatMap(({ file, content }) => (content.kind === 'intact' ? [{ file, sequence: content.sequence }] : []))
    .sort((a, b) => b.sequence - a.sequence)[0];
}

function foundIn(slots: readonly Slot[]): FoundState {
  const newest = newestOf(slots);
  const entries = slots.flatMap(({ file, content }) =>
    file === newest?.file && content.kind === 'intact' ? [content.entries] : [],
  )[0];
  const isDamaged = slots.some(({ content }) => content.kind === 'damaged');
  if (entries) return { kind: isDamaged ? 'older' : 'loaded', entries };
  return { kind: isDamaged ? 'lost' : 'fresh' };
}
