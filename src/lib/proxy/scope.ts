import { z } from 'zod';
import type { JsonObject } from '../events/json.ts';
import { durationSchema, formatDurationMs, percentSchema } from '../wire/quantities.ts';
import { describeMatch, matchSchema, requestOnlyKeys } from './scope/match.ts';

export { compileMatch, type CompiledMatch, type Match, matchSchema } from './scope/match.ts';

/** The highest number that `nth`, `first` and `every` take: a run has no more requests, and a slip of the keyboard is found. */
const MAX_ORDINAL = 1_000_000_000;

const ordinal = z.int().min(1).max(MAX_ORDINAL);

/** Whom a fault is meant for, the same for every kind: what matches, then what is in the window, then by number, then by chance. */
export const scopeShape = {
  percent: percentSchema.prefault('100%').meta({
    description: 'the share of what matches that is hurt: requests, connections, messages or datagrams, down to 0.001%',
  }),
  nth: z
    .union([ordinal, z.array(ordinal).min(1).max(1000)])
    .meta({ description: 'only these, counted from 1 in order of arrival' })
    .optional(),
  first: ordinal.meta({ description: 'only so many, the first ones' }).optional(),
  every: ordinal.meta({ description: 'only every so manieth' }).optional(),
  window: z
    .strictObject({
      from: durationSchema.meta({ description: 'since the fault began' }).prefault('0ms'),
      to: durationSchema.meta({ description: 'since the fault began' }).optional(),
    })
    .refine(({ from, to }) => to === undefined || to > from, { error: '`to` must be later than `from`', path: ['to'] })
    .meta({ description: 'only in this time after the fault began' })
    .optional(),
  match: matchSchema.optional(),
};

export type Scope = z.output<z.ZodObject<typeof scopeShape>>;

/** As an effect reports it: nothing but `percent` when nothing more was asked. */
export function describeScope({ percent, nth, first, every, window, match }: Scope): JsonObject {
  return {
    percent,
    ...(nth === undefined ? {} : { nth: [nth].flat() }),
    ...(first === undefined ? {} : { first }),
    ...(every === undefined ? {} : { every }),
    ...(window === undefined
      ? {}
      : { window: `${formatDurationMs(window.from)}–${window.to === undefined ? '' : formatDurationMs(window.to)}` }),
    ...describeMatch(match),
  };
}

/** The first key of a match that only requests have; undefined when it fits connections as well. */
export function requestOnlyMatch(match: Scope['match']): string | undefined {
  return requestOnlyKeys(match)[0];
}

/** Whether the unit with this number (1, 2, 3 …) is among those asked for by number. */
export function isNumbered({ nth, first, every }: Scope, number: number): boolean {
  if (first !== undefined && number > first) return false;
  if (every !== undefined && number % every !== 0) return false;
  return nth === undefined || (typeof nth === 'number' ? nth === number : nth.includes(number));
}

/** Whether the time since the fault began is within the window. */
export function isWithinWindow({ window }: Scope, sinceBeginMs: number): boolean {
  if (window === undefined) return true;
  return sinceBeginMs >= window.from && (window.to === undefined || sinceBeginMs < window.to);
}
