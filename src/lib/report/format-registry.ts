import type { Paint } from './paint.ts';
import { formatReport } from './formats/text.ts';
import type { RunReport } from './run-report.ts';

export { formatReport };

/** A way to write a report down. */
export interface ReportFormat {
  readonly name: string;
  readonly summary: string;
  format(report: RunReport, paint: Paint): string;
}

export const REPORT_FORMATS: readonly ReportFormat[] = [
  { name: 'text', summary: 'for a terminal or a log', format: formatReport },
  {
    name: 'json',
    summary: 'one JSON object, every number of the run',
    format: (report) => JSON.stringify(report, null, 2),
  },
];
