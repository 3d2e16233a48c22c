import type { Json, JsonObject } from '../../../src/lib/events/json.ts';

/**
 * A checker for the part of JSON Schema (draft 2020-12) that our schemas use, so that they are tested by what they mean. A keyword that it does
 * not know is an error: what is not checked must not look as if it were.
 */
export function fits(schema: JsonObject, value: Json, root: JsonObject = schema): boolean {
  return Object.entries(schema).every(([keyword, argument]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`the keyword ${keyword} is not known here`);
    return check(argument, value, schema, root);
  });
}

type Check = (argument: Json, value: Json, schema: JsonObject, root: JsonObject) => boolean;

const always: Check = () => true;

const KEYWORDS: Readonly<Record<string, Check>> = {
  $schema: always,
  $defs: always,
  id: always,
  title: always,
  description: always,
  default: always,
  examples: always,
  $ref: (ref, value, _, root) => fits(lookupRef(root, asText(ref)), value, root),
  type: (type, value) => (isList(type) ? type : [type]).some((one) => hasType(value, one)),
  const: (wanted, value) => value === wanted,
  enum: (wanted, value) => isList(wanted) && wanted.includes(value),
  pattern: (pattern, value) => typeof value !== 'string' || new RegExp(asText(pattern), 'u').test(value),
  minLength: (least, value) => typeof value !== 'string' || value.length >= Number(least),
  maxLength: (most, value) => typeof value !== 'string' || value.length <= Number(most),
  minimum: (least, value) => typeof value !== 'number' || value >= Number(least),
  maximum: (most, value) => typeof value !== 'number' || value <= Number(most),
  exclusiveMinimum: (least, value) => typeof value !== 'number' || value > Number(least),
  minItems: (least, value) => !isList(value) || value.length >= Number(least),
  maxItems: (most, value) => !isList(value) || value.length <= Number(most),
  items: (items, value, _, root) => !isList(value) || value.every((item) => fits(asSchema(items), item, root)),
  anyOf: (options, value, _, root) => matching(options, value, root) > 0,
  oneOf: (options, value, _, root) => matching(options, value, root) === 1,
  required: (names, value) =>
    !isMap(value) || (isList(names) && names.every((name) => Object.hasOwn(value, asText(name)))),
  propertyNames: (names, value, _, root) =>
    !isMap(value) || Object.keys(value).every((name) => fits(asSchema(names), name, root)),
  properties: (properties, value, _, root) =>
    !isMap(value) ||
    Object.entries(asSchema(properties)).every(
      ([name, schema]) => !Object.hasOwn(value, name) || fits(asSchema(schema), value[name] ?? null, root),
    ),
  additionalProperties: (rest, value, { properties = {} }, root) =>
    !isMap(value) ||
    Object.entries(value)
      .filter(([name]) => !Object.hasOwn(asSchema(properties), name))
      .every(([, item]) => rest !== false && fits(asSchema(rest), item, root)),
};

function matching(options: Json, value: Json, root: JsonObject): number {
  return isList(options) ? options.filter((option) => fits(asSchema(option), value, root)).length : 0;
}

function hasType(value: Json, type: Json): boolean {
  switch (type) {
    case 'object':
      return isMap(value);
    case 'array':
      return isList(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function lookupRef(root: JsonObject, ref: string): JsonObject {
  return ref
    .split('/')
    .slice(1)
    .reduce<JsonObject>((schema, name) => asSchema(schema[name] ?? {}), root);
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : '';
}

function asSchema(value: Json): JsonObject {
  return isMap(value) ? value : {};
}

export function isMap(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
