/**
 * Lines of a table, columns apart by two blanks and no wider than their widest cell. `align` has one letter a column: `l` or `r`.
 * Cells are plain text of single-width characters.
 */
export function formatTable(rows: readonly (readonly string[])[], align: string): string[] {
  const widths = Array.from({ length: align.length }, (_, column) =>
    Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return align[column] === 'r' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
