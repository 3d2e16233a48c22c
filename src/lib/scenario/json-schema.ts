import { z } from 'zod';
import type { Json, JsonObject } from '../events/json.ts';
import { isList, isMap } from './checks/raw.ts';
import { proxyFileSchema } from './proxy-schema.ts';
import { scenarioSchema, type ScenarioKinds } from './schema.ts';

/** A text with a variable in it. */
const VARIABLE = '\\$\\{';
/** Keywords whose value is a schema, a list of schemas, or a mapping of names to schemas. */
const NESTED = new Set(['items', 'additionalProperties', 'not']);
const LISTED = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);
const NAMED = new Set(['properties', '$defs']);

/**
 * The JSON Schema (draft 2020-12) of a scenario file as it is written, made from the same schema that checks it. Editors complete and check
 * with it; wherever a value stands, a variable can stand as well.
 */
export function scenarioJsonSchema(kinds: ScenarioKinds): JsonObject {
  return describe(scenarioSchema(kinds, 'describe'), {
    title: 'faultline scenario',
    description:
      'A chaos experiment: services, a steady state, faults to inject, and thresholds that decide the verdict.',
  });
}

/** The same of a proxy's own file. */
export function proxyJsonSchema(kinds: ScenarioKinds): JsonObject {
  return describe(proxyFileSchema(kinds, 'describe'), {
    title: 'faultline proxy',
    description: 'A proxy: the services that it fronts, and the faults that are in force on them.',
  });
}

function describe(schema: z.ZodType, words: { readonly title: string; readonly description: string }): JsonObject {
  const made = toJsonObject(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  const { $schema = '', properties = {}, ...rest } = allowVariables(made);
  // Declarations are taken as they are written: there is nothing to fill in yet.
  const { variables = {} } = isMap(made.properties) ? made.properties : {};
  return { $schema, ...words, ...rest, properties: { ...(isMap(properties) ? properties : {}), variables } };
}

/** Keys and the names of kinds stay what they are: variables are filled in only where a value is. */
function allowVariables(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema)
    .filter(([, value]) => value !== Number.MIN_SAFE_INTEGER && value !== Number.MAX_SAFE_INTEGER)
    .map(([keyword, value]): [string, Json] => [keyword, withinKeyword(keyword, value)]);
  const plain = Object.fromEntries(entries);
  const { type, pattern, enum: values, ...rest } = plain;
  if ('const' in plain) return plain;
  if (isList(values)) {
    const listed = type === undefined ? { enum: values } : { type, enum: values };
    return { ...rest, anyOf: [listed, { type: 'string', pattern: VARIABLE }] };
  }
  if (typeof pattern === 'string') return { ...plain, pattern: `(?:${pattern})|${VARIABLE}` };
  const types = (isList(type) ? type : [type]).filter(isText);
  const takesText =
    types.length === 0 || types.includes('string') || types.includes('object') || types.includes('array');
  return takesText ? plain : { ...plain, type: [...types, 'string'], pattern: VARIABLE };
}

function withinKeyword(keyword: string, value: Json): Json {
  if (NESTED.has(keyword) && isMap(value)) return allowVariables(value);
  if (LISTED.has(keyword) && isList(value)) return value.map((item) => (isMap(item) ? allowVariables(item) : item));
  if (!NAMED.has(keyword) || !isMap(value)) return value;
  const entries = Object.entries(value).map(([name, item]): [string, Json] => [
    name,
    isMap(item) ? allowVariables(item) : item,
  ]);
  return Object.fromEntries(entries);
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string';
}

function toJsonObject(value: unknown): JsonObject {
  const json: unknown = JSON.parse(JSON.stringify(value));
  return isMap(json) ? json : {};
}
