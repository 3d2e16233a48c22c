import type { LoadSummary } from '../events/run-events.ts';
import type { GuardSpec } from '../scenario/scenario.ts';
import { formatMetricValue, isWithin, unitOf } from '../scenario/thresholds.ts';
import { loadMetric } from './thresholds.ts';

/** What guards look at: the load of the last second, and each probe's latest result. */
export interface GuardView {
  readonly load: LoadSummary | undefined;
  readonly seconds: number;
  probeOk(probe: string): boolean | undefined;
}

export interface GuardState {
  /** Since when the guard's condition holds without a break. */
  readonly sinceMs: number | undefined;
}

export const CALM: GuardState = { sinceMs: undefined };

export interface GuardVerdict {
  readonly state: GuardState;
  /** Set when the condition has held for as long as the guard allows. */
  readonly tripped: { readonly value: string; readonly heldMs: number } | undefined;
}

/** One look at a guard. Without anything to look at (no request, no result yet) its condition does not hold. */
export function watchGuard(guard: GuardSpec, state: GuardState, view: GuardView, nowMs: number): GuardVerdict {
  const value = conditionValue(guard, view);
  if (value === undefined) return { state: CALM, tripped: undefined };
  const sinceMs = state.sinceMs ?? nowMs;
  const heldMs = nowMs - sinceMs;
  return { state: { sinceMs }, tripped: heldMs >= guard.forMs ? { value, heldMs } : undefined };
}

/** The value that makes the condition hold, in words; undefined when it does not hold. */
function conditionValue({ condition }: GuardSpec, view: GuardView): string | undefined {
  switch (condition.of) {
    case 'probe': {
      const ok = view.probeOk(condition.probe);
      if (ok === undefined || ok !== (condition.state === 'holds')) return undefined;
      return `probe ${condition.probe} ${condition.state}`;
    }
    case 'metric': {
      const value = view.load && loadMetric(condition.metric, view.load, view.seconds);
      if (value === undefined || !isWithin(value, condition.op, condition.value)) return undefined;
      return formatMetricValue(unitOf(condition.metric), value);
    }
  }
}
