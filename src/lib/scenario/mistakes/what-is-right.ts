import { z } from 'zod';
import { listOr } from './words.ts';

const TYPE_WORDS: Readonly<Record<string, string>> & { readonly int: string } = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
};

/** Begins the message of an unknown key; the known ones follow, so that the nearest can be named. */
export const KNOWN_KEYS = 'expected one of: ';

/** How every schema here is run. Compiling it costs more time than one file can win back. */
export const PARSING: z.core.ParseContext<z.core.$ZodIssue> = { error: sayWhatIsRight, jitless: true };

/**
 * Zod's error map for scenario files, per call: says what would be right, always as `expected …`. A schema's own message goes before
 * it. Choices between several shapes get an empty message: whoever explains them looks at each shape's own mistakes.
 */
function sayWhatIsRight(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${isInteger(issue.inst) ? TYPE_WORDS.int : (TYPE_WORDS[issue.expected] ?? issue.expected)}`;
    case 'invalid_value':
      return `expected ${listOr(issue.values.map(String))}`;
    case 'unrecognized_keys':
      return issue.inst instanceof z.ZodObject ? `${KNOWN_KEYS}${Object.keys(issue.inst.shape).join(', ')}` : '';
    case 'too_small':
      return `expected ${sizeWords(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `expected ${sizeWords(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return `expected a text of the form ${issue.pattern ?? issue.format}`;
    default:
      return '';
  }
}

function isInteger(schema: unknown): boolean {
  return schema instanceof z.ZodNumberFormat && schema.format === 'safeint';
}

function sizeWords(origin: string, relation: string, limit: number | bigint): string {
  switch (origin) {
    case 'string':
      return `${relation} ${limit} character${limit === 1 ? '' : 's'}`;
    case 'array':
    case 'set':
      return `${relation} ${limit} item${limit === 1 ? '' : 's'}`;
    default:
      return `${relation} ${limit}`;
  }
}
