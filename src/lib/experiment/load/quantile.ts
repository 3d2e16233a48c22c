/** The nearest-rank quantile of sorted values: the smallest that at least this share of them does not exceed. 0 when there are none. */
export function quantile(sorted: Float64Array, share: number): number {
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? 0;
}
