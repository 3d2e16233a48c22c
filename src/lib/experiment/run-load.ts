import type { LoadSummary, Phase } from '../events/run-events.ts';
import { startLoad, type LoadPhase } from './load.ts';
import { stopRun, type RunContext } from './run-context.ts';

/** The phases of a run so far, for assigning requests to the one in which they were due. */
export interface PhaseTrack {
  readonly now: Phase;
  /** The phase at a time since the run's start. */
  at(sinceStartMs: number): Phase;
}

/** The load of a run. */
export interface RunLoad {
  /** The requests that ended in the last seconds. */
  recent(seconds: number): LoadSummary;
  /** Ends the arrivals; `drain` waits for what is open (up to its timeout), `drop` cuts it. What was measured goes to the log. */
  stop(mode: 'drain' | 'drop'): Promise<void>;
}

/** Starts the scenario's load; undefined when it has none and the services have their own traffic. */
export async function startRunLoad(context: RunContext, phases: PhaseTrack): Promise<RunLoad | undefined> {
  const { scenario, log, clock, run, seed } = context;
  if (!scenario.load) return undefined;
  const load = await startLoad(scenario.load, {
    run,
    seed,
    clock,
    runStartMs: clock.monotonicMs() - log.sinceStartMs(),
    phaseAt: (sinceStartMs) => phases.at(sinceStartMs),
    onSecond: (phase, summary) => log.record({ type: 'load.second', phase, summary }),
    onLag: (lagMs) => log.record({ type: 'load.lag', lagMs }),
    onFailure: (error) => stopRun(context, { kind: 'bug', error }),
  });
  let stopped: Promise<void> | undefined;
  return {
    recent: (seconds) => load.recent(seconds * 1000),
    stop(mode) {
      // A second call can only shorten the first.
      const totals = load.stop(mode === 'drop' ? 0 : undefined);
      stopped ??= totals.then(({ phases: measured }) => {
        for (const phase of measured) log.record(loadPhaseEvent(phase));
      });
      return stopped;
    },
  };
}

function loadPhaseEvent({ phase, seconds, summary, histogram }: LoadPhase) {
  return { type: 'load.phase' as const, phase, seconds, summary, histogram };
}
