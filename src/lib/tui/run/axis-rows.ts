import { createCells } from '../text/cells.ts';
import type { Span } from '../text/line.ts';
import { formatClock } from '../text/time.ts';
import type { Theme } from '../theme.ts';
import { columnAt, type RunTimes } from './times.ts';

/** Where the run stands: undefined once it has ended, then no cursor is drawn. */
export type CursorMs = number | undefined;

/** `├ setup ┼ before ────┼ during ─────┃──────┼ after ───────┤`, the phase that goes on in strong. */
export function formatPhases(times: RunTimes, cursorMs: CursorMs, width: number, { glyphs }: Theme): readonly Span[] {
  const cells = createCells(width);
  cells.fill(0, width, glyphs.axis, 'dim');
  // Below the names: a cursor must not hide a letter.
  if (cursorMs !== undefined) cells.put(columnAt(times, cursorMs, width), glyphs.now, 'accent');
  for (const { name, startMs, endMs } of times.stretches) {
    const from = columnAt(times, startMs, width);
    const to = endMs >= times.endMs ? width : columnAt(times, endMs, width);
    if (to <= from) continue;
    cells.put(from, from === 0 ? glyphs.axisStart : glyphs.axisMark, 'dim');
    const goesOn = cursorMs !== undefined && cursorMs >= startMs && (cursorMs < endMs || endMs >= times.endMs);
    const label = [` ${name} `, name].find(({ length }) => length < to - from);
    if (label !== undefined) cells.put(from + 1, label, goesOn ? 'strong' : 'dim');
  }
  if (cursorMs === undefined || cursorMs < times.endMs) cells.put(width - 1, glyphs.axisEnd, 'dim');
  return cells.spans();
}

/** `0:00      0:10      0:20`: each label begins at its moment. */
export function formatTicks(times: RunTimes, width: number): readonly Span[] {
  const cells = createCells(width);
  const stepMs = findStepMs(times.endMs, width);
  for (let ms = 0; ms <= times.endMs; ms += stepMs) {
    const label = formatClock(ms);
    const column = columnAt(times, ms, width);
    if (column + label.length <= width) cells.put(column, label, 'dim');
  }
  return cells.spans();
}

const STEPS_MS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400].map((s) => s * 1000);
/** Cells from the start of one label to that of the next, at least. */
const TICK_CELLS = 10;

function findStepMs(endMs: number, width: number): number {
  const least = (endMs / width) * TICK_CELLS;
  return STEPS_MS.find((stepMs) => stepMs >= least) ?? least;
}
