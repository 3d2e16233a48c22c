import type { Tone } from '../theme.ts';
import type { Span } from './line.ts';

/** A strip of single cells that is painted over, such as a time axis; every character is one cell wide. */
export interface Cells {
  /** Puts `text` at `column`; what lies outside the strip is dropped. */
  put(column: number, text: string, tone: Tone): void;
  /** Fills from `from` up to and without `to`. */
  fill(from: number, to: number, character: string, tone: Tone): void;
  spans(): readonly Span[];
}

export function createCells(width: number): Cells {
  const cells: Span[] = Array.from({ length: width }, () => ({ text: ' ', tone: 'plain' }));
  const set = (column: number, text: string, tone: Tone): void => {
    if (column >= 0 && column < width) cells[column] = { text, tone };
  };
  return {
    put(column, text, tone) {
      let at = column;
      for (const character of text) set(at++, character, tone);
    },
    fill(from, to, character, tone) {
      for (let column = Math.max(0, from); column < Math.min(width, to); column++) set(column, character, tone);
    },
    spans: () => merge(cells),
  };
}

/** Neighbours of the same tone become one span. */
function merge(cells: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const cell of cells) {
    const last = merged.at(-1);
    if (last?.tone === cell.tone) merged[merged.length - 1] = { text: last.text + cell.text, tone: cell.tone };
    else merged.push(cell);
  }
  return merged;
}
