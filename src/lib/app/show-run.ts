import { AppError } from '../errors/app-error.ts';
import { formatReport } from '../report/format-registry.ts';
import { createPaint } from '../report/paint.ts';
import { createPlainFormat } from '../report/plain-events.ts';
import { createReport, type RunReport } from '../report/run-report.ts';
import { JournalDatabase } from '../store/journal-database.ts';
import { findRun } from './leftovers.ts';

/** A run from its journal alone. Throws AppError `usage` when there is none of that name. */
export function showRun(
  stateDirectory: string,
  idOrPrefix: string,
  options: { readonly events: boolean; readonly color: boolean },
): { report: RunReport; text: string } {
  const database = JournalDatabase.openReadOnly(stateDirectory);
  if (!database)
    throw new AppError('usage', `there are no runs in ${stateDirectory}`, {
      hint: 'name another place with --state DIR',
    });
  try {
    const events = database.readEvents(findRun(database, idOrPrefix).id);
    const report = createReport(events);
    const format = createPlainFormat();
    const lines = options.events
      ? events.map(format).filter((line) => line !== undefined)
      : [formatReport(report, createPaint(options.color))];
    return { report, text: lines.join('\n') };
  } finally {
    database.close();
  }
}
