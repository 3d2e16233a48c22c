import { z } from 'zod';
import { durationSchema, percentSchema } from '../../wire/quantities.ts';
import { defineFilter, type FilterAction } from '../filter.ts';
import { isChosen } from './chosen.ts';
import { DISTRIBUTIONS, drawDelayMs, MAX_DELAY_MS } from './distribution.ts';
import { compileMatch, describeMatch, matchMisfit, matchSchema } from './match.ts';

const delaySchema = durationSchema.refine((ms) => ms <= MAX_DELAY_MS, 'expected at most 10m');

const params = z.strictObject({
  delay: delaySchema.prefault('0ms'),
  jitter: delaySchema.prefault('0ms'),
  distribution: z.enum(DISTRIBUTIONS).default('uniform').meta({ description: 'how the jitter is spread' }),
  percent: percentSchema.prefault('100%'),
  match: matchSchema.optional(),
  stream: z
    .enum(['upstream', 'downstream'])
    .meta({ description: 'raw TCP only: which direction is late; downstream (from the service) unless given' })
    .optional(),
});

/** HTTP: a chosen request waits before its head is passed on. Raw TCP: every chunk of a chosen connection, in one direction, comes late. */
export const latencyFilter = defineFilter({
  kind: 'latency',
  summary: 'answers come late: a delay with jitter before each chosen request, or on each chunk of a connection',
  protocols: ['http', 'tcp'],
  params,
  misfit({ match, stream }, protocol) {
    if (protocol === 'http' && stream !== undefined) return '`stream` is for raw TCP: a request is delayed as a whole';
    return matchMisfit(match, protocol);
  },
  requested: ({ delay, jitter, distribution, percent, match, stream }) => ({
    delayMs: delay,
    jitterMs: jitter,
    distribution,
    percent,
    ...describeMatch(match),
    ...(stream === undefined ? {} : { stream }),
  }),
  create({ delay, jitter, distribution, percent, match, stream = 'downstream' }) {
    const spec = { delayMs: delay, jitterMs: jitter, distribution };
    const matches = compileMatch(match);
    return {
      ...(matches === undefined ? {} : { matches }),
      onRequest: (_request, dice): FilterAction | undefined =>
        isChosen(percent, dice) ? { do: 'delay', delayMs: drawDelayMs(spec, dice) } : undefined,
      onConnection: (dice) => (isChosen(percent, dice) ? { do: 'watch' } : undefined),
      onChunk: (chunk, dice) =>
        chunk.direction === stream ? { do: 'delay', delayMs: drawDelayMs(spec, dice) } : undefined,
    };
  },
});
