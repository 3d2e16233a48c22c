import { CALM, watchGuard, type GuardState } from './guards.ts';
import { stopRun, type RunContext } from './run-context.ts';
import type { RunLoad } from './run-load.ts';
import type { SteadyWatch } from './steady-state.ts';

/** How often guards look; the load they see is that of the last second. */
const LOOK_MS = 250;
const WINDOW_SECONDS = 1;

/** Watches the scenario's guards until the function that comes back is called; one that trips ends the run. */
export function startGuards(context: RunContext, watch: SteadyWatch, load: RunLoad | undefined): () => void {
  const { clock, scenario, log } = context;
  const states = new Map<string, GuardState>();
  return clock.every(LOOK_MS, () => {
    const view = {
      load: load?.recent(WINDOW_SECONDS),
      seconds: WINDOW_SECONDS,
      probeOk: (probe: string) => watch.probeOk(probe),
    };
    for (const guard of scenario.guards) {
      const { state, tripped } = watchGuard(guard, states.get(guard.text) ?? CALM, view, clock.monotonicMs());
      states.set(guard.text, state);
      if (!tripped || context.stop.signal.aborted) continue;
      log.record({ type: 'guard.tripped', guard: guard.text, value: tripped.value, heldMs: tripped.heldMs });
      stopRun(context, {
        kind: 'guard',
        guard: guard.text,
        reason: `${tripped.value} for ${Math.round(tripped.heldMs)} ms`,
      });
    }
  });
}
