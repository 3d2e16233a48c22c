import { z } from 'zod';
import { VARIABLE_NAME } from '../variables/var-file.ts';
import { looseText, textLike } from './fields.ts';

/** What every file of ours begins with. */
export function versionSchema() {
  return z.literal(1, { error: 'expected 1' }).meta({ description: 'The version of this format.' });
}

export function seedSchema(description: string) {
  return z.int().min(0, { error: 'expected a whole number of at least 0' }).optional().meta({ description });
}

export function variablesSchema() {
  const name = textLike(VARIABLE_NAME, 'a name of letters, digits and "_"');
  const declaration = z.strictObject({
    secret: z.boolean().prefault(false).meta({ description: 'Its value is never shown, recorded or exported.' }),
    default: looseText('Its value when nothing else gives one.').optional(),
    description: z.string().optional().meta({ description: 'What it is for.' }),
  });
  return z
    .record(name, declaration)
    .prefault({})
    .meta({ description: 'Variables, written ${NAME} or ${NAME:-default} in any text of this file.' });
}
