import { z } from 'zod';
import { defineFilter } from '../filter.ts';
import { bodySchema, headersSchema } from './message-content.ts';

/** Chosen requests are answered with an error by the proxy; the service never sees them. */
export const errorFilter = defineFilter({
  kind: 'error',
  summary: 'chosen requests are answered with an HTTP error instead of reaching the service',
  layers: ['request'],
  shape: {
    status: z.int().min(400).max(599).default(503).meta({ description: 'the status of the answer, 400 to 599' }),
    body: bodySchema.default('').meta({ description: 'the body of the answer' }),
    headers: headersSchema.default({}).meta({ description: 'headers of the answer' }),
  },
  requested: ({ status }) => ({ status }),
  create({ status, body, headers }) {
    const answer = { do: 'respond', status, headers: withContentType(headers, body), body: Buffer.from(body) } as const;
    return { request: { onRequest: () => answer } };
  },
});

/** A body is plain text unless something else is said. */
function withContentType(headers: Readonly<Record<string, string>>, body: string): (readonly [string, string])[] {
  const given = Object.entries(headers);
  const named = given.some(([name]) => name.toLowerCase() === 'content-type');
  return body === '' || named ? given : [...given, ['content-type', 'text/plain; charset=utf-8']];
}
