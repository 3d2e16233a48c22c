/**
 * Recovery from the results of the steady state's probes. The steady state holds again at the start of the first result of the streak
 * in which every probe stays within tolerance; it counts once that streak has lasted `holdMs`.
 *
 *   fault ▓▓▓▓▓▓▓▓│        holdMs
 *   A     ✓ ✗ ✗ ✗ │✗ ✗ ✓ ✓ ✓ ✓ ✓
 *   B     ✓ ✓ ✗ ✗ │✗ ✓ ✓ ✓ ✓ ✓ ✓
 *                 └───▶ A's first ✓ of the last streak: the recovery time
 */
export interface RecoveryState {
  /** Since when each probe is within tolerance without a break; undefined while it is not. */
  readonly okSinceMs: ReadonlyMap<string, number | undefined>;
  /** Whether any probe was out of tolerance since the first fault began. */
  readonly broke: boolean;
}

export type Recovery =
  | { readonly state: 'broken' }
  /** Holding, but not for long enough yet. */
  | { readonly state: 'holding'; readonly sinceMs: number }
  | { readonly state: 'recovered'; readonly sinceMs: number };

export function createRecoveryState(probes: readonly string[]): RecoveryState {
  return { okSinceMs: new Map(probes.map((probe) => [probe, undefined])), broke: false };
}

/** Takes in one result; results of probes that do not count for the steady state must not be given. */
export function onProbeResult(
  state: RecoveryState,
  probe: string,
  result: { readonly ok: boolean; readonly startedMs: number },
): RecoveryState {
  const since = result.ok ? (state.okSinceMs.get(probe) ?? result.startedMs) : undefined;
  return { okSinceMs: new Map(state.okSinceMs).set(probe, since), broke: state.broke || !result.ok };
}

/**
 * Where recovery stands at `nowMs`. A probe that never broke does not delay it: without any break the steady state held from the fault's
 * end on. Results from before the fault's end count as held at the fault's end.
 */
export function recoveryAt(state: RecoveryState, faultEndMs: number, nowMs: number, holdMs: number): Recovery {
  let sinceMs = faultEndMs;
  for (const since of state.okSinceMs.values()) {
    if (since === undefined) return { state: 'broken' };
    sinceMs = Math.max(sinceMs, since);
  }
  return { state: nowMs - sinceMs >= holdMs ? 'recovered' : 'holding', sinceMs };
}
