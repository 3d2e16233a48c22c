import type { ProbeSpec, TargetSpec } from './scenario.ts';

/**
 * The method on the time axis. Offsets are ms from the start of the method; a fault without an end of its own ends with the method.
 *
 *   0 ────────── 2 s ───────────── 8 s ── 9 s
 *                 ├─ latency payments ─┤
 *                         ├ error checkout ─┤
 */
export interface Timeline {
  readonly faults: readonly PlannedFault[];
  readonly probes: readonly PlannedProbe[];
  /** When the last step ends. */
  readonly endMs: number;
}

export interface PlannedFault {
  readonly id: string;
  readonly kind: string;
  readonly target: TargetSpec;
  readonly params: unknown;
  readonly startMs: number;
  readonly endMs: number;
  readonly timeoutMs: number;
}

export interface PlannedProbe {
  readonly name: string;
  readonly probe: ProbeSpec;
  readonly atMs: number;
}
