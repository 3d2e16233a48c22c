import { z } from 'zod';
import type { Json, JsonObject } from '../../events/json.ts';
import { MAX_PATCH_DEPTH, mergePatch } from '../../wire/json-merge-patch.ts';
import { defineFilter, type MessageEdit, type RequestAction } from '../filter.ts';
import { givenOf, mapParts, refineParts } from './edit-parts.ts';
import { patchJsonBody } from './json-body.ts';
import { headerChangesSchema, lowerNames, queryChangesSchema } from './message-content.ts';

const headers = headerChangesSchema.meta({ description: 'headers that are set; null takes one away' }).optional();
const body = z
  .json()
  .refine(isShallow, `expected a patch at most ${MAX_PATCH_DEPTH} deep`)
  .meta({ description: 'a JSON merge patch (RFC 7396) for the body; others than JSON pass as they are' })
  .optional();

const shape = {
  request: z
    .strictObject({
      headers,
      query: queryChangesSchema
        .meta({ description: 'names in the query that are set; null takes one away' })
        .optional(),
      body,
    })
    .meta({ description: 'what of the request is changed' })
    .optional(),
  response: z.strictObject({ headers, body }).meta({ description: 'what of the answer is changed' }).optional(),
};

type PatchParams = z.output<z.ZodObject<typeof shape>>;
type Part = NonNullable<PatchParams['request']>;

/** Parts of a request or of its answer are changed on the way; what is not named stays. */
export const patchFilter = defineFilter({
  kind: 'patch',
  summary: 'headers, query or JSON bodies of chosen requests or of their answers are changed in places',
  layers: ['request'],
  shape,
  refine: refineParts,
  requested: (params) => mapParts<Part, Part, JsonObject>(params, givenOf, givenOf),
  create(params) {
    const action: RequestAction = { do: 'edit', ...mapParts(params, edit, edit) };
    return { request: { onRequest: () => action } };
  },
});

function isShallow(patch: Json): boolean {
  try {
    mergePatch(null, patch);
    return true;
  } catch {
    return false;
  }
}

function edit({ headers: changes, query, body: merge }: Part): MessageEdit {
  return {
    ...(changes === undefined ? {} : { headers: lowerNames(changes) }),
    ...(query === undefined ? {} : { query }),
    ...(merge === undefined ? {} : { body: (bytes: Buffer) => patchJsonBody(bytes, merge) }),
  };
}
