import type { Reverter } from '../experiment/recover.ts';
import { revertService } from '../experiment/run-services.ts';
import { findFaultKind } from '../faults/registry.ts';
import { realClock } from '../runtime/clock.ts';
import { allFaultKinds, createFaultHost } from './kinds.ts';

/** Takes back anything that a journal holds, in a process that has no part in the run. Services get `graceMs` from SIGTERM to SIGKILL. */
export function createReverter(graceMs: number): Reverter {
  const kinds = allFaultKinds();
  const host = createFaultHost();
  return async ({ subject, kind, undo }) => {
    if (subject === 'service') await revertService(undo, { clock: realClock, graceMs });
    else await findFaultKind(kinds, kind).revert(undo, host);
  };
}
