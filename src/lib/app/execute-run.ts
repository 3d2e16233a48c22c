import { createPlanDocument } from '../experiment/plan-document.ts';
import { startRun, type RunHandle } from '../experiment/run.ts';
import type { RunEvent } from '../events/run-events.ts';
import type { ExitName } from '../errors/exit-codes.ts';
import { createReporting, type RunReport } from '../report/run-report.ts';
import { judge } from '../report/verdict.ts';
import { randomHex, randomSeed } from '../runtime/chance.ts';
import { realClock } from '../runtime/clock.ts';
import { environment } from '../runtime/environment.ts';
import { outliveSignals } from '../runtime/signals.ts';
import type { Timeline } from '../scenario/plan-types.ts';
import { createRedactor } from '../scenario/redact.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { lookupProxyTracer } from '../telemetry/proxy-tracer.ts';
import { lookupRunTracer } from '../telemetry/run-tracer.ts';
import { loadAllowList } from './allow-list.ts';
import { allFaultKinds, CGROUP_ROOT } from './kinds.ts';
import { startClean } from './leftovers.ts';
import { openRunControl } from './run-control.ts';
import { OwnCa } from './own-ca.ts';

export interface RunRequest {
  readonly scenario: Scenario;
  readonly timeline: Timeline;
  readonly stateDirectory: string;
  readonly version: string;
  readonly seed: number | undefined;
  readonly assumeYes: boolean;
  readonly timeoutMs: number | undefined;
  readonly onEvent: (event: RunEvent) => void;
  /** What a person should know and is no part of the run: an earlier run that was finished first. */
  readonly onWarning: (message: string) => void;
}

export interface ExecutedRun {
  readonly report: RunReport;
  readonly exitName: ExitName;
}

/**
 * Runs a scenario in this process from start to verdict, and survives whatever asks the process to end meanwhile: signals, a closed
 * terminal, an error that nobody caught. Throws AppError only when nothing was started.
 */
export async function executeRun(request: RunRequest): Promise<ExecutedRun> {
  const { scenario, timeline, stateDirectory } = request;
  await startClean(stateDirectory, request.onWarning);
  const kinds = allFaultKinds();
  const reporting = createReporting();
  const redact = createRedactor(scenario.secrets);
  const tracing = { clock: realClock, version: request.version, note: request.onWarning };
  const tracer = await lookupRunTracer(environment(), tracing);
  const proxyTracing = await lookupProxyTracer(environment(), tracing);
  const ca = new OwnCa();
  await ca.prepareFor(Object.values(scenario.services));

  // A signal kills at once where nobody listens, so somebody listens before anything is started.
  let handle: RunHandle | undefined;
  let early: string | undefined;
  const release = outliveSignals({
    onSignal(signal) {
      if (handle) handle.interrupt(signal);
      else early ??= signal;
    },
    onUncaught: (error) => handle?.fail(error instanceof Error ? error : new Error(String(error))),
  });
  try {
    handle = await startRun(
      {
        run: newRunId(new Date(realClock.unixMs())),
        scenario,
        timeline,
        seed: request.seed ?? scenario.seed ?? randomSeed(),
        version: request.version,
        stateDirectory,
        clock: realClock,
        kinds,
        cgroupRoot: CGROUP_ROOT,
        allowList: loadAllowList(),
        assumeYes: request.assumeYes,
        timeoutMs: request.timeoutMs,
        redact,
        openLocalCa: ca.open,
        openControl: (parts) => openRunControl(scenario.file, stateDirectory, parts),
        proxyTracer: proxyTracing?.tracer,
        plan: createPlanDocument(scenario, timeline, kinds),
        onEvent(event) {
          reporting.onEvent(event);
          tracer?.onEvent(event);
          request.onEvent(event);
        },
      },
      (file) =>
        judge({
          ...file,
          thresholds: scenario.gate,
          faults: timeline.faults.map(({ id }) => id),
          probes: scenario.steadyState,
        }),
    );
    if (early !== undefined) handle.interrupt(early);
    const { exitName, ...result } = await handle.finished;
    await Promise.all([tracer?.shutdown(), proxyTracing?.shutdown()]);
    const report = reporting.report();
    if (report.exitCode === result.exitCode) return { report, exitName };
    // The end could not be written down: what was said last is not what the run came to.
    const { verdict, exitCode, reasons } = result;
    return { report: { ...report, verdict, exitCode, reasons: redact(reasons) }, exitName };
  } finally {
    release();
  }
}

/** `20261123-031201-3fa9c2`: sorts by time, and never meets another. */
export function newRunId(now: Date): string {
  const [day = '', time = ''] = now.toISOString().split('T');
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${randomHex(3)}`;
}
