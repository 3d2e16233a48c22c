import { z } from 'zod';
import type { SentenceParams } from '../mistakes/explain.ts';
import type { Path } from '../mistakes/mistake.ts';
import { PARSING } from '../mistakes/what-is-right.ts';

/**
 * What a schema is built for. Checking picks the shape that a value is meant to have and reports against that one alone (and builds
 * no other); describing lists all shapes, for the JSON Schema.
 */
export type Purpose = 'check' | 'describe';

export type Complain = (path: Path, sentence: string, spot?: Omit<SentenceParams, 'sentence'>) => void;

export interface Shapes<Output> {
  readonly shapes: ReadonlyMap<string, () => z.ZodType<Output>>;
  /** For a value that names a shape which does not exist, so that the rest of it is checked all the same. */
  readonly fallback?: (() => z.ZodType<Output>) | undefined;
  /** The name of the shape that is meant; undefined when there is no telling, after a complaint. */
  readonly pick: (value: unknown, complain: Complain) => string | undefined;
}

/** A value that has one of several shapes. */
export function choice<Output>(purpose: Purpose, { shapes, fallback, pick }: Shapes<Output>): z.ZodType<Output> {
  if (purpose === 'describe') return z.xor([...shapes.values()].map((shape) => shape()));
  const built = new Map<string, z.ZodType<Output> | undefined>();
  return z.unknown().transform((value, context): Output => {
    const picked = pick(value, complainInto(context));
    if (picked === undefined) return z.NEVER;
    if (!built.has(picked)) built.set(picked, (shapes.get(picked) ?? fallback)?.());
    const shape = built.get(picked);
    return shape === undefined ? z.NEVER : parseWithin(shape, value, context);
  });
}

/** Checks a value against a kind's own schema, and keeps it as it is written: the kind reads it again when it is bound. */
export function written(purpose: Purpose, schema: z.ZodType, description: string): z.ZodType {
  if (purpose === 'describe') {
    const described = schema.meta({ description });
    return schema.safeParse({}).success ? described.optional() : described;
  }
  return z
    .unknown()
    .transform((value, context): unknown => {
      parseWithin(schema, value ?? {}, context);
      return value ?? {};
    })
    .prefault({});
}

export function complainInto(context: z.RefinementCtx): Complain {
  return (path, message, spot) => {
    const params: SentenceParams = { sentence: true, ...spot };
    context.addIssue({ code: 'custom', path: [...path], message, params });
  };
}

/** Runs a schema inside of another's transform; what it finds becomes part of what that one finds. */
export function parseWithin<Output>(schema: z.ZodType<Output>, value: unknown, context: z.RefinementCtx): Output {
  const result = schema.safeParse(value, PARSING);
  if (result.success) return result.data;
  for (const issue of result.error.issues) context.addIssue({ ...issue });
  return z.NEVER;
}
