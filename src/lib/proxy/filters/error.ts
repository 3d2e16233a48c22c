import { z } from 'zod';
import { percentSchema } from '../../wire/quantities.ts';
import { defineFilter } from '../filter.ts';
import { isChosen } from './chosen.ts';
import { headerNameSchema, headerValueSchema } from './headers.ts';
import { compileMatch, describeMatch, matchSchema } from './match.ts';

/** An error page is small; a larger one would sit in memory for the whole run. */
const MAX_BODY_CHARACTERS = 1_048_576;
const MAX_HEADERS = 64;

/** Headers that say where the answer ends: the proxy writes them itself, from the body. */
const FRAMING_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'trailer', 'upgrade']);

const headersSchema = z
  .record(headerNameSchema, headerValueSchema)
  .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, `expected at most ${MAX_HEADERS} headers`)
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers)) {
      if (!FRAMING_HEADERS.has(name.toLowerCase())) continue;
      context.addIssue({ code: 'custom', path: [name], message: `the proxy sets ${name} itself` });
    }
  });

const params = z.strictObject({
  status: z.int().min(400).max(599).default(503).meta({ description: 'the status of the answer, 400 to 599' }),
  body: z.string().max(MAX_BODY_CHARACTERS).default('').meta({ description: 'the body of the answer' }),
  headers: headersSchema.default({}).meta({ description: 'headers of the answer' }),
  percent: percentSchema.prefault('100%'),
  match: matchSchema.optional(),
});

/** Chosen requests are answered with an error by the proxy; the service never sees them. */
export const errorFilter = defineFilter({
  kind: 'error',
  summary: 'chosen requests are answered with an HTTP error instead of reaching the service',
  protocols: ['http'],
  params,
  requested: ({ status, percent, match }) => ({ status, percent, ...describeMatch(match) }),
  create({ status, body, headers, percent, match }) {
    const matches = compileMatch(match);
    const answer = { do: 'respond', status, headers: withContentType(headers, body), body: Buffer.from(body) } as const;
    return {
      ...(matches === undefined ? {} : { matches }),
      onRequest: (_request, dice) => (isChosen(percent, dice) ? answer : undefined),
    };
  },
});

/** A body is plain text unless something else is said. */
function withContentType(headers: Readonly<Record<string, string>>, body: string): (readonly [string, string])[] {
  const given = Object.entries(headers);
  const named = given.some(([name]) => name.toLowerCase() === 'content-type');
  return body === '' || named ? given : [...given, ['content-type', 'text/plain; charset=utf-8']];
}
