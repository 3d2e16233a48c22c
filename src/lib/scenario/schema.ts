import { z } from 'zod';
import type { Purpose } from './file/choice.ts';
import { duration, NAME, NAME_WORDS, someDuration, textLike } from './file/fields.ts';
import { seedSchema, variablesSchema, versionSchema } from './file/head.ts';
import type { FaultSchemaInput, FrontTraits, ProbeSchemaInput, ScenarioKinds } from './file/kinds.ts';
import { loadSchema } from './file/load.ts';
import { steadySchema } from './file/probes.ts';
import { servicesSchema } from './file/services.ts';
import { stepSchema } from './file/steps.ts';
import { conditionSchema, thresholdSchema } from './file/thresholds.ts';

export type { FaultSchemaInput, FrontTraits, ProbeSchemaInput, ScenarioKinds };

const SCENARIO_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,98}[A-Za-z0-9._-])?$/;

/** A scenario file after the schema: quantities in base units, defaults in place; not yet in the form that the engine takes. */
export type ScenarioFile = z.output<ReturnType<typeof scenarioSchema>>;

/**
 * The one schema of the scenario file, made from the kinds of faults and probes that exist. For `check` it reports each mistake against
 * the shape that was meant; for `describe` it says all shapes, for the JSON Schema.
 */
export function scenarioSchema(kinds: ScenarioKinds, purpose: Purpose = 'check') {
  return z.strictObject({
    version: versionSchema(),
    name: textLike(SCENARIO_NAME, 'a name of letters, digits, " ", ".", "-" and "_"', 'What the scenario is called.'),
    description: z.string().optional().meta({ description: 'What it is to show, in a sentence or two.' }),
    tags: z.array(textLike(NAME, NAME_WORDS)).prefault([]).meta({ description: 'Words to find it by.' }),
    seed: seedSchema('Decides all chance: the same seed hurts the same requests. By default drawn for each run.'),
    variables: variablesSchema(),
    services: servicesSchema(kinds, purpose).prefault({}),
    load: loadSchema().optional().meta({ description: 'Requests at a constant rate, to measure by.' }),
    steadyState: z
      .array(steadySchema(kinds.probes, purpose))
      .prefault([])
      .meta({ description: 'The probes that tell whether the system is well.' }),
    method: z
      .array(stepSchema(kinds, purpose))
      .min(1, { error: 'expected steps, at least one of them a fault' })
      .meta({ description: 'What is done, in order.' }),
    guards: z.array(guardSchema()).prefault([]).meta({ description: 'When to stop the run and revert everything.' }),
    gate: z.array(thresholdSchema()).prefault([]).meta({ description: 'The thresholds that decide the verdict.' }),
    timing: timingSchema().prefault({}).meta({ description: 'How long the parts around the method take.' }),
  });
}

function guardSchema() {
  return z.strictObject({
    when: conditionSchema(),
    for: duration('How long it must be so without a break.').prefault('0s'),
  });
}

function timingSchema() {
  return z.strictObject({
    before: duration('How long the baseline is watched before the first fault.').prefault('3s'),
    recoverWithin: someDuration('How long to wait for recovery after the last fault.').prefault('30s'),
    hold: duration('How long the steady state must hold to count as recovered.').prefault('2s'),
    after: duration('How long the phase after the faults lasts at least.').prefault('5s'),
  });
}
