import type { Json } from '../../events/json.ts';
import { buildSteps } from '../file/build.ts';
import { keptSchema } from '../file/kept-schema.ts';
import type { FileFormat } from '../file/parse-file.ts';
import { PARSING } from '../mistakes/what-is-right.ts';
import { layOut } from '../plan.ts';
import { scenarioSchema, type ScenarioFile } from '../schema.ts';
import type { Checking, ScenarioChecking } from './checking.ts';
import { collectNames } from './names.ts';
import { memberOf } from './raw.ts';
import { checkReferences } from './references.ts';

const schemaFor = keptSchema((kinds) => scenarioSchema(kinds));

/** The scenario file: its schema, its names against each other, and its method against the time axis. */
export const SCENARIO_FORMAT: FileFormat<ScenarioFile> = {
  whole: 'the scenario',
  neverEmpty: new Set(['version', 'name', 'method']),
  howToBegin: 'it needs at least version, name and method; `faultline scenario schema` prints the whole format',
  schema: schemaFor,
  check(checking, file) {
    const named = { ...checking, names: collectNames(checking.root) };
    checkReferences(named);
    checkLayout(named, file);
  },
};

/** Also when other sections are wrong: the method alone decides. */
function checkLayout(checking: ScenarioChecking, file: ScenarioFile | undefined): void {
  const { names, files, kinds, report } = checking;
  const method = file?.method ?? parseMethod(checking, memberOf(checking.root, 'method'));
  const { problems } = layOut(buildSteps(method ?? [], { names, files, kinds }, ['method']));
  for (const { path, text } of problems) report(path, text);
}

function parseMethod({ kinds }: Checking, method: Json | undefined): ScenarioFile['method'] | undefined {
  return schemaFor(kinds).shape.method.safeParse(method, PARSING).data;
}
