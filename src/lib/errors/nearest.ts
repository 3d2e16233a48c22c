/** Two words further apart than this share of the longer one's length are no likely slip of the keyboard. */
const FARTHEST_RATIO = 0.45;
/** Words longer than this are cut: no key, flag or command comes near it, and the work grows with the square. */
const LONGEST = 64;

/** The candidate that `word` was most likely meant to be; undefined when none is close. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestRatio = FARTHEST_RATIO;
  for (const candidate of candidates) {
    const longer = Math.min(Math.max(word.length, candidate.length), LONGEST);
    const ratio = longer === 0 ? 1 : editDistance(word.toLowerCase(), candidate.toLowerCase()) / longer;
    if (ratio < bestRatio) [best, bestRatio] = [candidate, ratio];
  }
  return best;
}

/** Single-character insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  const [a, b] = [from.slice(0, LONGEST), to.slice(0, LONGEST)];
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
        swapped ? at(beforePrevious, column - 2) + 1 : Infinity,
      );
    }
    [beforePrevious, previous] = [previous, current];
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
