import { AppError, messageOf } from '../errors/app-error.ts';
import type { RunEvent } from '../events/run-events.ts';
import { recoverRun, type RecoveryReport } from '../experiment/recover.ts';
import { realClock } from '../runtime/clock.ts';
import { JournalDatabase, type RunRow } from '../store/journal-database.ts';
import { createReverter } from './reverter.ts';

/** How long services of a dead run get from SIGTERM to SIGKILL. */
const SERVICE_GRACE_MS = 2_000;
/** How long another process's reverting is waited for. */
const LIMIT_HELD_MS = 30_000;
const HELD_LOOK_MS = 50;

export interface RecoveryOptions {
  readonly onEvent?: (event: RunEvent) => void;
  readonly onWarning?: (message: string) => void;
}

/** Finishes every run of this state directory whose process is gone; runs that go on are left alone, and reported as `live`. */
export async function recoverLeftovers(
  stateDirectory: string,
  options: RecoveryOptions = {},
): Promise<RecoveryReport[]> {
  const database = JournalDatabase.open(stateDirectory, options.onWarning);
  try {
    const reports: RecoveryReport[] = [];
    for (const run of database.listOpenRuns()) reports.push(await recoverPatiently(run, database, options));
    return reports;
  } finally {
    database.close();
  }
}

/** Finishes one run. Throws AppError `usage` when there is none of that name. */
export async function recoverOne(
  stateDirectory: string,
  idOrPrefix: string,
  options: RecoveryOptions = {},
): Promise<RecoveryReport> {
  const database = JournalDatabase.open(stateDirectory, options.onWarning);
  try {
    return await recoverPatiently(findRun(database, idOrPrefix), database, options);
  } finally {
    database.close();
  }
}

/** Finishes a run; while somebody else (its guardian) is at it, waits for them. One run that cannot be finished keeps no other from it. */
async function recoverPatiently(
  run: RunRow,
  database: JournalDatabase,
  options: RecoveryOptions,
): Promise<RecoveryReport> {
  const deadlineMs = realClock.monotonicMs() + LIMIT_HELD_MS;
  try {
    for (;;) {
      const report = await recoverRun(run, recoveryContext(database, options));
      if (report.outcome !== 'held' || realClock.monotonicMs() > deadlineMs) return report;
      await realClock.sleep(HELD_LOOK_MS);
    }
  } catch (error) {
    return { run: run.id, outcome: 'dirty', reverted: [], stuck: [{ step: 'recovery', error: messageOf(error) }] };
  }
}

/** What a new run does first. Throws AppError `dirty` when something of an earlier run cannot be taken back. */
export async function startClean(stateDirectory: string, onWarning: (message: string) => void): Promise<void> {
  const reports = await recoverLeftovers(stateDirectory, { onWarning });
  for (const { run, reverted } of reports)
    if (reverted.length > 0) onWarning(`finished run ${run}: reverted ${reverted.join(', ')}`);
  const stuck = reports.flatMap(({ run, stuck: steps }) =>
    steps.map(({ step, error }) => `run ${run}: ${step}: ${error}`),
  );
  for (const { run, outcome } of reports)
    if (outcome === 'held') stuck.push(`run ${run}: another process has been reverting it for too long`);
  if (stuck.length === 0) return;
  throw new AppError('dirty', 'an earlier run left something in force that cannot be reverted', {
    details: stuck,
    hint: 'put it right by hand, then `chaos rollback --all`',
  });
}

/** The run of that id, start of an id, or `last`. */
export function findRun(database: JournalDatabase, idOrPrefix: string) {
  const run = database.lookupRun(idOrPrefix);
  if (run) return run;
  throw new AppError('usage', `there is no run ${idOrPrefix}, or more than one begins so`, {
    hint: '`chaos list` shows the runs',
  });
}

function recoveryContext(database: JournalDatabase, { onEvent }: RecoveryOptions) {
  return {
    database,
    clock: realClock,
    by: 'rollback' as const,
    revert: createReverter(SERVICE_GRACE_MS),
    ...(onEvent ? { onEvent } : {}),
  };
}
