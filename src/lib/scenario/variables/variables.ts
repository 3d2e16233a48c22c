import type { Json } from '../../events/json.ts';
import type { Environment } from '../../runtime/environment.ts';
import { isMap, memberOf } from '../checks/raw.ts';
import type { Path } from '../mistakes/mistake.ts';
import type { VariableValues } from './var-file.ts';

/** Names that begin so are given by us, used or not. */
const BUILT_IN_PREFIX = 'FAULTLINE_';

export interface VariableSources {
  /** From `--var`. */
  readonly vars: VariableValues;
  /** From var files, the last one first. */
  readonly files: readonly VariableValues[];
  readonly env: Environment;
}

interface Declaration {
  readonly secret: boolean;
  readonly fallback: string | undefined;
}

/** The variables of one scenario: what they are worth, and what became of them. */
export interface Variables {
  lookup(name: string): string | undefined;
  /** Tells that `${NAME:-text}` fell back to its text: that of a secret is a secret. */
  noteDefault(name: string, text: string): void;
  /** Names that a mistyped one may stand for; the environment's are left out, they are too many. */
  suggestions(): readonly string[];
  /** Names given by `--var` that the scenario neither uses nor declares. */
  unused(): readonly string[];
  /** Names that the scenario uses or declares. */
  known(): readonly string[];
  secrets(): readonly string[];
}

/** `declared` is the `variables` section as it stands in the file; what is wrong in it is the schema's business. */
export function createVariables(
  declared: Json | undefined,
  textAt: (path: Path) => string | undefined,
  sources: VariableSources,
): Variables {
  const declarations = readDeclarations(declared, textAt);
  const used = new Set<string>();
  const secretTexts = new Set<string>();
  const lookup = (name: string): string | undefined => {
    const given = [sources.vars, ...sources.files].find((values) => Object.hasOwn(values, name))?.[name];
    const inherited = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
    return given ?? inherited ?? declarations.get(name)?.fallback;
  };
  const noteSecret = (name: string, text: string | undefined): void => {
    if (declarations.get(name)?.secret && text) secretTexts.add(text);
  };
  for (const name of declarations.keys()) noteSecret(name, lookup(name));
  const known = (): string[] => [...new Set([...declarations.keys(), ...used])];
  return {
    lookup(name) {
      used.add(name);
      return lookup(name);
    },
    noteDefault: noteSecret,
    suggestions: () => [
      ...new Set([...declarations.keys(), ...Object.keys(sources.vars), ...sources.files.flatMap(Object.keys)]),
    ],
    unused: () =>
      Object.keys(sources.vars).filter(
        (name) => !name.startsWith(BUILT_IN_PREFIX) && !used.has(name) && !declarations.has(name),
      ),
    known,
    secrets: () => [...secretTexts],
  };
}

function readDeclarations(
  declared: Json | undefined,
  textAt: (path: Path) => string | undefined,
): ReadonlyMap<string, Declaration> {
  if (!isMap(declared)) return new Map();
  const entries = Object.keys(declared).map((name): [string, Declaration] => {
    const fallback = memberOf(declared[name], 'default');
    const text = typeof fallback === 'object' ? undefined : textAt(['variables', name, 'default']);
    // Whatever is not plainly "not a secret" is kept as one, also where the schema will complain about it.
    const secret = memberOf(declared[name], 'secret') ?? false;
    return [name, { secret: secret !== false, fallback: text }];
  });
  return new Map(entries);
}
