import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../../src/lib/experiment/progress.ts';
import { formatLoadFacts, formatP99, formatRecentP99 } from '../../../../src/lib/tui/run/load-rows.ts';
import { formatLine } from '../../../../src/lib/tui/text/line.ts';
import { ASCII, UNICODE } from '../support/themes.ts';
import { loadSummary } from '../support/made-up-run.ts';

const TIMES = { stretches: [], methodStartMs: 0, endMs: 20_000 };

function seconds(...p99s: readonly number[]): Progress['seconds'] {
  return p99s.map((p99Ms, at) => ({ atMs: (at + 1) * 1000, phase: 'during', summary: loadSummary(p99Ms) }));
}

const NOTHING_ANSWERED = { ...loadSummary(0), latency: { ...loadSummary(0).latency, count: 0 } };

describe('the p99 on the time axis', () => {
  it.each([
    ['stands where its second was, up to the moment now', seconds(100, 100, 400, 400), 4_500, '▂▂▂▂████ ┃'],
    ['is calm when nothing happens', seconds(20, 22, 19, 21), undefined, '▃▃▃▃▂▂▃▃'],
    [
      'has no bar where nothing was answered',
      [...seconds(100), { atMs: 2_000, phase: 'during' as const, summary: NOTHING_ANSWERED }],
      undefined,
      '▂▂',
    ],
    ['is empty without load', [], 1_000, '  ┃'],
  ])('%s', (_, shown, cursorMs, line) => {
    expect(formatLine(formatP99(shown, TIMES, cursorMs, 40, UNICODE), 40, UNICODE)).toBe(line);
  });

  it('shows the worst of the seconds that share a cell', () => {
    const line = formatLine(formatP99(seconds(100, 400, 100, 100), TIMES, undefined, 10, UNICODE), 10, UNICODE);
    expect(line).toBe('█▂');
  });

  it('is the newest seconds for a run that is too long for all of them', () => {
    const line = formatLine(formatRecentP99(seconds(9_000, 100, 100, 400), 3, ASCII), 3, ASCII);
    expect(line).toBe('..#');
  });
});

describe('the facts of the load', () => {
  const failing = [
    ...seconds(400),
    { atMs: 2_000, phase: 'during' as const, summary: loadSummary(200, { timeout: 1, 'http.503': 4 }) },
  ];

  it.each([
    [20, 'p99 200ms'],
    [25, 'errors 10%  p99 200ms'],
    [30, '50/s  errors 10%  p99 200ms'],
    [42, '50/s  errors 10%  p50 100ms  p99 200ms'],
    [60, '50/s  errors 10%  p50 100ms  p99 200ms  mostly http.503'],
    [80, '50/s  errors 10%  p50 100ms  p99 200ms  worst p99 400ms  mostly http.503'],
  ])('within %i cells', (width, line) => {
    expect(formatLine(formatLoadFacts(failing, width, UNICODE), width, UNICODE)).toBe(line);
  });

  it('are honest where nothing was answered', () => {
    const none = [{ atMs: 1_000, phase: 'before' as const, summary: NOTHING_ANSWERED }];
    expect(formatLine(formatLoadFacts(none, 80, UNICODE), 80, UNICODE)).toBe('50/s  errors 0%');
    expect(formatLine(formatLoadFacts([], 80, UNICODE), 80, UNICODE)).toBe('no request has been answered yet');
  });
});
