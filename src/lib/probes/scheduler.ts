import type { Cancel, Clock } from '../runtime/clock.ts';
import type { ProbeOutcome } from './probe.ts';

export interface ScheduledProbe {
  readonly name: string;
  readonly everyMs: number;
  /** Measures once; never throws, and returns promptly once the signal is aborted. */
  measure(signal: AbortSignal): Promise<ProbeOutcome & { readonly tookMs: number }>;
}

export interface ProbeResult {
  readonly name: string;
  /** When the measurement began, on the clock's monotonic time. */
  readonly startedMs: number;
  readonly tookMs: number;
  readonly outcome: ProbeOutcome;
  /** Ticks left out since this probe's previous result, because that measurement was still under way. */
  readonly skipped: number;
}

export interface ProbeSchedule {
  /** Cuts what is under way, whose results are dropped, and resolves when nothing is. Harmless twice. */
  stop(): Promise<void>;
}

/**
 * Measures many probes side by side, each at once and then on its own tick. A probe never overlaps itself: ticks that find it under way
 * are skipped and counted, so that a slow target is not asked ever more often.
 *
 *   tick      0     1     2     3     4     5
 *   fast      ▪     ▪     ▪     ▪     ▪     ▪
 *   slow      ▪▪▪▪▪▪▪▪▪     ·     ▪▪▪▪      ▪▪▪▪      (skipped: 1 at the third result's start)
 */
export function startProbes(
  probes: readonly ScheduledProbe[],
  clock: Clock,
  onResult: (result: ProbeResult) => void,
): ProbeSchedule {
  const stopped = new AbortController();
  const runs = probes.map((probe) => tick(probe, clock, stopped.signal, onResult));
  return {
    async stop() {
      stopped.abort(new Error('the probes were stopped'));
      await Promise.all(runs);
    },
  };
}

/** One probe's life. Its ticks lie on a fixed grid from its start, so that they do not drift. */
async function tick(
  probe: ScheduledProbe,
  clock: Clock,
  stopped: AbortSignal,
  onResult: (result: ProbeResult) => void,
): Promise<void> {
  const gridMs = clock.monotonicMs();
  let lastTick = 0;
  let skipped = 0;
  while (!stopped.aborted) {
    const startedMs = clock.monotonicMs();
    const { tookMs, ...outcome } = await probe.measure(stopped);
    // What a stop has cut is no measurement.
    if (isAborted(stopped)) return;
    onResult({ name: probe.name, startedMs, tookMs, outcome, skipped });
    // A timer may fire a moment early: the tick it was for is not taken twice.
    const nextTick = Math.max(lastTick, Math.floor((clock.monotonicMs() - gridMs) / probe.everyMs)) + 1;
    skipped = nextTick - lastTick - 1;
    lastTick = nextTick;
    await pause(clock, gridMs + nextTick * probe.everyMs - clock.monotonicMs(), stopped);
  }
}

function pause(clock: Clock, delayMs: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let cancel: Cancel = () => undefined;
    const end = (): void => {
      cancel();
      stopped.removeEventListener('abort', end);
      resolve();
    };
    cancel = clock.after(delayMs, end);
    stopped.addEventListener('abort', end, { once: true });
  });
}

/** Asked through a function, since the compiler takes a property that was false before an `await` for false after it. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
