import { AppError } from '../../errors/app-error.ts';
import type { Mistake } from './mistake.ts';
import { count } from './words.ts';

/** More mistakes than these are only counted. */
const MAX_SHOWN_MISTAKES = 100;

interface Positions {
  positionOf(offset: number): { readonly line: number; readonly column: number };
}

/** Throws one AppError `usage` with every mistake, in the order of the file, and then `others`; does nothing when there are none. */
export function refuse(
  file: string,
  positions: Positions,
  mistakes: readonly Mistake[],
  others: readonly string[] = [],
  hint?: string,
): void {
  const lines = mistakes
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, text }) => {
      const { line, column } = positions.positionOf(offset);
      return `${file}:${line}:${column}  ${text}`;
    });
  const details = [...new Set([...lines, ...others])];
  if (details.length === 0) return;
  const more = details.length - MAX_SHOWN_MISTAKES;
  const shown = more > 0 ? [...details.slice(0, MAX_SHOWN_MISTAKES), `and ${more} more`] : details;
  throw new AppError('usage', `${file}: ${count(details.length, 'mistake')}`, { details: shown, hint });
}
