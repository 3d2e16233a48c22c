import { z } from 'zod';
import { written, type Purpose } from './choice.ts';
import { FAULT_ID, textLike } from './fields.ts';
import type { FaultSchemaInput } from './kinds.ts';

/** Takes the place of a kind that does not exist, so that the rest of the fault is checked all the same. */
export const UNKNOWN_FAULT: FaultSchemaInput = {
  kind: 'of an unknown kind',
  summary: '',
  targets: ['service', 'process', 'host'],
  params: z.unknown(),
};

/** What a fault is, wherever it stands: its kind, its id, its parameters. */
export function faultShape(kind: FaultSchemaInput, name: z.ZodType<string>, purpose: Purpose) {
  const expected = 'an id of letters, digits, ".", "-" and "_", at most 63 long';
  return {
    fault: name.meta({ description: kind.summary }),
    id: textLike(FAULT_ID, expected, 'How reports call it.').optional(),
    with: written(purpose, kind.params, `The parameters of ${kind.kind}.`),
  };
}
