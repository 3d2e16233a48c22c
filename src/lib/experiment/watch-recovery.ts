import type { RunContext } from './run-context.ts';
import type { SteadyWatch } from './steady-state.ts';

/** How often recovery is looked at; the recovery time itself comes from the probes' own times. */
const LOOK_MS = 20;

/** From right before the first injection to right after the last undo, on the clock's monotonic time. */
export interface FaultWindow {
  readonly firstFaultMs: number;
  readonly faultEndMs: number;
}

/**
 * The after phase: waits until the steady state has held for `hold`, at least for `after` and at most for `recoverWithin`, and records the
 * recovery time from the end of the last fault and from the start of the first.
 */
export async function watchRecovery(context: RunContext, watch: SteadyWatch, window: FaultWindow): Promise<void> {
  const { clock, stop, log, scenario } = context;
  const { holdMs, afterMs, recoverWithinMs } = scenario.timing;
  const { firstFaultMs, faultEndMs } = window;
  const say = (recoveredMs: number | null): void => {
    // Without a probe that counts after the faults nothing was seen to recover.
    if (!scenario.steadyState.some(({ when }) => when.includes('after'))) return;
    log.record({
      type: 'recovery.measured',
      broke: watch.broke,
      fromFaultEndMs: recoveredMs === null ? null : Math.max(0, recoveredMs - faultEndMs),
      fromFaultStartMs: recoveredMs === null ? null : recoveredMs - firstFaultMs,
      heldForMs: holdMs,
    });
  };

  for (;;) {
    const nowMs = clock.monotonicMs();
    const recovery = watch.recovery(faultEndMs, nowMs, holdMs);
    const passedMs = nowMs - faultEndMs;
    if (recovery.state === 'recovered' && passedMs >= afterMs) {
      say(recovery.sinceMs);
      return;
    }
    // A streak that began in time is given its full length.
    const late = recovery.state !== 'broken' && recovery.sinceMs - faultEndMs <= recoverWithinMs ? holdMs : 0;
    if (passedMs >= Math.max(afterMs, recoverWithinMs + late)) {
      say(null);
      return;
    }
    await clock.sleep(LOOK_MS, stop.signal);
  }
}
