import { describe, expect, it } from 'vitest';
import { createDutyCycle, SLICE_MS } from '../../../src/lib/faults/duty-cycle.ts';

/** A machine on which a worker gets `speed` of the CPU time that it works for, and whose timers are late by `lateMs`. */
function simulate(
  ratio: number,
  seconds: number,
  machine: { speed?: number; lateMs?: number; startUpMs?: number } = {},
) {
  const { speed = 1, lateMs = 0, startUpMs = 0 } = machine;
  let now = { nowMs: 1000, usedMs: startUpMs };
  const nextSlice = createDutyCycle(ratio, now);
  const endMs = now.nowMs + seconds * 1000;
  let longestBurstMs = 0;
  while (now.nowMs < endMs) {
    const { untilUsedMs, endMs: sliceEndMs } = nextSlice(now);
    const wallMs = Math.min(Math.max(0, untilUsedMs - now.usedMs) / speed, sliceEndMs - now.nowMs);
    longestBurstMs = Math.max(longestBurstMs, wallMs);
    const restMs = sliceEndMs - now.nowMs - wallMs;
    now = { nowMs: sliceEndMs + (restMs > 0 ? lateMs : 0), usedMs: now.usedMs + wallMs * speed };
  }
  return { percent: (100 * (now.usedMs - startUpMs)) / (now.nowMs - 1000), longestBurstMs };
}

describe('createDutyCycle', () => {
  it.each([1, 5, 20, 50, 80, 99, 100])('takes %d percent of an idle machine', (percent) => {
    expect(simulate(percent / 100, 10).percent).toBeCloseTo(percent, 1);
  });

  it.each([20, 50, 80])('takes %d percent although every timer is late', (percent) => {
    expect(simulate(percent / 100, 10, { lateMs: 1.5 }).percent).toBeCloseTo(percent, 0);
  });

  it.each([20, 50])('takes %d percent on a machine that others use by a third', (percent) => {
    expect(simulate(percent / 100, 10, { speed: 0.67 }).percent).toBeCloseTo(percent, 0);
  });

  it('takes all that it gets where there is less than it was asked for', () => {
    expect(simulate(0.8, 10, { speed: 0.5 }).percent).toBeCloseTo(50, 0);
  });

  it('does not count what its start cost', () => {
    expect(simulate(0.5, 10, { startUpMs: 60 }).percent).toBeCloseTo(50, 0);
  });

  it('never works longer than a slice without listening', () => {
    expect(simulate(1, 1).longestBurstMs).toBeLessThanOrEqual(SLICE_MS);
  });

  it('makes up for a stall by no more than five slices', () => {
    const nextSlice = createDutyCycle(0.5, { nowMs: 0, usedMs: 0 });
    nextSlice({ nowMs: 0, usedMs: 0 });
    // A minute in which the machine slept: half a minute of CPU time would be owed.
    let usedMs = 0;
    for (let nowMs = 60_000; nowMs < 60_500; nowMs += SLICE_MS) {
      const { untilUsedMs } = nextSlice({ nowMs, usedMs });
      usedMs = Math.min(untilUsedMs, usedMs + SLICE_MS);
    }
    expect(usedMs).toBeGreaterThan(250);
    expect(usedMs).toBeLessThanOrEqual(250 + 5 * SLICE_MS + SLICE_MS);
  });
});
