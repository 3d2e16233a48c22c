/** A value a cell, as bars between zero and `top`; cells without a value stay blank. */
export function formatSparkline(
  values: readonly (number | undefined)[],
  top: number,
  levels: readonly string[],
): string {
  return values
    .map((value) => {
      if (value === undefined) return ' ';
      const level = top > 0 ? Math.ceil((value / top) * levels.length) - 1 : 0;
      return levels[Math.min(levels.length - 1, Math.max(0, level))] ?? ' ';
    })
    .join('');
}
