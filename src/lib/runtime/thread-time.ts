import { realClock } from './clock.ts';

/**
 * What to add to this thread's `realClock.monotonicMs()` to get a time that all threads of this process share: each thread counts from
 * its own start, while the system's monotonic clock is one for all.
 *
 *   main     0 ────────────── 812.4 ───▶
 *   worker             0 ──── 411.9 ───▶      the same moment; their shifts differ by 400.5
 */
export function threadShiftMs(): number {
  let bestWidthMs = Number.POSITIVE_INFINITY;
  let shiftMs = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const beforeMs = realClock.monotonicMs();
    const sharedMs = Number(process.hrtime.bigint()) / 1e6;
    const widthMs = realClock.monotonicMs() - beforeMs;
    if (widthMs >= bestWidthMs) continue;
    bestWidthMs = widthMs;
    shiftMs = sharedMs - (beforeMs + widthMs / 2);
  }
  return shiftMs;
}

/** Readings taken; the closest pair counts, so that a pause between the two clocks does no harm. */
const SAMPLES = 5;
