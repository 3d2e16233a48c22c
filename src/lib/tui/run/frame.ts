import type { PlanDocument } from '../../events/plan-document.ts';
import type { Progress } from '../../experiment/progress.ts';
import { formatLine, span, type Span } from '../text/line.ts';
import { displayWidth } from '../text/width.ts';
import type { Theme } from '../theme.ts';
import { formatPhases, formatTicks } from './axis-rows.ts';
import { createFaultRows, formatFaultBar, formatFaultFacts, type FaultRow } from './fault-row.ts';
import { formatHeader } from './header.ts';
import { createLanes, formatLane, type Lanes } from './lanes.ts';
import { formatLoadFacts, formatP99, formatRecentP99 } from './load-rows.ts';
import { formatNotice, formatReason, formatServices } from './notice-rows.ts';
import { createProbeRows, formatProbe, type ProbeRow } from './probe-row.ts';
import { chooseShown, countWords, shareLines } from './shown.ts';
import { createRunTimes, type RunTimes } from './times.ts';

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  readonly theme: Theme;
  /** ms since the run's start. */
  readonly nowMs: number;
}

/**
 * The whole live view of a run as lines that fit the terminal: never wider than its columns, and always two rows shorter than it, so that
 * the block can be redrawn in place. Empty until the run has begun.
 *
 *     ● during  0:17 of 0:31  slow payments           run 2026…  seed 42      header
 *                  ├ before ──┼ during ──┃──────┼ after ─────┤                one time axis …
 *     latency                 ░▓▓▓▓▓▓▓▓▓▓┃░░░░░░                              … for the faults
 *                  ● in force 3.1s of 5s  touched 212  p50 401ms asked 400ms
 *     p99          ▁▁▁▁▁▁▁▁▁▁▂▇▇█▇▇▇▇▇▇▇█┃                                    … and for the load
 *                  49/s  errors 0.0%  p50 12ms  p99 401ms
 *     ✓ holds  home answers   200 in 12ms                    ·····✗✗··        probes
 *     0:12 ! guard tripped: …                                                 notices
 */
export function formatRunFrame(progress: Progress, options: FrameOptions): readonly string[] {
  const { columns, rows, theme } = options;
  if (!progress.plan) return [];
  const width = Math.max(1, columns - MARGIN_CELLS);
  const height = Math.max(1, Math.min(MAX_LINES, rows - SPARE_ROWS));
  return createLines(progress, progress.plan, { ...options, width, height })
    .slice(0, height)
    .map((spans) => formatLine([span(' '), ...spans], width + 1, theme));
}

/** One blank at each side: a line that fills the last column would wrap when the terminal gets narrower by one. */
const MARGIN_CELLS = 2;
/** A block higher than this would be no compact one any more. */
const MAX_LINES = 22;
/** Rows of the terminal left to what is above, and to the cursor below. */
const SPARE_ROWS = 2;
/** From so many columns on, facts stand beside the bars. */
const WIDE_COLUMNS = 110;
/** Notices shown at most. */
const MAX_NOTICES = 3;

type Line = readonly Span[];

interface Draft extends FrameOptions {
  readonly width: number;
  readonly height: number;
}

function createLines(progress: Progress, plan: PlanDocument, draft: Draft): readonly Line[] {
  const { width, height, theme, nowMs } = draft;
  const times = createRunTimes(plan, progress, nowMs);
  const faults = createFaultRows(plan.faults, progress, times, nowMs);
  const probes = createProbeRows(plan, progress);
  const notices = noticeLines(progress, width, theme);

  const faultHeight = heightOfFaults(plan, draft, faults.length, probes.length + notices.length);
  const fixed = 2 + (plan.load ? faultHeight : 0);
  const noticeCount = Math.min(
    notices.length,
    Math.max(1, height - fixed - faults.length * faultHeight - probes.length),
  );
  const room = Math.max(0, height - fixed - noticeCount);
  const [faultCount, probeCount] = shareLines(room, faults.length * faultHeight, probes.length);

  const lanes = createLanes(
    width,
    faultHeight === 2,
    faults.map(({ id }) => theme.clean(id)),
  );
  const axis: Axis = { times, cursorMs: progress.ended ? undefined : nowMs, lanes, theme };
  return spaceOut(
    [
      [formatHeader(progress, { nowMs, endMs: times.endMs }, width, theme)],
      [
        ...formatLane(span(''), formatPhases(times, axis.cursorMs, lanes.bar, theme), [], lanes, theme),
        ...faultLines(faults, faultCount / faultHeight, axis),
        ...(plan.load ? loadLines(progress, axis) : []),
      ],
      probeLines(probes, probeCount, width, theme),
      notices.slice(notices.length - noticeCount),
    ],
    formatLane(span(''), formatTicks(times, lanes.bar), [], lanes, theme),
    height,
  );
}

