import { ServiceMeasuring, type ServiceMeasurements } from './service-measurements.ts';
import type { Effect, LoadSummary, Phase, RunEvent } from '../events/run-events.ts';

/** Everything that a run measured, as far as it has come: what thresholds compare with and reports show. A fold over the run's events. */
export interface Measurements {
  readonly phases: { readonly [P in Phase]?: PhaseMeasurements };
  readonly probes: ReadonlyMap<string, ProbeMeasurements>;
  readonly faults: ReadonlyMap<string, FaultMeasurements>;
  /** Of the services that the proxy looks after. */
  readonly services: ReadonlyMap<string, ServiceMeasurements>;
  /** The load second by second, oldest first. */
  readonly seconds: readonly LoadSecond[];
  /** Assertions at one moment of the method that did not hold. */
  readonly failedSteps: readonly Breach[];
  readonly recovery:
    | {
        readonly broke: boolean;
        readonly fromFaultEndMs: number | null;
        readonly fromFaultStartMs: number | null;
        readonly heldForMs: number;
      }
    | undefined;
}

export interface PhaseMeasurements {
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  readonly load: { readonly seconds: number; readonly summary: LoadSummary; readonly histogram: string } | undefined;
}

export interface LoadSecond {
  readonly phase: Phase;
  readonly atMs: number;
  readonly summary: LoadSummary;
}

export interface ProbeMeasurements {
  readonly kind: string;
  readonly byPhase: { readonly [P in Phase]?: ProbeTally };
  readonly last: { readonly ok: boolean; readonly value: string; readonly reason: string | undefined };
  /** Results that count for the steady state and were out of tolerance, the first few. */
  readonly breaches: readonly Breach[];
}

export interface ProbeTally {
  readonly results: number;
  readonly failed: number;
  readonly counts: boolean;
}

export interface Breach {
  readonly phase: Phase;
  readonly atMs: number;
  readonly value: string;
  readonly reason: string;
}

export interface FaultMeasurements {
  readonly kind: string;
  readonly target: string;
  /** The service that it is aimed at, or whose process. */
  readonly service: string | undefined;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly effect: Effect;
}

/** Breaches kept for each probe; the tallies count them all. */
const MAX_BREACHES = 20;
/** Seconds of load kept, two hours; the phases' histograms hold everything. */
const MAX_SECONDS = 7_200;

interface MutableMeasurements extends Measurements {
  phases: { [P in Phase]?: PhaseMeasurements };
  probes: Map<string, ProbeMeasurements>;
  faults: Map<string, FaultMeasurements>;
  seconds: LoadSecond[];
  failedSteps: Breach[];
  recovery: Measurements['recovery'];
}

/** Takes in events one by one; `current()` is what they add up to. */
export function createMeasuring(): { onEvent(event: RunEvent): void; current(): Measurements } {
  const services = new ServiceMeasuring();
  const aims = new Map<string, string>();
  const state: MutableMeasurements = {
    services: services.current(),
    phases: {},
    probes: new Map(),
    faults: new Map(),
    seconds: [],
    failedSteps: [],
    recovery: undefined,
  };
  let phase: Phase | undefined;

  const endPhase = (atMs: number): void => {
    const open = phase && state.phases[phase];
    if (phase && open) state.phases[phase] = { ...open, endedMs: atMs };
  };

  return {
    current: () => state,
    onEvent(event) {
      services.onEvent(event);
      switch (event.type) {
        case 'run.started':
          for (const { id, service } of event.plan.faults) if (service != null) aims.set(id, service);
          break;
        case 'phase.started':
          endPhase(event.sinceStartMs);
          phase = event.phase;
          state.phases[phase] = { startedMs: event.sinceStartMs, endedMs: undefined, load: undefined };
          break;
        case 'run.ended':
          endPhase(event.sinceStartMs);
          phase = undefined;
          break;
        case 'load.phase': {
          const { seconds, summary, histogram } = event;
          const known = state.phases[event.phase] ?? { startedMs: event.sinceStartMs, endedMs: undefined };
          state.phases[event.phase] = { ...known, load: { seconds, summary, histogram } };
          break;
        }
        case 'load.second':
          if (state.seconds.length >= MAX_SECONDS) state.seconds.shift();
          state.seconds.push({ phase: event.phase, atMs: event.sinceStartMs, summary: event.summary });
          break;
        case 'probe.step':
          if (!event.ok)
            state.failedSteps.push({
              phase: 'during',
              atMs: event.sinceStartMs,
              value: event.value,
              reason: `${event.probe}: ${event.reason ?? 'out of tolerance'}`,
            });
          break;
        case 'probe.result':
          state.probes.set(event.probe, addResult(state.probes.get(event.probe), event));
          break;
        case 'fault.effect': {
          const { kind, target, startedMs, endedMs, effect } = event;
          state.faults.set(event.fault, { kind, target, service: aims.get(event.fault), startedMs, endedMs, effect });
          break;
        }
        case 'recovery.measured': {
          const { broke, fromFaultEndMs, fromFaultStartMs, heldForMs } = event;
          state.recovery = { broke, fromFaultEndMs, fromFaultStartMs, heldForMs };
          break;
        }
        default:
          break;
      }
    },
  };
}

function addResult(
  known: ProbeMeasurements | undefined,
  event: Extract<RunEvent, { type: 'probe.result' }>,
): ProbeMeasurements {
  const tally = known?.byPhase[event.phase] ?? { results: 0, failed: 0, counts: event.counts };
  const breaches = known?.breaches ?? [];
  const breach = !event.ok && event.counts && breaches.length < MAX_BREACHES;
  return {
    kind: event.kind,
    byPhase: {
      ...known?.byPhase,
      [event.phase]: { results: tally.results + 1, failed: tally.failed + (event.ok ? 0 : 1), counts: event.counts },
    },
    last: { ok: event.ok, value: event.value, reason: event.reason },
    breaches: breach
      ? [
          ...breaches,
          { phase: event.phase, atMs: event.startedMs, value: event.value, reason: event.reason ?? 'out of tolerance' },
        ]
      : breaches,
  };
}
