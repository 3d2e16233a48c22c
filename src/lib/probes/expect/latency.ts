import { durationSchema, formatDurationMs } from '../../wire/quantities.ts';

/** The longest that a measurement may take to be within tolerance, such as `500ms`. */
export const latencySchema = durationSchema.optional();

/** What is wrong with the time taken, or undefined. */
export function latencyFault(tookMs: number, maxMs: number | undefined): string | undefined {
  if (maxMs === undefined || tookMs <= maxMs) return undefined;
  return `took ${formatDurationMs(tookMs)}, more than ${formatDurationMs(maxMs)}`;
}
