import { AppError } from '../../errors/app-error.ts';
import { isMap } from '../checks/raw.ts';
import { readText } from '../file/read-text.ts';
import type { Mistake } from '../mistakes/mistake.ts';
import { count } from '../mistakes/words.ts';
import { parseYaml } from '../yaml/parse.ts';
import { readTree } from '../yaml/tree.ts';

export type VariableValues = Readonly<Record<string, string>>;

export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export interface VarFile {
  readonly values: VariableValues;
  /** Never with a value in them: it may be a secret. */
  readonly mistakes: readonly (Mistake & { readonly line: number; readonly column: number })[];
}

/** Reads a file of variables. Throws AppError `usage` with all mistakes in it. */
export function loadVarFile(file: string): VariableValues {
  const { values, mistakes } = parseVarFile(file, readText(file));
  if (mistakes.length === 0) return values;
  const details = mistakes.map(({ line, column, text }) => `${file}:${line}:${column}  ${text}`);
  throw new AppError('usage', `${file}: ${count(mistakes.length, 'mistake')}`, { details });
}

/**
 * A file of variables: a YAML or JSON mapping of names to texts, or lines `NAME=value` as in `.env`. The name tells which; where it does
 * not, the first line does.
 */
export function parseVarFile(file: string, text: string): VarFile {
  const isMapping = /\.(?:ya?ml|json)$/i.test(file);
  const isLines =
    !isMapping && (/(?:^|[/.])env(?:\.[^/]*)?$/i.test(file) || /^\s*(?:export\s+)?[A-Za-z_]\w*=/.test(text));
  return isLines ? parseEnvLines(text) : parseMapping(text);
}

function parseMapping(text: string): VarFile {
  const file = parseYaml(text);
  const tree = readTree(file, () => undefined);
  const mistakes = [...file.mistakes, ...tree.mistakes];
  const values = new Map<string, string>();
  const isEmpty = tree.root === null;
  if (!isEmpty && !isMap(tree.root))
    mistakes.push({ offset: 0, text: 'expected a mapping of names to texts, or lines NAME=value' });
  for (const [name, value] of isMap(tree.root) ? Object.entries(tree.root) : []) {
    const written = tree.textAt([name]);
    const offset = tree.offsetOf([name], { at: 'key' });
    if (!VARIABLE_NAME.test(name)) mistakes.push({ offset, text: `"${name}" is not a name for a variable` });
    else if (typeof value === 'object' && value !== null)
      mistakes.push({ offset, text: `${name} must be a text, a number, true or false` });
    else values.set(name, written ?? '');
  }
  return {
    values: Object.fromEntries(values),
    mistakes: mistakes.map((mistake) => ({ ...mistake, ...file.positionOf(mistake.offset) })),
  };
}

/** Lines `NAME=value`, `export NAME=value`, `# comment`; values in single quotes as they are, in double quotes with `\n` and the like. */
function parseEnvLines(text: string): VarFile {
  const values = new Map<string, string>();
  const mistakes: VarFile['mistakes'][number][] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const [, name, raw] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=(.*)$/.exec(line) ?? [];
    const value = raw === undefined ? undefined : parseEnvValue(raw.trim());
    if (name === undefined || value === undefined) {
      const text = name === undefined ? 'expected NAME=value' : `the value of ${name} has no closing quote`;
      mistakes.push({ offset: 0, line: index + 1, column: 1, text });
    } else values.set(name, value);
  }
  return { values: Object.fromEntries(values), mistakes };
}

function parseEnvValue(raw: string): string | undefined {
  const quoted = /^(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?$/.exec(raw);
  if (quoted) return quoted[1] ?? unescape(quoted[2] ?? '');
  return /^['"]/.test(raw) ? undefined : raw.replace(/\s+#.*$/, '');
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);
}
