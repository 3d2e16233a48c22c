import type { Theme, Tone } from '../theme.ts';
import { cutToWidth, displayWidth } from './width.ts';

/** A piece of a line: text without escape sequences, and its tone. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone };
}

export function spansWidth(spans: readonly Span[]): number {
  return spans.reduce((sum, { text }) => sum + displayWidth(text), 0);
}

/** The spans side by side, cut at `width` cells, painted; without blanks at the end. */
export function formatLine(spans: readonly Span[], width: number, { paint, glyphs }: Theme): string {
  const kept = spansWidth(spans) <= width ? [...spans] : cutSpans(spans, width, glyphs.ellipsis);
  while (kept.length > 0 && kept.at(-1)?.text.trimEnd() === '') kept.pop();
  return kept.map(({ text, tone }, at) => paint(tone, at === kept.length - 1 ? text.trimEnd() : text)).join('');
}

/** Spans that are wider than `width`, up to there; the last ends with the ellipsis. */
function cutSpans(spans: readonly Span[], width: number, ellipsis: string): Span[] {
  if (width <= 0) return [];
  let room = width - displayWidth(ellipsis);
  const kept: Span[] = [];
  for (const { text, tone } of spans) {
    const cut = cutToWidth(text, room, '');
    room -= displayWidth(cut);
    if (cut === text) kept.push({ text, tone });
    else return [...kept, { text: cut + ellipsis, tone }];
  }
  return kept;
}

/** Left and right of a line of `width` cells with blanks between; the right part is left out where there is no room for it whole. */
export function spread(left: readonly Span[], right: readonly Span[], width: number): readonly Span[] {
  const gap = width - spansWidth(left) - spansWidth(right);
  return gap < GAP ? left : [...left, span(' '.repeat(gap)), ...right];
}

/** A fact in a line of several; where there is no room for all, those of the least worth go first. */
export interface Fact {
  readonly spans: readonly Span[];
  readonly worth: number;
}

/** Facts side by side with two blanks between, as many as fit whole; the worthiest always stays, cut if it must be. */
export function joinFacts(facts: readonly Fact[], width: number): readonly Span[] {
  const kept = [...facts];
  const needs = (): number => kept.reduce((sum, { spans }) => sum + spansWidth(spans) + GAP, -GAP);
  while (kept.length > 1 && needs() > width) {
    const least = Math.min(...kept.map(({ worth }) => worth));
    kept.splice(
      kept.findLastIndex(({ worth }) => worth === least),
      1,
    );
  }
  return kept.flatMap(({ spans }, at) => (at === 0 ? spans : [span(' '.repeat(GAP)), ...spans]));
}

/** The blanks between two facts. */
const GAP = 2;
