import { z } from 'zod';
import { formatSizeBytes } from '../../wire/quantities.ts';
import { jsonExpectationSchema, jsonFault } from './json.ts';
import { patternSchema, SEARCH_LIMIT_MS, type Pattern } from './pattern.ts';

/** A text as far as it was kept. */
export interface Text {
  /** What it is, for messages: `body`, `output`, `answer`. */
  readonly name: string;
  readonly text: string;
  /** Whether more came than was kept. */
  readonly isCut: boolean;
}

/** Bytes of a body or an output that are kept and looked at; what comes after is read and dropped. */
export const LIMIT_TEXT_BYTES = 1024 ** 2;

/** Text that must occur, and a regular expression that must match somewhere. */
export const textShape = {
  contains: z.string().min(1).optional().describe('A text that must occur.'),
  matches: patternSchema.optional(),
};

/** The tolerance of a whole document: text, pattern, and one value of it when it is JSON. */
export const documentShape = { ...textShape, jsonpath: jsonExpectationSchema.optional() };

export interface TextExpectation {
  readonly contains?: string | undefined;
  readonly matches?: Pattern | undefined;
}

/** Everything that is wrong with a text. */
export function textFaults(text: Text, expected: TextExpectation): string[] {
  const faults: string[] = [];
  if (expected.contains !== undefined && !text.text.includes(expected.contains)) {
    faults.push(`${place(text)} does not contain ${JSON.stringify(expected.contains)}`);
  }
  if (expected.matches) {
    const found = expected.matches.search(text.text);
    if (found === 'absent') faults.push(`${place(text)} does not match ${expected.matches.source}`);
    if (found === 'too slow') {
      faults.push(`the pattern ${expected.matches.source} took longer than ${SEARCH_LIMIT_MS}ms on a ${text.name}`);
    }
  }
  return faults;
}

/** Everything that is wrong with a document. */
export function documentFaults(
  text: Text,
  expected: z.output<z.ZodObject<typeof documentShape>> | undefined,
): string[] {
  if (!expected) return [];
  const faults = textFaults(text, expected);
  if (!expected.jsonpath) return faults;
  if (text.isCut)
    return [...faults, `the ${text.name} is larger than ${formatSizeBytes(LIMIT_TEXT_BYTES)}: not parsed`];
  const fault = jsonFault(text.name, text.text, expected.jsonpath);
  return fault === undefined ? faults : [...faults, fault];
}

function place(text: Text): string {
  return text.isCut ? `the first ${formatSizeBytes(LIMIT_TEXT_BYTES)} of the ${text.name}` : text.name;
}
