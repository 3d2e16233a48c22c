import { AppError, messageOf } from '../errors/app-error.ts';
import type { BoundFault, FaultKind } from '../faults/fault.ts';
import { findFaultKind } from '../faults/registry.ts';
import { resolveTarget, type ServicesPort } from '../faults/resolve-target.ts';
import { requireSafe } from '../faults/safety.ts';
import { formatTarget, type FaultHost } from '../faults/targets.ts';
import type { AllowList } from '../faults/safety.ts';
import type { ProcessRef } from '../runtime/processes.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import { RunStopped } from './ending.ts';
import type { PreparedFault } from './injections.ts';
import type { RunLog } from './run-log.ts';
import { formatTargetSpec } from './plan-document.ts';

/** What finding and checking targets needs; a run has it, and so has `chaos plan`. */
export interface PreparationContext {
  readonly kinds: readonly FaultKind[];
  readonly host: FaultHost;
  readonly allowList: AllowList;
  readonly assumeYes: boolean;
  readonly services: ServicesPort;
  isOwn(process: ProcessRef): boolean;
}

/** A fault that cannot work, and why. */
export interface RefusedFault {
  readonly planned: PlannedFault;
  readonly target: string;
  readonly why: string;
  readonly hint: string | undefined;
}

/**
 * Finds the target of every fault, refuses targets that must not be hurt, and asks every kind whether it can work here; changes nothing.
 * Throws AppError `usage` for targets that are refused for safety: nothing may be injected then, whatever else is in order.
 */
export async function prepareAll(
  faults: readonly PlannedFault[],
  context: PreparationContext,
): Promise<{ readonly ready: PreparedFault[]; readonly refused: RefusedFault[] }> {
  const ready: PreparedFault[] = [];
  const refused: RefusedFault[] = [];
  for (const planned of faults) {
    try {
      const kind = findFaultKind(context.kinds, planned.kind);
      const bind = (): BoundFault => kind.bind(planned.params, resolveTarget(planned.target, context.services));
      ready.push({ planned, kind, bound: bind(), bindAgain: bind });
    } catch (error) {
      const hint = error instanceof AppError ? error.hint : undefined;
      refused.push({ planned, target: formatTargetSpec(planned.target), why: messageOf(error), hint });
    }
  }
  requireSafe(
    ready.map(({ bound }) => bound.target),
    { isOwn: (process) => context.isOwn(process), allowList: context.allowList, assumeYes: context.assumeYes },
  );
  const able: PreparedFault[] = [];
  for (const fault of ready) {
    const check = await fault.bound.check(context.host);
    if (check.ok) able.push(fault);
    else
      refused.push({
        planned: fault.planned,
        target: formatTarget(fault.bound.target),
        why: check.why,
        hint: check.remedy,
      });
  }
  return { ready: able, refused };
}

/** As `prepareAll`, for a run: one fault that cannot work makes the run invalid before anything is injected. */
export async function prepareFaults(
  faults: readonly PlannedFault[],
  context: PreparationContext,
  log: RunLog,
): Promise<PreparedFault[]> {
  const { ready, refused } = await prepareAll(faults, context);
  for (const { planned, target, why, hint } of refused) {
    log.record({
      type: 'step.refused',
      step: planned.id,
      subject: 'fault',
      kind: planned.kind,
      target,
      error: why,
      hint,
    });
  }
  if (refused.length === 0) return ready;
  const reasons = refused.map(
    ({ planned, target, why, hint }) =>
      `fault ${planned.id} (${planned.kind} on ${target}) cannot work here: ${why}${hint ? `; ${hint}` : ''}`,
  );
  throw new RunStopped({ kind: 'not-injected', reasons });
}
