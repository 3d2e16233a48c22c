import type { Json } from '../../events/json.ts';
import type { Path, Report } from '../mistakes/mistake.ts';
import type { ScenarioKinds } from '../schema.ts';
import type { Names } from './names.ts';

/** What every check needs: the file as plain data, which may be wrong in any way, and where to put what it finds. */
export interface Checking {
  readonly root: Json;
  readonly names: Names;
  readonly kinds: ScenarioKinds;
  readonly report: Report;
  /** The line of a place, to point at from another. */
  readonly lineOf: (path: Path) => number;
}
