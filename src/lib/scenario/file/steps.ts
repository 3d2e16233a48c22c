import { z } from 'zod';
import { isMap } from '../checks/raw.ts';
import { nearest } from '../../errors/nearest.ts';
import { listOr, quote } from '../mistakes/words.ts';
import type { TargetSpec } from '../scenario.ts';
import { choice, type Complain, type Purpose } from './choice.ts';
import { faultShape, UNKNOWN_FAULT } from './fault-shape.ts';
import { someDuration } from './fields.ts';
import type { FaultSchemaInput, ScenarioKinds } from './kinds.ts';
import { pickKind, probeStepSchema, startShape, UNKNOWN_NAME, type ProbeStepFile } from './probes.ts';
import { targetSchema } from './targets.ts';

interface Start {
  readonly at?: number | undefined;
  readonly after?: number | undefined;
}

export interface FaultStepFile extends Start {
  readonly fault: string;
  readonly id?: string | undefined;
  readonly target: TargetSpec;
  readonly with?: unknown;
  readonly for?: number | undefined;
  readonly timeout: number;
}

export type StepFile =
  | FaultStepFile
  | ProbeStepFile
  | { readonly wait: number }
  | (Start & { readonly parallel: readonly StepFile[] })
  | (Start & { readonly serial: readonly StepFile[] });

const STEP_KEYS = ['fault', 'wait', 'probe', 'parallel', 'serial'] as const;

/** A step of the method; groups hold further steps. */
export function stepSchema(kinds: ScenarioKinds, purpose: Purpose): z.ZodType<StepFile> {
  const group = (description: string): z.ZodType<StepFile[]> =>
    z
      .array(z.lazy(() => step))
      .min(1)
      .meta({ description });
  const shapes = new Map<string, () => z.ZodType<StepFile>>([
    ['fault', () => faultStepSchema(kinds.faults, purpose)],
    ['wait', waitSchema],
    ['probe', () => probeStepSchema(kinds.probes, purpose)],
    ['parallel', () => z.strictObject({ parallel: group('Steps that start together.'), ...startShape() })],
    ['serial', () => z.strictObject({ serial: group('Steps that follow each other.'), ...startShape() })],
  ]);
  const picked = choice(purpose, { shapes, pick: pickStep });
  const step: z.ZodType<StepFile> = purpose === 'describe' ? picked.meta({ id: 'step' }) : picked;
  return step;
}

function faultStepSchema(kinds: readonly FaultSchemaInput[], purpose: Purpose): z.ZodType<FaultStepFile> {
  return choice(purpose, {
    shapes: new Map(kinds.map((kind) => [kind.kind, () => faultOfKind(kind, z.literal(kind.kind), purpose)])),
    fallback: () => faultOfKind(UNKNOWN_FAULT, UNKNOWN_NAME, purpose),
    pick: (value, complain) => pickKind(value, 'fault', kinds, complain),
  });
}

function faultOfKind(kind: FaultSchemaInput, name: z.ZodType<string>, purpose: Purpose): z.ZodType<FaultStepFile> {
  const { fault, id, with: parameters } = faultShape(kind, name, purpose);
  return z.strictObject({
    fault,
    id,
    target: targetSchema(kind, purpose),
    with: parameters,
    for: someDuration('How long it is in force; without it, until the end of the method.').optional(),
    timeout: someDuration('How long the injection itself may take.').prefault('10s'),
    ...startShape(),
  });
}

function waitSchema() {
  return z.strictObject({ wait: someDuration('How long to wait.') });
}

function pickStep(value: unknown, complain: Complain): string | undefined {
  const keys = isMap(value) ? Object.keys(value) : [];
  const given = STEP_KEYS.filter((key) => keys.includes(key));
  if (given.length === 1) return given[0];
  if (given.length > 1) {
    complain([], `a step does one thing, not ${given.join(' and ')}: make them steps of their own`);
    return undefined;
  }
  for (const key of keys) {
    const near = nearest(key, STEP_KEYS);
    if (near === undefined) continue;
    complain([key], `unknown key ${quote(key)} in a step; did you mean "${near}"?`, { at: 'key' });
    return undefined;
  }
  const what = typeof value === 'string' ? `${quote(value)} is no step: it` : 'a step';
  complain([], `${what} needs one of ${listOr(STEP_KEYS)}`);
  return undefined;
}
