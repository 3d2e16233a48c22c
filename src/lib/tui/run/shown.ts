/** Which rows of a list are shown, in their own order, and which are left for a `+38 more`. */
export interface Shown<Row> {
  readonly rows: readonly Row[];
  readonly rest: readonly Row[];
}

/**
 * At most `lines` lines of a list: all rows where they fit, else the most urgent ones and one line for the rest. `urgency` is higher for
 * what a person must see; equals keep the order of the list.
 */
export function chooseShown<Row>(rows: readonly Row[], lines: number, urgency: (row: Row) => number): Shown<Row> {
  if (rows.length <= lines) return { rows, rest: [] };
  const count = Math.max(0, lines - 1);
  const order = rows
    .map((row, at) => ({ at, urgency: urgency(row) }))
    .sort((a, b) => b.urgency - a.urgency || a.at - b.at);
  const chosen = new Set(order.slice(0, count).map(({ at }) => at));
  return { rows: rows.filter((_, at) => chosen.has(at)), rest: rows.filter((_, at) => !chosen.has(at)) };
}

/** Divides `lines` between two lists: each gets what it wants where that leaves the other its half. */
export function shareLines(lines: number, first: number, second: number): readonly [number, number] {
  if (first + second <= lines) return [first, second];
  const half = Math.floor(lines / 2);
  if (first <= half) return [first, lines - first];
  if (second <= lines - half) return [lines - second, second];
  return [half, lines - half];
}

/** `3 in force, 30 waiting`: how many there are of each word, the most frequent first. */
export function countWords(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ');
}
