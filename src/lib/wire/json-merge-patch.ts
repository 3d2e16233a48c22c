import type { Json, JsonObject } from '../events/json.ts';

/** How deeply objects may be nested in a patch. Patches are written by people; this is far from the end of the stack. */
export const MAX_PATCH_DEPTH = 256;

/**
 * The target with a JSON merge patch applied to it (RFC 7396): members of objects are merged, null removes, anything else replaces. Neither
 * argument is changed, and what the patch does not name is the same value as before. Throws on a patch nested more deeply than
 * MAX_PATCH_DEPTH; the depth of the target does not matter.
 */
export function mergePatch(target: Json, patch: Json): Json {
  return mergeAt(target, patch, 0);
}

/** A Map holds members by any name, `__proto__` and `constructor` too, and `fromEntries` makes plain data of them again. */
function mergeAt(target: Json, patch: Json, depth: number): Json {
  if (!isObject(patch)) return patch;
  if (depth === MAX_PATCH_DEPTH) throw new Error(`a merge patch nested more than ${MAX_PATCH_DEPTH} deep`);
  const members = new Map<string, Json>(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, mergeAt(members.get(name) ?? null, value, depth + 1));
  }
  return Object.fromEntries(members);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
