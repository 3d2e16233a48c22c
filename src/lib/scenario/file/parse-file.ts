import type { z } from 'zod';
import { AppError } from '../../errors/app-error.ts';
import type { Json } from '../../events/json.ts';
import type { Environment } from '../../runtime/environment.ts';
import type { Checking } from '../checks/checking.ts';
import { isMap, memberOf } from '../checks/raw.ts';
import { didYouMean } from '../mistakes/did-you-mean.ts';
import { explainIssues, type Source } from '../mistakes/explain.ts';
import type { Mistake, Path, Report } from '../mistakes/mistake.ts';
import { refuse } from '../mistakes/refuse.ts';
import { PARSING } from '../mistakes/what-is-right.ts';
import { createRedactor } from '../redact.ts';
import { interpolate } from '../variables/interpolate.ts';
import type { VariableValues } from '../variables/var-file.ts';
import { createVariables, type Variables } from '../variables/variables.ts';
import { parseYaml } from '../yaml/parse.ts';
import { readTree, type Filled, type Tree } from '../yaml/tree.ts';
import type { ScenarioKinds } from './kinds.ts';
import { NamedFiles, type ReadFile } from './named-files.ts';

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
  /** How files that it names are read; without it nobody looks whether they are there. */
  readonly readFile?: ReadFile | undefined;
}

/** One of the formats that are written in YAML with variables. */
export interface FileFormat<File> {
  /** What the file as a whole is called in a sentence. */
  readonly whole: string;
  /** The sections that cannot stand there empty; of the others all items may be commented out. */
  readonly neverEmpty: ReadonlySet<string>;
  /** The hint for an empty file. */
  readonly howToBegin: string;
  schema(kinds: ScenarioKinds): z.ZodType<File>;
  /** What the schema cannot see; also when the schema has refused the file, and `file` is undefined. */
  check(checking: Checking, file: File | undefined): void;
}

/** A file that is right, after its schema. */
export interface ParsedFile<File> {
  readonly file: File;
  readonly source: Source;
  readonly files: NamedFiles;
  /** The values of variables marked secret. */
  readonly secrets: readonly string[];
}

/**
 * Takes a text from YAML through variables, schema and checks. Throws one AppError `usage` with all mistakes that are in it, a line each:
 * `file:line:column  what is wrong, and what would be right`. No line shows the value of a secret.
 */
export function parseFile<File>(text: string, options: ParseOptions, format: FileFormat<File>): ParsedFile<File> {
  const { file: name, directory, kinds } = options;
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
  if (tree.root === null) throw new AppError('usage', `${name}: the file is empty`, { hint: format.howToBegin });
  const source = { root: dropEmptySections(tree.root, format.neverEmpty), textAt: tree.textAt, whole: format.whole };
  const files = new NamedFiles(directory, options.readFile);
  const lineAt = (offset: number): number => yaml.positionOf(offset).line;
  const { file, mistakes } = checkFile(source, tree, { kinds, files, lineAt }, format);
  const redact = createRedactor(variables.secrets());
  const masked = [...tree.mistakes, ...mistakes].map((mistake) => ({ ...mistake, text: redact(mistake.text) }));
  refuse(name, yaml, masked, findUnused(variables, format.whole));
  if (file === undefined) throw new Error('the schema refused the file, and gave no reason');
  return { file, source, files, secrets: variables.secrets() };
}

interface Around {
  readonly kinds: ScenarioKinds;
  readonly files: NamedFiles;
  readonly lineAt: (offset: number) => number;
}

/** Holds a file against its schema, and against what its format checks beside. */
function checkFile<File>(
  source: Source,
  tree: Tree,
  { kinds, files, lineAt }: Around,
  format: FileFormat<File>,
): { readonly file: File | undefined; readonly mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = [];
  const report: Report = (path, text, spot) => {
    if (!tree.isBroken(path)) mistakes.push({ offset: tree.offsetOf(path, spot), text });
  };
  const checked = format.schema(kinds).safeParse(source.root, PARSING);
  explainIssues(checked.error?.issues ?? [], source, report);
  const lineOf = (path: Path): number => lineAt(tree.offsetOf(path));
  format.check({ root: source.root, kinds, files, report, lineOf }, checked.data);
  return { file: checked.data, mistakes };
}

/** What is declared is not made of other variables: which of them would come first? */
function refuseVariables(text: string, path: Path): Filled | undefined {
  const index = text.indexOf('${');
  if (index < 0 || path[2] !== 'default') return undefined;
  const problem = 'a default under "variables" is taken as it is: it cannot use other variables';
  return { text, whole: false, problems: [{ index, text: problem }] };
}

function dropEmptySections(root: Json, neverEmpty: ReadonlySet<string>): Json {
  if (!isMap(root)) return root;
  return Object.fromEntries(Object.entries(root).filter(([key, value]) => value !== null || neverEmpty.has(key)));
}

function findUnused(variables: Variables, whole: string): string[] {
  const known = variables.known();
  return variables
    .unused()
    .map((name) => `--var ${name}: ${whole} has no variable of this name${didYouMean(name, known)}`);
}
