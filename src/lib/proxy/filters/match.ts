import { z } from 'zod';
import type { JsonObject } from '../../events/json.ts';
import type { Protocol, RequestView } from '../filter.ts';
import { compileGlob, MAX_GLOB_LENGTH } from './glob.ts';
import { headerNameSchema, headerValueSchema } from './headers.ts';

const methodSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,31}$/, 'expected an HTTP method such as GET')
  .meta({ description: 'an HTTP method such as GET' });

/** Which requests a fault is meant for. What is not given matches everything; what is given must all match. */
export const matchSchema = z
  .strictObject({
    method: z
      .union([methodSchema, z.array(methodSchema).min(1).max(32)])
      .meta({ description: 'one method or a list of them' })
      .optional(),
    path: z
      .string()
      .min(1)
      .max(MAX_GLOB_LENGTH)
      .meta({ description: 'a glob on the path without its query: * within a segment, ** across segments' })
      .optional(),
    headers: z
      .record(headerNameSchema, headerValueSchema.max(MAX_GLOB_LENGTH))
      .meta({ description: 'header name to its value, or a glob in which * stands for any text' })
      .optional(),
  })
  .meta({ description: 'the requests that are meant; all others pass' });

export type Match = z.output<typeof matchSchema>;

/** The test of a request; undefined when every request is meant. */
export function compileMatch(match: Match | undefined): ((request: RequestView) => boolean) | undefined {
  if (match === undefined) return undefined;
  const methods = match.method === undefined ? undefined : new Set([match.method].flat().map(upper));
  const path = match.path === undefined ? undefined : compileGlob(match.path);
  const headers = Object.entries(match.headers ?? {}).map(
    ([name, glob]) => [name.toLowerCase(), compileGlob(glob, true)] as const,
  );
  return (request) => {
    if (methods !== undefined && !methods.has(request.method)) return false;
    if (path !== undefined && !path(request.path)) return false;
    return headers.every(([name, test]) => {
      const value = request.header(name);
      return value !== undefined && test(value);
    });
  };
}

/** As an effect reports it: nothing when nothing was asked. */
export function describeMatch(match: Match | undefined): JsonObject {
  if (match === undefined) return {};
  const { method, path, headers } = match;
  return {
    match: {
      ...(method === undefined ? {} : { method }),
      ...(path === undefined ? {} : { path }),
      ...(headers === undefined ? {} : { headers }),
    },
  };
}

/** Raw TCP has no requests to tell apart. */
export function matchMisfit(match: Match | undefined, protocol: Protocol): string | undefined {
  return match !== undefined && protocol === 'tcp'
    ? '`match` looks at HTTP requests, and this service is raw TCP'
    : undefined;
}

function upper(method: string): string {
  return method.toUpperCase();
}
