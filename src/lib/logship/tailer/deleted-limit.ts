import type { Dropped } from '../follow-options.ts';
import type { Tailer } from './tailer.ts';

export function isDeleted({ state }: Tailer): boolean {
  return state.kind === 'draining' && state.why === 'deleted';
}

/** Gives up the oldest deleted files until the rest hold no more than the limit; what was lost by it. */
export function holdDeletedDown(tailers: readonly Tailer[], limitBytes: number): Dropped | undefined {
  const deleted = tailers.filter(isDeleted);
  let heldBytes = deleted.reduce((sum, { end }) => sum + end, 0);
  let lost: Dropped | undefined;
  for (const tailer of deleted) {
    if (heldBytes <= limitBytes) break;
    heldBytes -= tailer.end;
    const { bytes, lines } = tailer.countUnread();
    lost = { bytes: (lost?.bytes ?? 0) + bytes, lines: (lost?.lines ?? 0) + lines };
    tailer.finish('dropped');
  }
  return lost;
}
