import type { Json } from '../../events/json.ts';
import { buildSteps } from '../file/build.ts';
import { explainIssues } from '../mistakes/explain.ts';
import type { Mistake, Report } from '../mistakes/mistake.ts';
import { PARSING } from '../mistakes/what-is-right.ts';
import { layOut } from '../plan.ts';
import { scenarioSchema, type ScenarioFile, type ScenarioKinds } from '../schema.ts';
import type { Tree } from '../yaml/tree.ts';
import { collectNames, type Names } from './names.ts';
import { memberOf } from './raw.ts';
import { checkReferences } from './references.ts';

export interface CheckedFile {
  /** Undefined when the schema refused it. */
  readonly file: ScenarioFile | undefined;
  readonly mistakes: readonly Mistake[];
}

type Schema = ReturnType<typeof scenarioSchema>;

/** A schema takes a while to build, and one process checks many files. */
const schemas = new WeakMap<ScenarioKinds, Schema>();

/** Holds a file against the schema, its names against each other, and its method against the time axis. */
export function checkFile(
  root: Json,
  tree: Tree,
  kinds: ScenarioKinds,
  lineAt: (offset: number) => number,
): CheckedFile {
  const mistakes: Mistake[] = [];
  const report: Report = (path, text, spot) => {
    if (!tree.isBroken(path)) mistakes.push({ offset: tree.offsetOf(path, spot), text });
  };
  const schema = schemas.get(kinds) ?? scenarioSchema(kinds);
  schemas.set(kinds, schema);
  const checked = schema.safeParse(root, PARSING);
  explainIssues(checked.error?.issues ?? [], { root, textAt: tree.textAt }, report);
  const names = collectNames(root);
  checkReferences({ root, names, kinds, report, lineOf: (path) => lineAt(tree.offsetOf(path)) });
  checkLayout(root, checked.data, schema, names, report);
  return { file: checked.data, mistakes };
}

/** Also when other sections are wrong: the method alone decides. */
function checkLayout(root: Json, file: ScenarioFile | undefined, schema: Schema, names: Names, report: Report): void {
  const method = file?.method ?? schema.shape.method.safeParse(memberOf(root, 'method'), PARSING).data;
  const { problems } = layOut(buildSteps(method ?? [], names, ['method']));
  for (const { path, text } of problems) report(path, text);
}
