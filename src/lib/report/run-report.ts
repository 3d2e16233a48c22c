import type { Effect, GateRow, LoadSummary, Phase, RunEvent, Verdict } from '../events/run-events.ts';
import { createMeasuring, type Measurements, type ProbeMeasurements } from '../experiment/measurements.ts';
import type { BreakerMeasurements, ServiceMeasurements } from '../experiment/service-measurements.ts';
import { outstandingUndos } from '../experiment/outstanding.ts';

/** Everything about a run that reports show and `--json` prints: a fold over its events, the same for a finished and a replayed run. */
export interface RunReport {
  readonly run: string;
  readonly name: string;
  readonly file: string;
  readonly seed: number;
  readonly version: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly verdict: Verdict | 'running';
  /** Null while the run goes on, and when it was finished by another process than its own. */
  readonly exitCode: number | null;
  readonly reasons: readonly string[];
  readonly phases: readonly PhaseReport[];
  readonly faults: readonly FaultReport[];
  readonly probes: readonly ProbeReport[];
  /** Those that the proxy looks after, as far as something was seen of them. */
  readonly services: readonly ServiceReport[];
  readonly gate: readonly GateRow[];
  /** From the end of the last fault until the steady state held again; null: not within the time given, or never measured. */
  readonly recoveryMs: number | null;
  readonly recovery: NonNullable<Measurements['recovery']> | null;
  /** What is not known to be reverted. */
  readonly inForce: readonly string[];
}

export interface PhaseReport {
  readonly phase: Phase;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly load: LoadSummary | null;
}

export interface FaultReport extends Omit<Effect, 'note'> {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly note: string | null;
}

export interface ServiceReport {
  readonly service: string;
  readonly breakers: readonly (BreakerMeasurements & { readonly breaker: string })[];
  readonly health: ServiceMeasurements['health'];
  readonly usable: ServiceMeasurements['usable'];
  readonly counted: ServiceMeasurements['counted'];
}

export interface ProbeReport {
  readonly name: string;
  readonly kind: string;
  readonly phases: ProbeMeasurements['byPhase'];
  readonly breaches: ProbeMeasurements['breaches'];
}

/** Takes in events one by one, so that a long run's need not be kept; `report()` is what they add up to. */
export function createReporting(): { onEvent(event: RunEvent): void; report(): RunReport } {
  const measuring = createMeasuring();
  const steps: RunEvent[] = [];
  let start: Extract<RunEvent, { type: 'run.started' }> | undefined;
  let end: Extract<RunEvent, { type: 'run.ended' }> | undefined;
  let gate: readonly GateRow[] = [];
  let lastMs = 0;

  return {
    onEvent(event) {
      measuring.onEvent(event);
      lastMs = Math.max(lastMs, event.sinceStartMs);
      if (event.type === 'run.started') start = event;
      if (event.type === 'run.ended') end = event;
      if (event.type === 'gate.judged') gate = event.rows;
      if (event.type === 'step.planned' || event.type === 'step.done' || event.type === 'undo.done') steps.push(event);
    },
    report() {
      const measured = measuring.current();
      return {
        run: start?.run ?? '',
        name: start?.name ?? '',
        file: start?.file ?? '',
        seed: start?.seed ?? 0,
        version: start?.version ?? '',
        startedAt: new Date(start?.unixMs ?? 0).toISOString(),
        durationMs: Math.round(end?.sinceStartMs ?? lastMs),
        verdict: end?.verdict ?? 'running',
        exitCode: end?.exitCode ?? null,
        reasons: end?.reasons ?? [],
        phases: phaseReports(measured, end?.sinceStartMs ?? lastMs),
        faults: faultReports(measured),
        probes: [...measured.probes].map(([name, { kind, byPhase, breaches }]) => ({
          name,
          kind,
          phases: byPhase,
          breaches,
        })),
        services: serviceReports(measured),
        gate,
        recoveryMs: measured.recovery?.fromFaultEndMs ?? null,
        recovery: measured.recovery ?? null,
        inForce: outstandingUndos(steps).map(({ step, kind, target }) => `${step} (${kind} on ${target})`),
      };
    },
  };
}

export function createReport(events: readonly RunEvent[]): RunReport {
  const reporting = createReporting();
  for (const event of events) reporting.onEvent(event);
  return reporting.report();
}

function phaseReports({ phases }: Measurements, nowMs: number): PhaseReport[] {
  return (['before', 'during', 'after'] as const).flatMap((phase) => {
    const measured = phases[phase];
    if (!measured) return [];
    const { startedMs, endedMs, load } = measured;
    return [{ phase, startedMs, durationMs: Math.round((endedMs ?? nowMs) - startedMs), load: load?.summary ?? null }];
  });
}

function faultReports({ faults }: Measurements): FaultReport[] {
  return [...faults].map(([id, { kind, target, startedMs, endedMs, effect }]) => {
    const { touched, requested, delivered, decisions, note } = effect;
    return { id, kind, target, requested, delivered, touched, decisions, startedMs, endedMs, note: note ?? null };
  });
}

function serviceReports({ services }: Measurements): ServiceReport[] {
  return [...services].map(([service, { breakers, health, usable, counted }]) => ({
    service,
    breakers: [...breakers].map(([breaker, { state, changes }]) => ({ breaker, state, changes })),
    health,
    usable,
    counted,
  }));
}
