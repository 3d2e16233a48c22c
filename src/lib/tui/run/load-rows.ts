import type { LoadSummary } from '../../events/run-events.ts';
import type { Progress } from '../../experiment/progress.ts';
import { formatDurationMs, formatPercent } from '../../wire/quantities.ts';
import { createCells } from '../text/cells.ts';
import { joinFacts, span, type Fact, type Span } from '../text/line.ts';
import { formatSparkline } from '../text/sparkline.ts';
import type { Theme } from '../theme.ts';
import { columnAt, type RunTimes } from './times.ts';

type Seconds = Progress['seconds'];

/** The load's p99 on the run's time axis, below the faults that move it: the worst second of each cell. */
export function formatP99(
  seconds: Seconds,
  times: RunTimes,
  cursorMs: number | undefined,
  width: number,
  { glyphs }: Theme,
): readonly Span[] {
  const cells = createCells(width);
  const values = worstByCell(seconds, times, width);
  cells.put(0, formatSparkline(values, scaleMs(seconds), glyphs.levels), 'plain');
  if (cursorMs !== undefined) cells.put(columnAt(times, cursorMs, width), glyphs.now, 'accent');
  return cells.spans();
}

/** The p99 of the last seconds, a cell each, the newest at the right: for runs too long for an axis of all their seconds. */
export function formatRecentP99(seconds: Seconds, width: number, { glyphs }: Theme): readonly Span[] {
  const recent = seconds.slice(-width);
  const values = recent.map(({ summary }) => (summary.latency.count === 0 ? undefined : summary.latency.p99Ms));
  return [span(formatSparkline(values, scaleMs(recent), glyphs.levels).padStart(width))];
}

/** A second of load reaches from 1 s before its event up to it; each cell has the worst of the seconds that touch it. */
function worstByCell(seconds: Seconds, times: RunTimes, width: number): readonly (number | undefined)[] {
  const values = Array.from<number | undefined>({ length: width });
  for (const { atMs, summary } of seconds) {
    if (summary.latency.count === 0) continue;
    const to = columnAt(times, atMs - 1, width);
    for (let column = columnAt(times, atMs - SECOND_MS, width); column <= to; column++)
      values[column] = Math.max(values[column] ?? 0, summary.latency.p99Ms);
  }
  return values;
}

const SECOND_MS = 1_000;

/** The worst p99 of those shown. */
function worstP99Ms(seconds: Seconds): number {
  return Math.max(0, ...seconds.map(({ summary }) => (summary.latency.count === 0 ? 0 : summary.latency.p99Ms)));
}

/** What the highest bar stands for: never less than four times the best second, so that a calm service looks calm. */
function scaleMs(seconds: Seconds): number {
  const measured = seconds.filter(({ summary }) => summary.latency.count > 0);
  const best = Math.min(...measured.map(({ summary }) => summary.latency.p99Ms));
  return measured.length === 0 ? 0 : Math.max(worstP99Ms(seconds), 4 * best);
}

/** `49/s  errors 3.2% http.503  p50 12ms  p99 401ms  worst 412ms`: the newest second, and the worst p99 of those shown. */
export function formatLoadFacts(seconds: Seconds, width: number, theme: Theme): readonly Span[] {
  const last = seconds.at(-1)?.summary;
  if (!last) return [span('no request has been answered yet', 'dim')];
  const { latency, sent, errorRatio } = last;
  const facts: Fact[] = [{ worth: 6, spans: [span(`${sent}/s`)] }];
  const times =
    latency.count === 0
      ? []
      : [
          { worth: 4, spans: [span(`p50 ${formatDurationMs(latency.p50Ms)}`)] },
          { worth: 8, spans: [span(`p99 ${formatDurationMs(latency.p99Ms)}`)] },
          { worth: 2, spans: [span(`worst p99 ${formatDurationMs(worstP99Ms(seconds))}`, 'dim')] },
        ];
  facts.push({ worth: 7, spans: formatErrors(errorRatio) }, ...times);
  const reason = mainError(last);
  if (reason !== undefined) facts.push({ worth: 3, spans: [span(theme.clean(reason), 'warn')] });
  return joinFacts(facts, width);
}

function formatErrors(errorRatio: number): readonly Span[] {
  return [span(`errors ${formatPercent(errorRatio * 100)}`, errorRatio > 0 ? 'warn' : 'plain')];
}

/** The most frequent failure of a second, such as `http.503`. */
function mainError({ errors }: LoadSummary): string | undefined {
  const [first] = Object.entries(errors).sort(([, a], [, b]) => b - a);
  return first && first[1] > 0 ? `mostly ${first[0]}` : undefined;
}
