import { isRunning } from '../experiment/recover.ts';
import { formatTable } from '../report/table.ts';
import { JournalDatabase, type RunRow } from '../store/journal-database.ts';

export interface ListedRun extends Omit<RunRow, 'owner' | 'bootId'> {
  /** `running`: its process is alive; `unfinished`: it is not, and `chaos rollback` or the next run finishes it. */
  readonly state: 'running' | 'unfinished' | 'ended';
}

/** Newest first. */
export function listRuns(stateDirectory: string, limit: number): ListedRun[] {
  const database = JournalDatabase.openReadOnly(stateDirectory);
  if (!database) return [];
  try {
    return database.listRuns(limit).map((row) => {
      const { id, name, file, seed, startedUnixMs, endedUnixMs, verdict, exitCode } = row;
      const listed = { id, name, file, seed, startedUnixMs, endedUnixMs, verdict, exitCode };
      return { ...listed, state: row.endedUnixMs !== null ? 'ended' : isRunning(row) ? 'running' : 'unfinished' };
    });
  } finally {
    database.close();
  }
}

export function formatRunList(runs: readonly ListedRun[]): string {
  if (runs.length === 0) return 'No runs yet.';
  const rows = runs.map(({ id, startedUnixMs, name, state, verdict, exitCode, seed }) => [
    id,
    new Date(startedUnixMs).toISOString().slice(0, 19).replace('T', ' '),
    verdict ?? state,
    exitCode === null ? '' : String(exitCode),
    String(seed),
    name,
  ]);
  return formatTable([['RUN', 'STARTED (UTC)', 'VERDICT', 'EXIT', 'SEED', 'SCENARIO'], ...rows], 'lllrrl').join('\n');
}
