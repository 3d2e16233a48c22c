import { createContext, Script, type Context } from 'node:vm';
import { z } from 'zod';
import { messageOf } from '../../errors/app-error.ts';

/** A regular expression of the user's, run so that it cannot stop the process. */
export interface Pattern {
  readonly source: string;
  /** `too slow`: this search was given up on; after a few such in a row the pattern is not tried again. */
  search(text: string): 'found' | 'absent' | 'too slow';
}

/**
 * How long one search may hold up this thread. A pattern such as `(a+)+$` takes exponential time on a short text, and even `x*y` takes
 * minutes on 1 MiB; meanwhile nothing could be reverted. V8 checks for interruption while it backtracks, so a limit works.
 */
export const SEARCH_LIMIT_MS = 100;
/** The limit is of real time: on a machine that is starved on purpose even a harmless pattern can miss it once. */
const LIMIT_SLOW_SEARCHES = 3;

/** A regular expression in JavaScript's syntax, without flags (`(?i:...)` and `(?m:...)` set them inside). */
export const patternSchema = z
  .string()
  .min(1)
  .meta({ description: 'a regular expression', format: 'regex' })
  .transform((source, context) => {
    try {
      return createPattern(source);
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
      return z.NEVER;
    }
  });

/** Throws SyntaxError when the source is no regular expression. */
export function createPattern(source: string): Pattern {
  const expression = new RegExp(source);
  let slowSearches = 0;
  return {
    source,
    search(text) {
      if (slowSearches >= LIMIT_SLOW_SEARCHES) return 'too slow';
      const found = searchWithin(expression, text);
      slowSearches = found === undefined ? slowSearches + 1 : 0;
      return found === undefined ? 'too slow' : found ? 'found' : 'absent';
    },
  };
}

const searchScript = new Script('expression.test(text)');
let sandbox: Context | undefined;

/** Whether it was found; undefined when the time was up. */
function searchWithin(expression: RegExp, text: string): boolean | undefined {
  sandbox ??= createContext({});
  Object.assign(sandbox, { expression, text });
  try {
    return searchScript.runInContext(sandbox, { timeout: SEARCH_LIMIT_MS }) === true;
  } catch {
    return undefined;
  } finally {
    Object.assign(sandbox, { expression: undefined, text: undefined });
  }
}
