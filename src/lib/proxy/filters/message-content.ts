import { z } from 'zod';
import { headerNameSchema, headerValueSchema } from '../scope/headers.ts';

/** A page is small; a larger one would sit in memory for the whole run. */
const MAX_BODY_CHARACTERS = 1_048_576;
/** More headers than any message has. */
const MAX_NAMES = 64;
const TOO_MANY = `expected at most ${MAX_NAMES} names`;

/** Headers that say where a message ends and what the connection is for: the proxy writes them itself, from the body. */
const FRAMING_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'trailer', 'upgrade']);

/** A body as text, which is sent as UTF-8. */
export const bodySchema = z.string().max(MAX_BODY_CHARACTERS);

/** Header name to value. */
export const headersSchema = headers(headerValueSchema);
/** Header name to value, or null to take the header away. */
export const headerChangesSchema = headers(headerValueSchema.nullable());

const queryNameSchema = z.string().min(1).max(256);
const queryValueSchema = z.string().max(4096);

/** Name in the query to value, neither of them percent-encoded. */
export const querySchema = z.record(queryNameSchema, queryValueSchema).refine(isShort, TOO_MANY);
/** The same, with null to take the name away. */
export const queryChangesSchema = z.record(queryNameSchema, queryValueSchema.nullable()).refine(isShort, TOO_MANY);

/** The header names in lower case, as an edit takes them. */
export function lowerNames<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));
}

function headers<Value extends z.ZodType>(value: Value) {
  return z
    .record(headerNameSchema, value)
    .refine(isShort, TOO_MANY)
    .superRefine((record, context) => {
      const seen = new Set<string>();
      for (const name of Object.keys(record)) {
        const problem = problemOf(name.toLowerCase(), seen);
        if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
      }
    });
}

function problemOf(name: string, seen: Set<string>): string | undefined {
  if (FRAMING_HEADERS.has(name)) return `the proxy sets ${name} itself`;
  if (seen.has(name)) return `${name} is given twice`;
  seen.add(name);
  return undefined;
}

function isShort(record: object): boolean {
  return Object.keys(record).length <= MAX_NAMES;
}
