import type { Json, JsonObject } from '../../events/json.ts';
import type { Path } from '../mistakes/mistake.ts';

/** Looking into a scenario that may be wrong in any way: what is not there, or not of the kind asked for, is undefined. */

export function isMap(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** A member of a mapping, or undefined; never anything inherited. */
export function memberOf(value: unknown, key: string): Json | undefined {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root;
  for (const part of path) {
    value = typeof part === 'string' ? memberOf(value, part) : isList(value) ? value[part] : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}

export interface Placed<Value> {
  readonly value: Value;
  readonly path: Path;
}

/** The mappings in a list, each with its place. */
export function mapsIn(value: Json | undefined, path: Path): Placed<JsonObject>[] {
  if (!isList(value)) return [];
  return value.flatMap((item, index) => (isMap(item) ? [{ value: item, path: [...path, index] }] : []));
}

/** Every step of a method, groups before what they hold. */
export function stepsIn(value: Json | undefined, path: Path): Placed<JsonObject>[] {
  return mapsIn(value, path).flatMap((step) => [
    step,
    ...stepsIn(memberOf(step.value, 'parallel'), [...step.path, 'parallel']),
    ...stepsIn(memberOf(step.value, 'serial'), [...step.path, 'serial']),
  ]);
}
