import type { Phase } from '../events/run-events.ts';
import type { ProbeHost } from '../probes/probe.ts';
import { findProbeKind } from '../probes/registry.ts';
import { startProbes, type ProbeResult } from '../probes/scheduler.ts';
import type { SteadyProbe } from '../scenario/scenario.ts';
import type { RunContext } from './run-context.ts';
import { createRecoveryState, onProbeResult, recoveryAt, type Recovery, type RecoveryState } from './recovery-meter.ts';

/** The steady state under watch: every probe on its own tick through all phases; `when` says in which phases it counts. */
export interface SteadyWatch {
  /** The latest result of each probe; undefined before its first. */
  probeOk(probe: string): boolean | undefined;
  /** Resolves once every probe that counts before the faults has a result; rejects with the reasons as soon as one is out of tolerance. */
  baseline(forMs: number): Promise<readonly string[]>;
  /** What was out of tolerance before the faults, so far. */
  readonly unhealthy: readonly string[];
  /** Where recovery stands; all times on the clock's monotonic time. */
  recovery(faultEndMs: number, nowMs: number, holdMs: number): Recovery;
  readonly broke: boolean;
  stop(): Promise<void>;
}

/** How often a wait for results looks again. */
const LOOK_MS = 20;

export function startSteadyWatch(
  context: RunContext,
  host: ProbeHost,
  phaseAt: (sinceStartMs: number) => Phase,
): SteadyWatch {
  const { clock, scenario, log } = context;
  const probes = new Map(scenario.steadyState.map((probe) => [probe.name, probe]));
  const latest = new Map<string, boolean>();
  const unhealthy: string[] = [];
  const counting = scenario.steadyState.filter(({ when }) => when.includes('after')).map(({ name }) => name);
  let recovery: RecoveryState = createRecoveryState(counting);
  const epochMs = clock.monotonicMs() - log.sinceStartMs();

  const onResult = ({ name, startedMs, tookMs, outcome }: ProbeResult): void => {
    const probe = probes.get(name);
    if (!probe) return;
    // By its start: a measurement that a fault held up until after its end says how it was during the fault.
    const phase = phaseAt(startedMs - epochMs);
    const counts = probe.when.includes(phase);
    const { ok, value, reason } = outcome;
    latest.set(name, ok);
    if (phase === 'before' && counts && !ok) unhealthy.push(`${name}: ${reason ?? value}`);
    if (phase !== 'before' && counting.includes(name)) recovery = onProbeResult(recovery, name, { ok, startedMs });
    log.record({
      type: 'probe.result',
      probe: name,
      kind: probe.kind,
      phase,
      counts,
      ok,
      value,
      reason,
      startedMs: startedMs - epochMs,
      tookMs,
    });
  };

  const schedule = startProbes(
    scenario.steadyState.map((probe) => ({
      name: probe.name,
      everyMs: probe.everyMs,
      measure: measureOf(probe, host),
    })),
    clock,
    onResult,
  );

  return {
    probeOk: (probe) => latest.get(probe),
    unhealthy,
    get broke() {
      return recovery.broke;
    },
    async baseline(forMs) {
      const startMs = clock.monotonicMs();
      const longestMs = Math.max(forMs, ...scenario.steadyState.map(({ timeoutMs }) => timeoutMs + LOOK_MS));
      for (;;) {
        if (unhealthy.length > 0) return unhealthy;
        const passedMs = clock.monotonicMs() - startMs;
        const missing = scenario.steadyState.filter(({ name, when }) => when.includes('before') && !latest.has(name));
        if (passedMs >= forMs && missing.length === 0) return [];
        if (passedMs >= longestMs)
          return missing.map(({ name }) => `${name}: no result within ${Math.round(passedMs)} ms`);
        await clock.sleep(LOOK_MS, context.stop.signal);
      }
    },
    recovery: (faultEndMs, nowMs, holdMs) => recoveryAt(recovery, faultEndMs, nowMs, holdMs),
    stop: () => schedule.stop(),
  };
}

function measureOf(probe: SteadyProbe, host: ProbeHost) {
  const measure = findProbeKind(probe.kind).bind(probe.params, probe.expect);
  return (signal: AbortSignal) => measure(host, probe.timeoutMs, signal);
}
