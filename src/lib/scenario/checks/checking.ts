import type { Json } from '../../events/json.ts';
import type { ScenarioKinds } from '../file/kinds.ts';
import type { NamedFiles } from '../file/named-files.ts';
import type { Path, Report } from '../mistakes/mistake.ts';
import type { Names } from './names.ts';

/** What every check needs: the file as plain data, which may be wrong in any way, and where to put what it finds. */
export interface Checking {
  readonly root: Json;
  readonly kinds: ScenarioKinds;
  readonly files: NamedFiles;
  readonly report: Report;
  /** The line of a place, to point at from another. */
  readonly lineOf: (path: Path) => number;
}

/** In a scenario things have names, by which others speak of them. */
export interface ScenarioChecking extends Checking {
  readonly names: Names;
}
