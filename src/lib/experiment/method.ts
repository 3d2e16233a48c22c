import type { ProbeHost } from '../probes/probe.ts';
import { findProbeKind } from '../probes/registry.ts';
import type { PlannedProbe } from '../scenario/plan-types.ts';
import { runFault, stopOnFailure, type PreparedFault } from './injections.ts';
import type { RunContext } from './run-context.ts';

export interface MethodHooks {
  /** Called right before the first fault is injected; what it throws stops the run. */
  beforeFirstFault(): void;
  /** Called when the last fault is taken back, while later steps of the method may still wait. */
  afterLastFault(): void;
}

/**
 * Runs the method: every fault and every probe step at its own time on the axis that the plan has laid out, side by side.
 * Resolves when the last step has ended and every fault is taken back; rejects with RunStopped when the run stops early, with the faults
 * then still to be taken back by the caller.
 */
export async function runMethod(
  context: RunContext,
  faults: readonly PreparedFault[],
  probeHost: ProbeHost,
  hooks: MethodHooks,
): Promise<void> {
  const { clock, timeline, stop } = context;
  const startMs = clock.monotonicMs();
  const firstMs = Math.min(...timeline.faults.map((fault) => fault.startMs));
  const opened = clock.sleep(firstMs, stop.signal).then(() => hooks.beforeFirstFault());
  const injected = Promise.all(
    faults.map(async (fault) => {
      await opened;
      await runFault(fault, context, startMs);
    }),
  ).then(() => hooks.afterLastFault());
  const steps = [
    injected,
    ...timeline.probes.map((probe) => runProbeStep(probe, context, probeHost, startMs)),
    clock.sleep(timeline.endMs, stop.signal),
  ].map((work) => stopOnFailure(work, context));
  const results = await Promise.allSettled(steps);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function runProbeStep(
  { name, probe, atMs }: PlannedProbe,
  context: RunContext,
  host: ProbeHost,
  startMs: number,
): Promise<void> {
  const { clock, stop, log } = context;
  await clock.sleep(Math.max(0, startMs + atMs - clock.monotonicMs()), stop.signal);
  const measure = findProbeKind(probe.kind).bind(probe.params, probe.expect);
  const { ok, value, reason } = await measure(host, probe.timeoutMs, stop.signal);
  stop.signal.throwIfAborted();
  log.record({ type: 'probe.step', probe: name, ok, value, reason });
}
