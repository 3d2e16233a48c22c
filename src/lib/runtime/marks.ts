/**
 * Marks that our processes carry in their environment, so that any process can find them (`findMarked`) without a journal:
 * `FAULTLINE_FAULT=<run>/<fault id>` for what a fault started, `FAULTLINE_RUN=<run>` for the services of a scenario.
 */
export const FAULT_MARK = 'FAULTLINE_FAULT';
export const RUN_MARK = 'FAULTLINE_RUN';

/** The value of FAULT_MARK; run ids hold no slash. */
export function formatFaultMark(run: string, id: string): string {
  return `${run}/${id}`;
}

/** The run that a value of FAULT_MARK belongs to. */
export function runOfFaultMark(value: string): string {
  return value.split('/', 1)[0] ?? value;
}

/** Beside RUN_MARK: which of the scenario's services a process belongs to. */
export const SERVICE_MARK = 'FAULTLINE_SERVICE';

/** Beside SERVICE_MARK: the process is no part of the service, it only keeps the service's process group findable (services/anchor.ts). */
export const ANCHOR_MARK = 'FAULTLINE_ANCHOR';
