import { z } from 'zod';
import type { JsonObject } from '../../events/json.ts';
import { durationSchema } from '../../wire/quantities.ts';
import { DISTRIBUTIONS, MAX_DELAY_MS, type DelaySpec } from './distribution.ts';
import { loadSamples } from './sample-file.ts';

/** A time that a fault may take; comes out in ms. */
export const delaySchema = durationSchema.refine((ms) => ms <= MAX_DELAY_MS, 'expected at most 10m');

/** How late something is, the same for every kind that delays. */
export const delayShape = {
  delay: delaySchema.meta({ description: 'how late; at most 10m' }).prefault('0ms'),
  jitter: delaySchema.meta({ description: 'how far delays lie from each other; at most 10m' }).prefault('0ms'),
  distribution: z.enum(DISTRIBUTIONS).default('uniform').meta({
    description:
      'how delays are spread: uniform is delay ± jitter, normal has jitter as its standard deviation, pareto is a heavy tail above delay, empirical follows samples',
  }),
  samples: z
    .string()
    .min(1)
    .max(4096)
    .meta({
      description:
        'for empirical: a file of measured delays, one number of ms or one duration on each line, or a JSON array of them',
    })
    .optional(),
};

/** The names of parameters in `delayShape` that are paths. */
export const DELAY_FILE_PARAMS = ['samples'] as const;

export type DelayParams = z.output<z.ZodObject<typeof delayShape>>;

/** What is wrong with delay parameters that are right each for itself. */
export function refineDelays(
  params: DelayParams,
): { readonly path: readonly string[]; readonly message: string } | undefined {
  const { delay, jitter, distribution, samples } = params;
  if (distribution !== 'empirical') {
    return samples === undefined
      ? undefined
      : { path: ['samples'], message: 'samples are for `distribution: empirical`' };
  }
  if (samples === undefined)
    return { path: ['samples'], message: 'an empirical distribution needs the file of its samples' };
  const written = delay > 0 ? 'delay' : 'jitter';
  if (delay === 0 && jitter === 0) return undefined;
  return { path: [written], message: `the samples are the delays: leave \`${written}\` out` };
}

/** As an effect reports them. */
export function describeDelays({ delay, jitter, distribution, samples }: DelayParams): JsonObject {
  if (samples !== undefined) return { distribution, samples };
  return { delayMs: delay, jitterMs: jitter, distribution };
}

/** Reads the samples, if there are any. Throws AppError when they cannot be used. */
export function createDelays({ delay, jitter, distribution, samples = '' }: DelayParams): DelaySpec {
  if (distribution === 'empirical') return { distribution, sortedMs: loadSamples(samples) };
  return { distribution, delayMs: delay, jitterMs: jitter };
}
