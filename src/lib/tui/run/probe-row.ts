import type { PlanDocument } from '../../events/plan-document.ts';
import type { ProbeProgress, Progress } from '../../experiment/progress.ts';
import { joinFacts, span, spansWidth, type Span } from '../text/line.ts';
import { padToWidth } from '../text/width.ts';
import type { Theme, Tone } from '../theme.ts';

/** A probe as a view shows it. */
export interface ProbeRow {
  readonly name: string;
  /** Undefined until its first result. */
  readonly result: ProbeProgress | undefined;
}

/** The planned probes in their order, then any other that has reported. */
export function createProbeRows(plan: PlanDocument, { probes }: Progress): readonly ProbeRow[] {
  const names = new Set([...plan.probes.map(({ name }) => name), ...probes.keys()]);
  return [...names].map((name) => ({ name, result: probes.get(name) }));
}

/** `✓ holds  home answers   ·····✗✗··  200 in 12ms`: state, name, the last results with the newest at the right, the newest value. */
export function formatProbe(row: ProbeRow, labelCells: number, width: number, theme: Theme): readonly Span[] {
  const { result } = row;
  const label = padToWidth(theme.clean(row.name), labelCells, theme.glyphs.ellipsis);
  const head = [formatState(result, theme), span(`  ${label}  `)];
  if (!result) return head;
  const room = width - spansWidth(head);
  const historyCells = Math.min(HISTORY_CELLS, Math.floor(room / 3));
  const history = formatHistory(result.history, historyCells, theme);
  const said = joinFacts(
    [
      { worth: 2, spans: [span(theme.clean(result.reason ?? result.value), result.ok ? 'plain' : toneOf(result))] },
      ...(result.counts ? [] : [{ worth: 1, spans: [span('(watched only)', 'dim')] }]),
    ],
    room - historyCells - 2,
  );
  return [...head, ...history, span('  '), ...said];
}

/** Results shown at most. */
const HISTORY_CELLS = 30;

function formatState(result: ProbeProgress | undefined, { glyphs }: Theme): Span {
  const [mark, word]: readonly [string, string] = !result
    ? [glyphs.idle, 'waits']
    : result.ok
      ? [glyphs.ok, 'holds']
      : [result.counts ? glyphs.bad : glyphs.warn, 'fails'];
  return span(`${mark.padEnd(glyphs.markCells)} ${word}`, toneOf(result));
}

function toneOf(result: ProbeProgress | undefined): Tone {
  if (!result) return 'dim';
  if (result.ok) return 'good';
  return result.counts ? 'bad' : 'warn';
}

/** Exactly `cells` cells. */
function formatHistory(history: readonly boolean[], cells: number, { glyphs }: Theme): readonly Span[] {
  const ticks = history
    .slice(Math.max(0, history.length - cells))
    .map((ok) => span(ok ? glyphs.tickOk : glyphs.tickBad, ok ? 'dim' : 'bad'));
  return [span(' '.repeat(cells - ticks.length)), ...ticks];
}
