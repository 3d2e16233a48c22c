import type { Effect } from '../events/run-events.ts';
import { hashHex } from '../runtime/chance.ts';

/** What this process measures of an injection that it made itself. */
export interface Measurement {
  effect(): Effect;
  /** Called at the moment that the fault is about to end; `effect` goes on telling what was so far. */
  freeze(): void;
}

/** Injections whose measurements are kept; a run has a few, so the oldest beyond this belong to runs that were reported long ago. */
const LIMIT_MEASUREMENTS = 256;

/**
 * Effects outlive their faults, and only the process that injected can have measured them: so they stand here, in the process, by the
 * fault's mark, and not in an undo.
 */
const measurements = new Map<string, Measurement>();

export function rememberMeasurement(mark: string, measurement: Measurement): void {
  measurements.delete(mark);
  measurements.set(mark, measurement);
  for (const oldest of measurements.keys()) {
    if (measurements.size <= LIMIT_MEASUREMENTS) break;
    measurements.delete(oldest);
  }
}

export function lookupMeasurement(mark: string): Measurement | undefined {
  return measurements.get(mark);
}

/** A digest of which of the candidates were hit that does not depend on their order: exclusive-or of one hash each. */
export function digestDecisions(kind: string, hits: readonly (readonly [key: string, hit: boolean])[]): string {
  const seen = new Map<string, number>();
  let digest = 0n;
  for (const [key, hit] of hits) {
    const index = seen.get(key) ?? 0;
    seen.set(key, index + 1);
    digest ^= BigInt(`0x${hashHex(kind, key, index, hit ? 'hit' : 'passed')}`);
  }
  return digest.toString(16).padStart(16, '0');
}

/** 19.97318 → 19.97: percentages and milliseconds in a report say no more than was measured. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
