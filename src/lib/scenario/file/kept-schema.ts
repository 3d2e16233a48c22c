import type { z } from 'zod';
import type { ScenarioKinds } from './kinds.ts';

/** A schema takes a while to build, and one process checks many files: it is built once for the same kinds. */
export function keptSchema<Schema extends z.ZodType>(
  build: (kinds: ScenarioKinds) => Schema,
): (kinds: ScenarioKinds) => Schema {
  const schemas = new WeakMap<ScenarioKinds, Schema>();
  return (kinds) => {
    const schema = schemas.get(kinds) ?? build(kinds);
    schemas.set(kinds, schema);
    return schema;
  };
}
