import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { messageOf } from '../../errors/app-error.ts';
import type { Json } from '../../events/json.ts';
import { parseJsonPath, selectJson } from './jsonpath.ts';

const jsonPathSchema = z
  .string()
  .meta({ description: 'a JSONPath such as $.items[0].price' })
  .transform((text, context) => {
    try {
      return { text, path: parseJsonPath(text) };
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
      return z.NEVER;
    }
  });

/** What a value inside a JSON document must be. With a wildcard, every value found must be so, and there must be one. */
export const jsonExpectationSchema = z
  .strictObject({
    path: jsonPathSchema,
    equals: z.json().optional().describe('What the value must be; the order of keys does not matter.'),
    exists: z.boolean().optional().describe('False: there must be no such value.'),
    min: z.number().optional().describe('The least that the number may be.'),
    max: z.number().optional().describe('The most that the number may be.'),
  })
  .refine(
    ({ exists, equals, min, max }) =>
      exists !== false || (equals === undefined && min === undefined && max === undefined),
    { error: 'exists: false cannot stand beside equals, min or max' },
  );

export type JsonExpectation = z.output<typeof jsonExpectationSchema>;

/** What is wrong with a document, or undefined. `name` is what the document is, for messages. */
export function jsonFault(name: string, text: string, expected: JsonExpectation): string | undefined {
  let root: Json;
  try {
    root = JSON.parse(text) as Json;
  } catch {
    return text.trim() === '' ? `${name} is empty, not JSON` : `${name} is not JSON: ${brief(text)}`;
  }
  const { path } = expected;
  const values = selectJson(path.path, root);
  const [first] = values;
  if (expected.exists === false) return first === undefined ? undefined : `${path.text} is there: ${brief(first)}`;
  if (first === undefined) return `${path.text} is missing`;
  return values.map((value) => valueFault(path.text, value, expected)).find((fault) => fault !== undefined);
}

function valueFault(place: string, value: Json, { equals, min, max }: JsonExpectation): string | undefined {
  if (equals !== undefined && !isDeepStrictEqual(value, equals))
    return `${place} is ${brief(value)}, not ${brief(equals)}`;
  if (min === undefined && max === undefined) return undefined;
  if (typeof value !== 'number') return `${place} is ${brief(value)}, not a number`;
  return rangeFault(place, value, { min, max });
}

/** What is wrong with a number, or undefined. */
export function rangeFault(
  place: string,
  value: number,
  range: { readonly min?: number | undefined; readonly max?: number | undefined },
  format: (value: number) => string = String,
): string | undefined {
  const { min, max } = range;
  if (min !== undefined && value < min) return `${place} is ${format(value)}, less than ${format(min)}`;
  if (max !== undefined && value > max) return `${place} is ${format(value)}, more than ${format(max)}`;
  return undefined;
}

/** Characters of a value that a message shows. */
const LIMIT_BRIEF_CHARS = 60;

/** A value for a message, cut when long. */
export function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > LIMIT_BRIEF_CHARS ? `${text.slice(0, LIMIT_BRIEF_CHARS)}…` : text;
}
