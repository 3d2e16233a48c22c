import { span, type Span } from '../text/line.ts';
import { displayWidth, padToWidth } from '../text/width.ts';
import type { Theme } from '../theme.ts';

/**
 * How the rows that share the time axis are laid out; in cells.
 *
 *     beside   label  ░░░▓▓▓▓▓▓▓┃░░░░░  facts
 *     below    label  ░░░░░░▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓┃░░░░░
 *                     facts
 */
export interface Lanes {
  readonly label: number;
  readonly bar: number;
  readonly facts: number;
  readonly below: boolean;
}

export function createLanes(width: number, below: boolean, labels: readonly string[]): Lanes {
  const longest = Math.max(MIN_LABEL_CELLS, ...labels.map(displayWidth));
  const label = Math.min(longest, Math.floor(width * LABEL_SHARE));
  const rest = Math.max(2, width - label - GAP.length);
  if (below) return { label, bar: rest, facts: rest, below };
  const bar = Math.max(
    Math.floor(rest * LEAST_BAR_SHARE),
    Math.min(rest - GAP.length - FACTS_CELLS, Math.floor(rest * MOST_BAR_SHARE), MAX_BESIDE_BAR_CELLS),
  );
  return { label, bar, facts: Math.max(1, rest - bar - GAP.length), below };
}

/** One row, or two where the facts stand below the bar. */
export function formatLane(
  label: Span,
  bar: readonly Span[],
  facts: readonly Span[],
  lanes: Lanes,
  { glyphs }: Theme,
): readonly (readonly Span[])[] {
  const head = [span(padToWidth(label.text, lanes.label, glyphs.ellipsis), label.tone), span(GAP), ...bar];
  if (facts.length === 0) return [head];
  return lanes.below ? [head, [span(' '.repeat(lanes.label) + GAP), ...facts]] : [[...head, span(GAP), ...facts]];
}

const GAP = '  ';
const MIN_LABEL_CELLS = 6;
/** Longer names than this share of the line are cut. */
const LABEL_SHARE = 0.22;
/** What state, touched, delivered and asked take together. */
const FACTS_CELLS = 60;
/** The bar's share of what the label leaves, where the facts stand beside it. */
const LEAST_BAR_SHARE = 0.3;
const MOST_BAR_SHARE = 0.42;
/** More cells would tell no more. */
const MAX_BESIDE_BAR_CELLS = 80;
