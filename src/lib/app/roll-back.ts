import { AppError } from '../errors/app-error.ts';
import type { ExitName } from '../errors/exit-codes.ts';
import { isRunning, type RecoveryReport } from '../experiment/recover.ts';
import { realClock } from '../runtime/clock.ts';
import { signalProcess } from '../runtime/processes.ts';
import { JournalDatabase } from '../store/journal-database.ts';
import { findRun, recoverLeftovers, recoverOne } from './leftovers.ts';

/** How long a live run that is asked to stop gets for its own reverting. */
const STOP_WAIT_MS = 30_000;
const LOOK_MS = 50;

/** Reverts what runs left in force: one run, or every unfinished one when `run` is undefined. */
export async function rollBack(
  stateDirectory: string,
  run: string | undefined,
): Promise<{ reports: RecoveryReport[]; exitName: ExitName }> {
  if (run !== undefined) await stopLiveRun(stateDirectory, run);
  const reports = run === undefined ? await recoverLeftovers(stateDirectory) : [await recoverOne(stateDirectory, run)];
  return {
    reports,
    exitName: reports.some(({ outcome }) => outcome === 'dirty' || outcome === 'held') ? 'dirty' : 'passed',
  };
}

export function formatRollback(reports: readonly RecoveryReport[]): string {
  if (reports.length === 0) return 'Nothing to revert: every run is finished.';
  return reports.map(formatOne).join('\n');
}

function formatOne(report: RecoveryReport): string {
  const unwritten = report.unwritten === undefined ? '' : `\n  this could not be written down: ${report.unwritten}`;
  return formatOutcome(report) + unwritten;
}

function formatOutcome({ run, outcome, reverted, stuck }: RecoveryReport): string {
  switch (outcome) {
    case 'nothing':
      return `${run}  nothing was left in force`;
    case 'reverted':
      return `${run}  reverted ${reverted.join(', ')}`;
    case 'live':
      return `${run}  still running; left alone (name it to stop it)`;
    case 'held':
      return `${run}  another process is reverting it`;
    case 'dirty':
      return [`${run}  NOT REVERTED:`, ...stuck.map(({ step, error }) => `  ${step}: ${error}`)].join('\n');
  }
}

/** Asks the run's own process to stop, if it is alive, and waits for it: nobody else can take its proxy's filters away. */
async function stopLiveRun(stateDirectory: string, idOrPrefix: string): Promise<void> {
  const database = JournalDatabase.open(stateDirectory);
  const run = findRun(database, idOrPrefix);
  database.close();
  if (run.endedUnixMs !== null || !isRunning(run)) return;
  signalProcess(run.owner, 'SIGTERM');
  const deadlineMs = realClock.monotonicMs() + STOP_WAIT_MS;
  while (isRunning(run)) {
    if (realClock.monotonicMs() > deadlineMs) {
      throw new AppError(
        'dirty',
        `run ${run.id} (pid ${run.owner.pid}) was asked to stop and is still at it after ${STOP_WAIT_MS / 1000} s`,
        {
          hint: `kill -9 ${run.owner.pid}: its guardian then reverts`,
        },
      );
    }
    await realClock.sleep(LOOK_MS);
  }
}
