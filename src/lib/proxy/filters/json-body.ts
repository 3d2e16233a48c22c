import type { Json } from '../../events/json.ts';
import { mergePatch } from '../../wire/json-merge-patch.ts';

declare global {
  interface JSON {
    /** A value that is written as that text (ECMA-262, JSON.rawJSON). */
    rawJSON(text: string): { readonly rawJSON: string };
    isRawJSON(value: unknown): boolean;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/** Numbers that a double might not hold: with an exponent, or of sixteen characters and more. */
const LARGE_NUMBER = /\d[eE]|\d[\d.]{15}/;

/**
 * The body with a JSON merge patch applied (RFC 7396); undefined when it is no JSON in UTF-8. What the patch does not name keeps its value:
 * numbers that do not fit a double, as ids are, are written as they came.
 */
export function patchJsonBody(body: Buffer, patch: Json): Buffer | undefined {
  try {
    const target = parseExactly(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return Buffer.from(JSON.stringify(mergePatch(withoutRawUnder(target, patch), patch)));
  } catch {
    // No UTF-8, no JSON, or nested more deeply than the stack is high.
    return undefined;
  }
}

function parseExactly(text: string): Json {
  if (!LARGE_NUMBER.test(text)) return JSON.parse(text) as Json;
  return JSON.parse(text, (_key, value, { source }) => {
    return typeof value === 'number' && source !== undefined && source !== String(value) ? JSON.rawJSON(source) : value;
  }) as Json;
}

/** A raw number looks like an object; where the patch has an object it must not be merged with that. */
function withoutRawUnder(target: Json, patch: Json): Json {
  if (!isObject(patch) || !isObject(target)) return target;
  if (JSON.isRawJSON(target)) return null;
  const changed = Object.entries(patch).flatMap(([key, value]): [string, Json][] => {
    const old = Object.hasOwn(target, key) ? target[key] : undefined;
    return old === undefined ? [] : [[key, withoutRawUnder(old, value)]];
  });
  return changed.length === 0 ? target : { ...target, ...Object.fromEntries(changed) };
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
