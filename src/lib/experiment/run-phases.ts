import { recordCounts } from './record-counts.ts';
import type { Phase } from '../events/run-events.ts';
import type { Proxy } from '../proxy/proxy.ts';
import { RunStopped } from './ending.ts';
import { startGuards } from './guard-watch.ts';
import { startGuardian, type GuardianClient } from './guardian-client.ts';
import { runMethod } from './method.ts';
import { prepareFaults } from './prepare-faults.ts';
import { stopRun, type RunContext } from './run-context.ts';
import { startRunLoad, type PhaseTrack, type RunLoad } from './run-load.ts';
import { listenForServices } from './run-proxies.ts';
import { startServices, type RunningServices } from './run-services.ts';
import { startSteadyWatch, type SteadyWatch } from './steady-state.ts';
import { watchClosing } from './watch-closing.ts';
import { watchRecovery } from './watch-recovery.ts';

/** What is open while a run goes on; whoever ends the run closes it, whatever point it had reached. */
export interface OpenParts {
  guardian?: GuardianClient;
  services?: RunningServices;
  watch?: SteadyWatch;
  load?: RunLoad | undefined;
  stopGuards?: () => void;
  control?: { close(): Promise<void> };
}

/**
 * Takes a run through its phases; resolves when everything has happened as planned, rejects with RunStopped (or an AppError) when not.
 *
 *   guardian ─ proxies ─ services ─ targets ─│ before ─│─ during ─│─ after │
 */
export async function runPhases(context: RunContext, proxy: Proxy, open: OpenParts): Promise<void> {
  const { scenario, clock, log, stop } = context;
  open.guardian = await startGuardian({
    stateDirectory: context.stateDirectory,
    log,
    clock,
    onUnguarded: (reason) => stopRun(context, { kind: 'not-injected', reasons: [reason] }),
  });
  stop.signal.throwIfAborted();
  await listenForServices(context, proxy);
  const services = startServices(context);
  open.services = services;
  await services.ready;
  context.watched.beginChecks();
  const { kinds, allowList, assumeYes } = context;
  const host = { ...context.host, services: services.control };
  const faults = await prepareFaults(
    context.timeline.faults,
    { kinds, host, allowList, assumeYes, services: services.port, isOwn: (process) => services.isOwn(process) },
    log,
  );
  stop.signal.throwIfAborted();

  const phases = createPhaseTrack(context, proxy);
  phases.enter('before');
  const watch = startSteadyWatch(context, services.probeHost, (sinceStartMs) => phases.at(sinceStartMs));
  open.watch = watch;
  open.load = await startRunLoad(context, phases);
  open.stopGuards = startGuards(context, watch, open.load);
  const unhealthy = await watch.baseline(scenario.timing.beforeMs);
  if (unhealthy.length > 0) throw new RunStopped({ kind: 'unhealthy', reasons: unhealthy });

  const window = { firstFaultMs: 0, faultEndMs: 0 };
  await runMethod({ ...context, host }, faults, services.probeHost, {
    beforeFirstFault() {
      if (watch.unhealthy.length > 0) throw new RunStopped({ kind: 'unhealthy', reasons: watch.unhealthy });
      window.firstFaultMs = clock.monotonicMs();
      phases.enter('during');
    },
    afterLastFault() {
      window.faultEndMs = clock.monotonicMs();
      phases.enter('after');
    },
  });
  await watchRecovery(context, watch, window);
  await watchClosing(context, window.faultEndMs);
}

function createPhaseTrack({ log }: RunContext, proxy: Proxy): PhaseTrack & { enter(phase: Phase): void } {
  const starts: { readonly phase: Phase; readonly startMs: number }[] = [];
  return {
    get now() {
      return starts.at(-1)?.phase ?? 'before';
    },
    at: (sinceStartMs) => starts.findLast(({ startMs }) => startMs <= sinceStartMs)?.phase ?? 'before',
    enter(phase) {
      recordCounts(log, proxy);
      starts.push({ phase, startMs: log.sinceStartMs() });
      log.record({ type: 'phase.started', phase });
    },
  };
}
