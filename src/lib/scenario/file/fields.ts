import { z } from 'zod';
import { durationSchema } from '../../wire/quantities.ts';

/** One week: timers take 24.8 days at most, and no experiment is longer. */
export const MAX_DURATION_MS = 7 * 24 * 3_600_000;

/** A duration that may be zero; comes out in milliseconds. */
export function duration(description: string) {
  return durationSchema
    .refine((ms) => ms <= MAX_DURATION_MS, { error: 'expected a duration of at most 168h' })
    .meta({ description });
}

/** A duration above zero; comes out in milliseconds. */
export function someDuration(description: string) {
  return duration(description).refine((ms) => ms > 0, { error: 'expected a duration above zero, such as 300ms' });
}

/** A text that fits a pattern; `expected` says which, in words. */
export function textLike(pattern: RegExp, expected: string, description?: string) {
  const error = `expected ${expected}`;
  const text = z.string({ error }).regex(pattern, { error });
  return description === undefined ? text : text.meta({ description });
}

/** A text that may be written as a number, true or false; it comes out as YAML read it, the text itself is in the source. */
export function looseText(description: string) {
  return z.union([z.string(), z.number(), z.boolean()], { error: 'expected a text' }).meta({ description });
}

/** A text that can be handed to the operating system: no NUL in it. */
export function systemText(description?: string) {
  return textLike(/^[^\0]*$/, 'a text without a NUL character', description);
}

export const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
export const FAULT_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
/** Probe names stand in thresholds, before an operator. */
export const PROBE_NAME = /^[^\s<>="'](?:[^<>="'\n\r\t\0]{0,98}[^\s<>="'])?$/;

export const NAME_WORDS = 'a name of letters, digits, "-" and "_", at most 63 long';
