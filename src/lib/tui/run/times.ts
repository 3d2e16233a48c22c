import type { PlanDocument } from '../../events/plan-document.ts';
import type { Phase } from '../../events/run-events.ts';
import type { Progress } from '../../experiment/progress.ts';

/** A stretch of the run on its time axis; times are ms since the run's start. */
export interface Stretch {
  readonly name: 'setup' | Phase;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * The run's one time axis: what has happened at its real time, the rest where the plan expects it. A phase that takes longer than planned
 * pushes what follows along.
 *
 *     0        before        during            after            end
 *     ├ setup ─┼─────────────┼─────────────────┼────────────────┤
 *                        method start (the faults' offsets begin here)
 */
export interface RunTimes {
  readonly stretches: readonly Stretch[];
  readonly methodStartMs: number;
  readonly endMs: number;
}

export function createRunTimes(plan: PlanDocument, progress: Progress, nowMs: number): RunTimes {
  const { before, during, after } = progress.phaseStartsMs;
  const goesOn = progress.ended === undefined;
  const notBefore = (plannedMs: number): number => (goesOn ? Math.max(plannedMs, nowMs) : plannedMs);
  const firstMs = Math.min(...plan.faults.map(({ startMs }) => startMs), plan.methodMs);
  const lastMs = Math.max(...plan.faults.map(({ endMs }) => endMs), firstMs);

  const beforeMs = before ?? notBefore(0);
  const duringMs = during ?? notBefore(beforeMs + plan.beforeMs + firstMs);
  const methodStartMs = duringMs - firstMs;
  const afterMs = after ?? notBefore(methodStartMs + lastMs);
  const plannedEndMs = Math.max(methodStartMs + plan.methodMs, afterMs + plan.afterMs);
  const endMs = Math.max(plannedEndMs, nowMs, 1);
  const stretches: Stretch[] = [
    { name: 'setup', startMs: 0, endMs: beforeMs },
    { name: 'before', startMs: beforeMs, endMs: duringMs },
    { name: 'during', startMs: duringMs, endMs: afterMs },
    { name: 'after', startMs: afterMs, endMs },
  ];
  return { stretches, methodStartMs, endMs };
}

/** The column of a moment on an axis of `width` cells. */
export function columnAt({ endMs }: RunTimes, ms: number, width: number): number {
  return Math.min(width - 1, Math.max(0, Math.floor((ms / endMs) * width)));
}
