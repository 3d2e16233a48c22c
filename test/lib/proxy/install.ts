import { z } from 'zod';
import type { Filter } from '../../../src/lib/proxy/filter.ts';
import { InstalledFilter } from '../../../src/lib/proxy/installed-filter.ts';
import { scopeShape, type Scope } from '../../../src/lib/proxy/scope.ts';

const scopeSchema = z.strictObject(scopeShape);

/** A filter in force on nothing; `scope` as a scenario writes it. */
export function install(id: string, filter: Filter, scope: unknown = {}, seed = 1): InstalledFilter {
  const parsed: Scope = scopeSchema.parse(scope);
  return new InstalledFilter({
    id,
    kind: 'test',
    seed,
    startedMs: 0,
    bound: { filter, scope: parsed, requested: { a: 1 } },
  });
}

/** Takes a filter away as a listener does. */
export function takeAway(filter: InstalledFilter): void {
  filter.remove();
  for (const held of [...filter.held]) held.letGo();
}
