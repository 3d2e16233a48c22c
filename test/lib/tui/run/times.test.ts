import { describe, expect, it } from 'vitest';
import { formatPhases, formatTicks } from '../../../../src/lib/tui/run/axis-rows.ts';
import { columnAt, createRunTimes } from '../../../../src/lib/tui/run/times.ts';
import { formatLine } from '../../../../src/lib/tui/text/line.ts';
import { ASCII, UNICODE } from '../support/themes.ts';
import { PLAN, ended, phase, plannedFault, progressOf, stamp, started, type Timed } from '../support/made-up-run.ts';

function timesOf(events: readonly Timed[], nowMs: number, plan = PLAN) {
  const { stretches, methodStartMs, endMs } = createRunTimes(plan, progressOf(stamp(...events)), nowMs);
  return { starts: stretches.map(({ startMs }) => startMs), methodStartMs, endMs };
}

describe('the time axis of a run', () => {
  const before = [started(), phase(2_000, 'before')];
  const during = [...before, phase(5_000, 'during')];

  it.each<[string, readonly Timed[], number, ReturnType<typeof timesOf>]>([
    [
      'expects everything from now on while services start',
      [started()],
      1_500,
      { starts: [0, 1_500, 4_500, 14_500], methodStartMs: 4_500, endMs: 19_500 },
    ],
    [
      'counts from the real start of a phase',
      before,
      3_000,
      { starts: [0, 2_000, 5_000, 15_000], methodStartMs: 5_000, endMs: 20_000 },
    ],
    [
      'is pushed along by a phase that takes longer',
      before,
      7_000,
      { starts: [0, 2_000, 7_000, 17_000], methodStartMs: 7_000, endMs: 22_000 },
    ],
    [
      'is pushed along by faults that are slow to go',
      during,
      16_000,
      { starts: [0, 2_000, 5_000, 16_000], methodStartMs: 5_000, endMs: 21_000 },
    ],
    [
      'goes on while recovery is waited for',
      [...during, phase(15_000, 'after')],
      28_000,
      { starts: [0, 2_000, 5_000, 15_000], methodStartMs: 5_000, endMs: 28_000 },
    ],
    [
      'keeps what was planned after an early end',
      [...during, ended(7_000)],
      7_000,
      { starts: [0, 2_000, 5_000, 15_000], methodStartMs: 5_000, endMs: 20_000 },
    ],
  ])('%s', (_, events, nowMs, times) => {
    expect(timesOf(events, nowMs)).toEqual(times);
  });

  it('counts the faults’ offsets from the method’s start, which is before the first fault', () => {
    const plan = { ...PLAN, faults: [plannedFault({ startMs: 4_000, endMs: 6_000 })] };
    expect(timesOf([started(plan), phase(2_000, 'before'), phase(9_000, 'during')], 9_500, plan)).toEqual({
      starts: [0, 2_000, 9_000, 11_000],
      methodStartMs: 5_000,
      endMs: 16_000,
    });
  });

  it('stands for a plan without faults', () => {
    const plan = { ...PLAN, faults: [] };
    expect(timesOf([started(plan), phase(2_000, 'before')], 3_000, plan).endMs).toBe(20_000);
  });

  it('has a column for every moment, within its width', () => {
    const times = createRunTimes(PLAN, progressOf(stamp(...before)), 3_000);
    expect([-100, 0, 10_000, 19_999, 20_000, 99_999].map((ms) => columnAt(times, ms, 40))).toEqual([
      0, 0, 20, 39, 39, 39,
    ]);
  });

  it.each([
    [60, UNICODE, '├setup┼ before ┼ during ┃────────────────────┼ after ──────┤'],
    [40, UNICODE, '├───┼─────┼ during ───────────┼ after ─┤'],
    [60, ASCII, '+setup+ before + during |--------------------+ after ------+'],
    [20, UNICODE, '├─┼──┼ during ─┼───┤'],
  ])('names its phases where there is room in %i cells', (width, theme, line) => {
    const times = createRunTimes(PLAN, progressOf(stamp(...during)), 8_000);
    expect(formatLine(formatPhases(times, 8_000, width, theme), width, theme)).toBe(line);
  });

  it.each([
    [60, 20_000, '0:00           0:05           0:10           0:15'],
    [30, 20_000, '0:00           0:10'],
    [60, 3_600_000, '0:00      10:00     20:00     30:00     40:00     50:00'],
  ])('has a ruler of round times in %i cells for %i ms', (width, endMs, line) => {
    expect(formatLine(formatTicks({ stretches: [], methodStartMs: 0, endMs }, width), width, UNICODE)).toBe(line);
  });
});
