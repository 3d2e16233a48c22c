import type { CheckpointEntry } from './entry.ts';

/** A file that was away for so long is another one when it comes back: longer than a disk stays unmounted, or a weekend. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1_000;
/** Hourly rotation of more than fifty files for a week; 3 MB of state. */
const MAX_VANISHED = 10_000;

/** The entries of files that are gone which are worth keeping: they may be on a disk that is mounted later. The oldest go first. */
export function stillKept(vanished: readonly CheckpointEntry[], nowUnixMs: number): CheckpointEntry[] {
  return vanished
    .map((entry) => (entry.vanishedUnixMs === undefined ? { ...entry, vanishedUnixMs: nowUnixMs } : entry))
    .filter(({ vanishedUnixMs = nowUnixMs }) => nowUnixMs - vanishedUnixMs < KEEP_MS)
    .sort((a, b) => (b.vanishedUnixMs ?? 0) - (a.vanishedUnixMs ?? 0))
    .slice(0, MAX_VANISHED);
}
