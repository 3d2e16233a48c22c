import { z } from 'zod';
import { isMap } from '../checks/raw.ts';
import { didYouMean } from '../mistakes/did-you-mean.ts';
import { listOr, quote } from '../mistakes/words.ts';
import { choice, written, type Complain, type Purpose } from './choice.ts';
import { duration, PROBE_NAME, someDuration, textLike } from './fields.ts';
import type { ProbeSchemaInput } from './kinds.ts';

export interface ProbeFile {
  readonly probe: string;
  readonly with?: unknown;
  readonly expect?: unknown;
  readonly timeout: number;
}

export interface SteadyFile extends ProbeFile {
  readonly name?: string | undefined;
  readonly when: readonly ('before' | 'during' | 'after')[];
  readonly every: number;
}

export interface ProbeStepFile extends ProbeFile {
  readonly name?: string | undefined;
  readonly at?: number | undefined;
  readonly after?: number | undefined;
}

type ProbeShape = ReturnType<typeof probeShape>;

/** `ready` of a service. */
export function readySchema(kinds: readonly ProbeSchemaInput[], purpose: Purpose): z.ZodType<ProbeFile> {
  return probeSchema(kinds, purpose, (shape) => z.strictObject(shape));
}

/** An item of `steadyState`. */
export function steadySchema(kinds: readonly ProbeSchemaInput[], purpose: Purpose): z.ZodType<SteadyFile> {
  const phase = z.enum(['before', 'during', 'after']);
  return probeSchema(kinds, purpose, (shape) =>
    z.strictObject({
      ...shape,
      name: probeName(),
      when: z
        .array(phase)
        .min(1)
        .prefault(['before', 'after'])
        .meta({ description: 'The phases in which it must hold; in the others it is watched only.' }),
      every: someDuration('From the beginning of one measurement to that of the next.').prefault('500ms'),
    }),
  );
}

/** A probe as a step of the method. */
export function probeStepSchema(kinds: readonly ProbeSchemaInput[], purpose: Purpose): z.ZodType<ProbeStepFile> {
  return probeSchema(kinds, purpose, (shape) => z.strictObject({ ...shape, name: probeName(), ...startShape() }));
}

/** `at` and `after`, which every step but a wait can have. */
export function startShape() {
  return {
    at: duration('When it starts, from the start of the method.').optional(),
    after: duration(
      'When it starts, from the end of the step before it (in a parallel group: from its start).',
    ).optional(),
  };
}

function probeSchema<Output extends ProbeFile>(
  kinds: readonly ProbeSchemaInput[],
  purpose: Purpose,
  complete: (shape: ProbeShape) => z.ZodType<Output>,
): z.ZodType<Output> {
  const unknownKind = { kind: '', summary: '', params: z.unknown(), expect: z.unknown() };
  return choice(purpose, {
    shapes: new Map(kinds.map((kind) => [kind.kind, () => complete(probeShape(kind, z.literal(kind.kind), purpose))])),
    fallback: () => complete(probeShape(unknownKind, UNKNOWN_NAME, purpose)),
    pick: (value, complain) => pickKind(value, 'probe', kinds, complain),
  });
}

function probeShape(kind: ProbeSchemaInput, name: z.ZodType<string>, purpose: Purpose) {
  return {
    probe: name.meta({ description: kind.summary }),
    with: written(purpose, kind.params, `What to measure: the parameters of ${kind.kind}.`),
    expect: written(purpose, kind.expect, 'The tolerance.'),
    timeout: someDuration('A measurement that takes longer counts as failed.').prefault('2s'),
  };
}

function probeName() {
  const expected = 'a name of at most 100 characters without < > = and quotes';
  return textLike(PROBE_NAME, expected, 'How thresholds and reports call it.').optional();
}

/** Takes the place of a kind's name when it was complained about already. */
export const UNKNOWN_NAME = z
  .unknown()
  .transform(() => '')
  .prefault('');

/** The kind that `fault:` or `probe:` names; '' (no kind has that name) when it does not exist. */
export function pickKind(
  value: unknown,
  key: 'fault' | 'probe',
  kinds: readonly { readonly kind: string }[],
  complain: Complain,
): string | undefined {
  const names = kinds.map((kind) => kind.kind);
  const hint = listOr(names.slice(0, 12));
  if (!isMap(value)) {
    complain([], `expected a mapping with "${key}": ${hint}`);
    return undefined;
  }
  const kind = Object.hasOwn(value, key) ? value[key] : undefined;
  if (typeof kind === 'string' && names.includes(kind)) return kind;
  if (kind === undefined || kind === null) complain([key], `"${key}" needs a kind: expected ${hint}`);
  else {
    const text = typeof kind === 'string' ? kind : '';
    complain([key], `unknown ${key} kind ${quote(text)}${didYouMean(text, names) || `; expected ${hint}`}`);
  }
  return '';
}
