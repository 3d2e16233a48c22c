import { z } from 'zod';
import type { JsonObject } from '../../events/json.ts';
import { defineFilter, type MessageEdit, type RequestAction } from '../filter.ts';
import { givenOf, mapParts, refineParts } from './edit-parts.ts';
import { bodySchema, headersSchema, lowerNames, querySchema } from './message-content.ts';

/** An answer to HEAD has no body, and CONNECT begins a tunnel: neither can stand for another method. */
const methodSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,31}$/, 'expected an HTTP method such as POST')
  .refine(
    (method) => !['HEAD', 'CONNECT'].includes(method.toUpperCase()),
    'expected a method other than HEAD and CONNECT',
  );

/** Visible ASCII without `?` and `#`, which would begin something else. */
const pathSchema = z
  .string()
  .max(4096)
  .regex(/^\/[!"$->@-~]*$/, 'expected a path such as /api/users, percent-encoded and without a query');

/** Answers with these have no body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
const BODILESS = new Set([204, 205, 304]);

const shape = {
  request: z
    .strictObject({
      method: methodSchema.meta({ description: 'the method that the service sees' }).optional(),
      path: pathSchema.meta({ description: 'the path that the service sees; the query stays' }).optional(),
      query: querySchema.meta({ description: 'the whole query, name to value' }).optional(),
      headers: headersSchema.meta({ description: 'headers that are set, name to value' }).optional(),
      body: bodySchema.meta({ description: 'the body that the service gets' }).optional(),
    })
    .meta({ description: 'what of the request is replaced' })
    .optional(),
  response: z
    .strictObject({
      status: z.int().min(200).max(599).meta({ description: 'the status, 200 to 599' }).optional(),
      headers: headersSchema.meta({ description: 'headers that are set, name to value' }).optional(),
      body: bodySchema.meta({ description: 'the body that the client gets' }).optional(),
    })
    .meta({ description: 'what of the answer is replaced' })
    .optional(),
};

type ReplaceParams = z.output<z.ZodObject<typeof shape>>;
type RequestReplacement = NonNullable<ReplaceParams['request']>;
type ResponseReplacement = NonNullable<ReplaceParams['response']>;

/** Parts of a request or of its answer are replaced on the way. */
export const replaceFilter = defineFilter({
  kind: 'replace',
  summary: 'parts of chosen requests or of their answers are replaced: method, path, query, status, headers, body',
  layers: ['request'],
  shape,
  refine: (params) => refineParts(params) ?? refineStatus(params.response),
  requested: (params) => mapParts(params, describe, describe),
  create(params) {
    const action: RequestAction = { do: 'edit', ...mapParts(params, requestEdit, responseEdit) };
    return { request: { onRequest: () => action } };
  },
});

function refineStatus({ status, body }: ResponseReplacement = {}) {
  if (status === undefined || !BODILESS.has(status) || body === '') return undefined;
  return { path: ['response', 'status'], message: `an answer with ${status} has no body: give \`body: ''\` with it` };
}

/** The body can be long: only its length is reported. */
function describe({ body, ...rest }: RequestReplacement | ResponseReplacement): JsonObject {
  return { ...givenOf(rest), ...(body === undefined ? {} : { bodyBytes: Buffer.byteLength(body) }) };
}

function requestEdit({ method, path, query, headers, body }: RequestReplacement): MessageEdit {
  return {
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(path === undefined ? {} : { path }),
    ...(query === undefined ? {} : { query, queryIsWhole: true }),
    ...contentEdit(headers, body),
  };
}

function responseEdit({ status, headers, body }: ResponseReplacement): MessageEdit {
  return { ...(status === undefined ? {} : { status }), ...contentEdit(headers, body) };
}

/** The new body is not compressed, whatever the old one was. */
function contentEdit(headers: Readonly<Record<string, string>> = {}, body: string | undefined): MessageEdit {
  const changes = { ...(body === undefined ? {} : { 'content-encoding': null }), ...lowerNames(headers) };
  return {
    ...(Object.keys(changes).length === 0 ? {} : { headers: changes }),
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  };
}
