/**
 * A constant arrival rate: arrival i is due i/rate seconds after the start, whatever became of the ones before it (an open loop).
 *
 *   200/s     0     1     2     3     4        index
 *             ├─────┼─────┼─────┼─────┼──▶
 *             0     5    10    15    20        ms
 */

/** When an arrival is due, in ms from the start. */
export function scheduledMs(index: number, ratePerSecond: number): number {
  return (index * 1000) / ratePerSecond;
}

/** How many arrivals are due at this moment: those scheduled at or before it. */
export function dueCount(elapsedMs: number, ratePerSecond: number): number {
  if (elapsedMs < 0) return 0;
  let count = Math.floor((elapsedMs * ratePerSecond) / 1000) + 1;
  // The division may round to the other side of a moment that an arrival is scheduled for.
  while (count > 0 && scheduledMs(count - 1, ratePerSecond) > elapsedMs) count--;
  while (scheduledMs(count, ratePerSecond) <= elapsedMs) count++;
  return count;
}

/** How many arrivals are scheduled before this moment: 600 at 200/s in 3,000 ms, the one at 3,000 ms not among them. */
export function countBefore(elapsedMs: number, ratePerSecond: number): number {
  const due = dueCount(elapsedMs, ratePerSecond);
  return due > 0 && scheduledMs(due - 1, ratePerSecond) === elapsedMs ? due - 1 : due;
}
