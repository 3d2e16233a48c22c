import { didYouMean } from '../mistakes/did-you-mean.ts';
import { endOfVariable } from '../yaml/mask.ts';
import type { Filled } from '../yaml/tree.ts';
import type { Variables } from './variables.ts';

/** Defaults within defaults go no deeper. */
const MAX_DEPTH = 8;

const HOW_TO_WRITE = 'write ${NAME} or ${NAME:-default}, and $${ for a plain ${';
const HOW_TO_GIVE = 'give it with --var, in a --var-file, in the environment, or a default under "variables"';

/**
 * Fills in `${NAME}` and `${NAME:-default}` (as in a shell, an empty value takes the default too); `$${` stands for `${`. Undefined when the text has
 * neither.
 */
export function interpolate(text: string, variables: Variables): Filled | undefined {
  return text.includes('${') ? fill(text, 0, variables, 0) : undefined;
}

/** `base` is where the text begins in the whole of it, for the places of problems. */
function fill(text: string, base: number, variables: Variables, depth: number): Filled {
  const problems: Filled['problems'][number][] = [];
  let filled = '';
  let from = 0;
  let whole = false;
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', from)) {
    if (text[start - 1] === '$' && start > from) {
      filled += `${text.slice(from, start - 1)}\${`;
      from = start + 2;
      continue;
    }
    const end = endOfVariable(text, start + 2);
    const value = valueOf(
      text.slice(start + 2, end === undefined ? start + 2 : end - 1),
      base + start,
      variables,
      depth,
    );
    problems.push(...value.problems);
    filled += text.slice(from, start) + value.text;
    from = end ?? start + 2;
    whole = start === 0 && from === text.length;
  }
  return { text: filled + text.slice(from), whole, problems };
}

/** `inner` is what stands between `${` and `}`. */
function valueOf(inner: string, index: number, variables: Variables, depth: number): Pick<Filled, 'text' | 'problems'> {
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/.exec(inner) ?? [];
  const wrong = (text: string) => ({ text: `\${${inner}}`, problems: [{ index, text }] });
  if (name === undefined) return wrong(`this is not a variable: ${HOW_TO_WRITE}`);
  const value = variables.lookup(name);
  if (fallback === undefined) {
    if (value !== undefined) return { text: value, problems: [] };
    return wrong(`no value for the variable ${name}${didYouMean(name, variables.suggestions())}; ${HOW_TO_GIVE}`);
  }
  if (depth === MAX_DEPTH) return wrong('variables are nested too deeply');
  // Also where it is not needed: the names in it are names that the scenario uses.
  const filled = fill(fallback, index + 2 + name.length + 2, variables, depth + 1);
  if (value !== undefined && value !== '') return { text: value, problems: [] };
  variables.noteDefault(name, filled.text);
  return filled;
}