/** Two lines a fault, facts below its bar, where the terminal is narrow but high enough for it. */
function heightOfFaults({ load }: PlanDocument, { columns, height }: Draft, faults: number, others: number): 1 | 2 {
  if (columns >= WIDE_COLUMNS) return 1;
  return 2 + (load ? 2 : 0) + 2 * faults + others <= height ? 2 : 1;
}

interface Axis {
  readonly times: RunTimes;
  readonly cursorMs: number | undefined;
  readonly lanes: Lanes;
  readonly theme: Theme;
}

function faultLines(
  faults: readonly FaultRow[],
  count: number,
  { times, cursorMs, lanes, theme }: Axis,
): readonly Line[] {
  const { rows, rest } = chooseShown(faults, count, ({ condition }) => FAULT_URGENCY[condition.is]);
  const lines = rows.flatMap((row) =>
    formatLane(
      span(theme.clean(row.id)),
      formatFaultBar(row, times, cursorMs, lanes.bar, theme),
      formatFaultFacts(row, lanes.facts, theme),
      lanes,
      theme,
    ),
  );
  return [
    ...lines,
    ...restLine(
      'faults',
      rest.map(({ condition }) => condition.is),
    ),
  ];
}

/** Those that will come stand before those that are over, and whatever went wrong before all. */
const FAULT_URGENCY: Readonly<Record<FaultRow['condition']['is'], number>> = {
  'not reverted': 6,
  failed: 5,
  'in force': 4,
  injecting: 3,
  waiting: 2,
  'never injected': 1,
  reverted: 0,
};

function loadLines({ seconds, plan }: Progress, { times, cursorMs, lanes, theme }: Axis): readonly Line[] {
  const isWhole = times.endMs <= MAX_AXIS_MS;
  const bar = isWhole
    ? formatP99(seconds, times, cursorMs, lanes.bar, theme)
    : formatRecentP99(seconds, lanes.bar, theme);
  const facts = formatLoadFacts(seconds, lanes.facts, theme);
  return formatLane(span(isWhole || !plan ? 'p99' : 'p99 of late'), bar, facts, lanes, theme);
}

/** Longer runs have more seconds than are kept: then only the newest are shown, a cell each. */
const MAX_AXIS_MS = 240_000;

function probeLines(probes: readonly ProbeRow[], count: number, width: number, theme: Theme): readonly Line[] {
  const { rows, rest } = chooseShown(probes, count, probeUrgency);
  const longest = Math.max(0, ...rows.map(({ name }) => displayWidth(theme.clean(name))));
  const label = Math.min(longest, Math.floor(width * PROBE_LABEL_SHARE));
  const words = rest.map(({ result }) => (!result ? 'waiting' : result.ok ? 'hold' : 'fail'));
  return [...rows.map((row) => formatProbe(row, label, width, theme)), ...restLine('probes', words)];
}

const PROBE_LABEL_SHARE = 0.34;

function probeUrgency({ result }: ProbeRow): number {
  if (!result || result.ok) return 0;
  return result.counts ? 2 : 1;
}

/** `+38 more faults: 30 waiting, 8 reverted` */
function restLine(what: string, words: readonly string[]): readonly Line[] {
  return words.length === 0 ? [] : [[span(`+${words.length} more ${what}: ${countWords(words)}`, 'dim')]];
}

function noticeLines(progress: Progress, width: number, theme: Theme): readonly Line[] {
  const services = formatServices(progress, width, theme);
  const reason = progress.ended && formatReason(progress.ended, theme);
  return [
    ...(services ? [services] : []),
    ...progress.notices.slice(-MAX_NOTICES).map((notice) => formatNotice(notice, theme)),
    ...(reason ? [reason] : []),
  ];
}

/** Blank lines between the blocks, and the ruler of the axis, as far as the height allows: the most useful of them first. */
function spaceOut(blocks: readonly (readonly Line[])[], ruler: readonly Line[], height: number): readonly Line[] {
  let spare = height - blocks.reduce((sum, block) => sum + block.length, 0);
  const allow = (wanted: boolean): boolean => wanted && spare-- > 0;
  const [header = [], axis = [], probes = [], notices = []] = blocks;
  const beforeProbes = allow(probes.length > 0);
  const withRuler = allow(true);
  const beforeAxis = allow(true);
  const beforeNotices = allow(notices.length > 0);
  const blank: readonly Line[] = [[]];
  return [
    ...header,
    ...(beforeAxis ? blank : []),
    ...(withRuler ? ruler : []),
    ...axis,
    ...(beforeProbes ? blank : []),
    ...probes,
    ...(beforeNotices ? blank : []),
    ...notices,
  ];
}
