import { dirname, resolve } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import type { Json } from '../events/json.ts';
import { environment, type Environment } from '../runtime/environment.ts';
import { checkFile } from './checks/check-file.ts';
import { isMap, memberOf } from './checks/raw.ts';
import { buildScenario } from './file/build.ts';
import { readText } from './file/read-text.ts';
import type { Path } from './mistakes/mistake.ts';
import { didYouMean } from './mistakes/did-you-mean.ts';
import { refuse } from './mistakes/refuse.ts';
import { createRedactor } from './redact.ts';
import type { Scenario } from './scenario.ts';
import type { ScenarioKinds } from './schema.ts';
import { interpolate } from './variables/interpolate.ts';
import { loadVarFile, type VariableValues } from './variables/var-file.ts';
import { createVariables, type Variables } from './variables/variables.ts';
import { parseYaml } from './yaml/parse.ts';
import { readTree, type Filled } from './yaml/tree.ts';

export interface LoadOptions {
  /** Every kind of fault and probe that a scenario may name. */
  readonly kinds: ScenarioKinds;
  /** From `--var`. A name that the scenario does not use is a mistake, unless it begins with `FAULTLINE_`: those are built in. */
  readonly vars?: VariableValues | undefined;
  /** Files of variables, YAML, JSON or `.env`; a later one goes before an earlier one. */
  readonly varFiles?: readonly string[] | undefined;
  /** By default that of this process. */
  readonly env?: Environment | undefined;
}

export interface ParseOptions {
  /** What messages call the text. */
  readonly file: string;
  /** Where its relative paths start, absolute. */
  readonly directory: string;
  readonly kinds: ScenarioKinds;
  readonly vars?: VariableValues | undefined;
  /** What var files hold, the one that goes before the others first. */
  readonly varFiles?: readonly VariableValues[] | undefined;
  readonly env?: Environment | undefined;
}

const HOW_TO_BEGIN = 'it needs at least version, name and method; `faultline scenario schema` prints the whole format';
/** The other sections may stand there empty: their items may all be commented out. */
const NEVER_EMPTY = new Set(['version', 'name', 'method']);

/**
 * Reads, checks and completes a scenario file. Throws one AppError `usage` with all mistakes that are in it, a line each:
 * `file:line:column  what is wrong, and what would be right`. No line shows the value of a secret.
 */
export function loadScenario(file: string, options: LoadOptions): Scenario {
  const { kinds, vars, env = environment() } = options;
  const text = readText(file);
  const varFiles = (options.varFiles ?? []).map(loadVarFile).reverse();
  return parseScenario(text, { file, directory: dirname(resolve(file)), kinds, vars, varFiles, env });
}

/** The same for a text that is in memory already; touches no disk. */
export function parseScenario(text: string, options: ParseOptions): Scenario {
  const { file: name, directory } = options;
  const yaml = parseYaml(text);
  refuse(name, yaml, yaml.mistakes, [], 'the rest of the file is checked once YAML can read it');
  const declared = readTree(yaml, () => undefined);
  const variables = createVariables(memberOf(declared.root, 'variables'), declared.textAt, {
    vars: options.vars ?? {},
    files: options.varFiles ?? [],
    env: options.env ?? {},
  });
  const tree = readTree(yaml, (written, path) =>
    path[0] === 'variables' ? refuseVariables(written, path) : interpolate(written, variables),
  );
  if (!tree.complete) refuse(name, yaml, tree.mistakes);
  if (tree.root === null) throw new AppError('usage', `${name}: the file is empty`, { hint: HOW_TO_BEGIN });
  const root = dropEmptySections(tree.root);
  const { file, mistakes } = checkFile(root, tree, options.kinds, (offset) => yaml.positionOf(offset).line);
  const redact = createRedactor(variables.secrets());
  const masked = [...tree.mistakes, ...mistakes].map((mistake) => ({ ...mistake, text: redact(mistake.text) }));
  refuse(name, yaml, masked, findUnused(variables));
  if (file === undefined) throw new Error('the schema refused the file, and gave no reason');
  const source = { root, textAt: tree.textAt };
  return buildScenario(file, { file: name, directory, secrets: variables.secrets(), source });
}

/** What is declared is not made of other variables: which of them would come first? */
function refuseVariables(text: string, path: Path): Filled | undefined {
  const index = text.indexOf('${');
  if (index < 0 || path[2] !== 'default') return undefined;
  const problem = 'a default under "variables" is taken as it is: it cannot use other variables';
  return { text, whole: false, problems: [{ index, text: problem }] };
}

function dropEmptySections(root: Json): Json {
  if (!isMap(root)) return root;
  return Object.fromEntries(Object.entries(root).filter(([key, value]) => value !== null || NEVER_EMPTY.has(key)));
}

function findUnused(variables: Variables): string[] {
  const known = variables.known();
  return variables
    .unused()
    .map((name) => `--var ${name}: the scenario has no variable of this name${didYouMean(name, known)}`);
}
