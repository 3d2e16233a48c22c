import type { Discovery } from './discovery/discover.ts';
import type { FileSet } from './files.ts';
import type { FollowCounters } from './follow-options.ts';
import { isDeleted } from './tailer/deleted-limit.ts';
import type { OpenFiles } from './tailer/open-files.ts';
import type { Tailer } from './tailer/tailer.ts';

/** Adds up what all tailers say. */
export function countersOf(files: FileSet, openFiles: OpenFiles, discovery: Discovery): FollowCounters {
  const tailers = [...files.all()];
  const sum = (bytesOf: (tailer: Tailer) => number): number =>
    tailers.reduce((bytes, tailer) => bytes + bytesOf(tailer), 0);
  const unread = ({ end, position }: Tailer): number => Math.max(0, end - position);
  const { skippedFiles, dropped, truncations, rotations } = files.account;
  return {
    files: tailers.length,
    openFiles: openFiles.count,
    directories: discovery.directories,
    polledDirectories: discovery.polledDirectories,
    lagBytes: sum(unread),
    rotatedUnreadBytes: sum((tailer) => (tailer.state.kind === 'draining' ? unread(tailer) : 0)),
    unackedBytes: sum(({ position, ackedTo }) => Math.max(0, position - ackedTo)),
    deletedHeldBytes: sum((tailer) => (isDeleted(tailer) ? tailer.end : 0)),
    skippedFiles: { ...skippedFiles },
    dropped: { ...dropped },
    truncations,
    rotations,
  };
}
