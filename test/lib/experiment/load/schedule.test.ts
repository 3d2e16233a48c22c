import { describe, expect, it } from 'vitest';
import { countBefore, dueCount, scheduledMs } from '../../../../src/lib/experiment/load/schedule.ts';

describe('a constant arrival rate', () => {
  it.each([
    // rate, elapsed, due, before
    [200, -1, 0, 0],
    [200, 0, 1, 0],
    [200, 4.999, 1, 1],
    [200, 5, 2, 1],
    [200, 3_000, 601, 600],
    [1.5, 1_000, 2, 2],
    [1 / 60, 60_000, 2, 1],
    [3, 1_000, 4, 3],
    [2_000, 10_000, 20_001, 20_000],
  ])('at %d/s, after %d ms: %d due, %d before', (rate, elapsedMs, due, before) => {
    expect(dueCount(elapsedMs, rate)).toBe(due);
    expect(countBefore(elapsedMs, rate)).toBe(before);
  });

  it.each([0.1, 1 / 3, 1, 7, 33.3, 999, 1_234.5])('at %d/s agrees with itself at every scheduled moment', (rate) => {
    for (let index = 0; index < 2_000; index++) {
      expect(dueCount(scheduledMs(index, rate), rate)).toBe(index + 1);
      expect(countBefore(scheduledMs(index, rate), rate)).toBe(index);
    }
  });
});
