import type { PlannedInjection } from '../../events/plan-document.ts';
import type { Effect } from '../../events/run-events.ts';
import type { FaultProgress, Progress } from '../../experiment/progress.ts';
import { formatDurationMs } from '../../wire/quantities.ts';
import { createCells } from '../text/cells.ts';
import { joinFacts, span, type Fact, type Span } from '../text/line.ts';
import { formatSpan } from '../text/time.ts';
import type { Theme, Tone } from '../theme.ts';
import { effectFacts } from './effect-facts.ts';
import { columnAt, type RunTimes } from './times.ts';

/** A fault as a view shows it. */
export interface FaultRow {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly condition: FaultCondition;
  /** The window as planned, and as it was; ms since the run's start. */
  readonly plannedMs: Window;
  readonly actualMs: Window | undefined;
  readonly effect: Effect | undefined;
}

export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

export type FaultCondition =
  | { readonly is: 'waiting'; readonly startsInMs: number }
  | { readonly is: 'injecting' }
  | { readonly is: 'in force'; readonly forMs: number; readonly ofMs: number }
  | { readonly is: 'reverted'; readonly afterMs: number }
  | { readonly is: 'never injected' }
  | { readonly is: 'failed' }
  | { readonly is: 'not reverted' };

/** One row a fault, in the order of the plan. */
export function createFaultRows(
  planned: readonly PlannedInjection[],
  progress: Progress,
  times: RunTimes,
  nowMs: number,
): readonly FaultRow[] {
  return planned.map((fault) => {
    const known = progress.faults.get(fault.id);
    const plannedMs = {
      startMs: times.methodStartMs + fault.startMs,
      endMs: times.methodStartMs + fault.endMs,
    };
    const condition = conditionOf(fault, known, plannedMs, nowMs, progress.ended !== undefined);
    return {
      id: fault.id,
      kind: fault.kind,
      target: known?.target ?? fault.target,
      condition,
      plannedMs,
      actualMs: actualWindow(known, condition, nowMs),
      effect: known?.effect,
    };
  });
}

function conditionOf(
  fault: PlannedInjection,
  known: FaultProgress | undefined,
  plannedMs: Window,
  nowMs: number,
  hasEnded: boolean,
): FaultCondition {
  const startedMs = known?.startedMs;
  const beganMs = startedMs ?? nowMs;
  switch (known?.state) {
    case 'failed':
      return { is: 'failed' };
    case 'stuck':
      return { is: 'not reverted' };
    case 'reverted':
      return { is: 'reverted', afterMs: (known.endedMs ?? nowMs) - beganMs };
    case 'in force':
      return hasEnded
        ? { is: 'not reverted' }
        : { is: 'in force', forMs: nowMs - beganMs, ofMs: fault.endMs - fault.startMs };
    case 'waiting':
    case undefined:
      if (hasEnded) return startedMs === undefined ? { is: 'never injected' } : { is: 'not reverted' };
      return startedMs === undefined
        ? { is: 'waiting', startsInMs: Math.max(0, plannedMs.startMs - nowMs) }
        : { is: 'injecting' };
  }
}

function actualWindow(known: FaultProgress | undefined, condition: FaultCondition, nowMs: number): Window | undefined {
  if (known?.startedMs === undefined || condition.is === 'failed' || condition.is === 'injecting') return undefined;
  return { startMs: known.startedMs, endMs: known.endedMs ?? nowMs };
}

/** The fault on the time axis: planned `░`, in force `▓`, a failed one with its mark where it should have begun. */
export function formatFaultBar(
  row: FaultRow,
  times: RunTimes,
  cursorMs: number | undefined,
  width: number,
  { glyphs }: Theme,
): readonly Span[] {
  const cells = createCells(width);
  const fill = ({ startMs, endMs }: Window, glyph: string, tone: Tone): void => {
    const from = columnAt(times, startMs, width);
    cells.fill(from, Math.max(from + 1, columnAt(times, endMs, width)), glyph, tone);
  };
  fill(row.plannedMs, glyphs.planned, 'dim');
  if (row.actualMs) fill(row.actualMs, glyphs.inForce, BAR_TONES[row.condition.is]);
  if (row.condition.is === 'failed') cells.put(columnAt(times, row.plannedMs.startMs, width), glyphs.bad, 'bad');
  if (cursorMs !== undefined) cells.put(columnAt(times, cursorMs, width), glyphs.now, 'accent');
  return cells.spans();
}

const BAR_TONES: Readonly<Record<FaultCondition['is'], Tone>> = {
  waiting: 'dim',
  injecting: 'dim',
  'in force': 'warn',
  reverted: 'plain',
  'never injected': 'dim',
  failed: 'bad',
  'not reverted': 'bad',
};

/** `● in force 3.1s of 5s  latency on payments  touched 212  p50 401ms asked 400ms`, as much of it as fits. */
export function formatFaultFacts(row: FaultRow, width: number, theme: Theme): readonly Span[] {
  const { effect } = row;
  const facts: Fact[] = [
    { worth: 9, spans: formatCondition(row.condition, theme) },
    { worth: 2, spans: [span(theme.clean(`${row.kind} on ${shortTarget(row.target)}`), 'dim')] },
  ];
  if (effect) {
    facts.push({ worth: 8, spans: [span(`touched ${effect.touched}`, effect.touched === 0 ? 'warn' : 'plain')] });
    for (const [at, text] of effectFacts(effect).entries())
      facts.push({ worth: at === 0 ? 7 : 1, spans: [span(text)] });
    if (effect.note !== undefined) facts.push({ worth: 3, spans: [span(theme.clean(effect.note), 'warn')] });
  }
  return joinFacts(facts, width);
}

function formatCondition(condition: FaultCondition, { glyphs }: Theme): readonly Span[] {
  switch (condition.is) {
    case 'waiting':
      return [
        span(`${glyphs.idle} waiting`, 'dim'),
        span(`, in ${formatDurationMs(Math.ceil(condition.startsInMs / 1000) * 1000)}`, 'dim'),
      ];
    case 'injecting':
      return [span(`${glyphs.idle} injecting`, 'warn')];
    case 'in force':
      return [
        span(`${glyphs.active} in force`, 'warn'),
        span(` ${formatSpan(condition.forMs)} of ${formatDurationMs(condition.ofMs)}`),
      ];
    case 'reverted':
      return [span(`${glyphs.ok} reverted`, 'good'), span(` after ${formatSpan(condition.afterMs)}`, 'dim')];
    case 'never injected':
      return [span(`${glyphs.idle} never injected`, 'dim')];
    case 'failed':
      return [span(`${glyphs.bad} not injected`, 'bad')];
    case 'not reverted':
      return [span(`${glyphs.bad} NOT REVERTED`, 'bad')];
  }
}

/** `service payments` → `payments`, `process of service payments` → `process of payments`. */
function shortTarget(target: string): string {
  return target.replace(/^(process of )?service /, '$1');
}
