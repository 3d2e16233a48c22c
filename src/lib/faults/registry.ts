import { AppError } from '../errors/app-error.ts';
import { nearest } from '../errors/nearest.ts';
import type { Check, FaultKind } from './fault.ts';
import { cpuFault } from './kinds/cpu.ts';
import { killFault } from './kinds/kill.ts';
import type { FaultHost } from './targets.ts';

/** Every kind of fault: those on processes and hosts, and the proxy's filters as faults on services. */
export function faultKinds(filterFaults: readonly FaultKind[]): FaultKind[] {
  return [...filterFaults, cpuFault, killFault];
}

export function lookupFaultKind(kinds: readonly FaultKind[], kind: string): FaultKind | undefined {
  return kinds.find((known) => known.kind === kind);
}

/** The kind of this name; throws AppError `usage` that names the nearest one. */
export function findFaultKind(kinds: readonly FaultKind[], kind: string): FaultKind {
  const found = lookupFaultKind(kinds, kind);
  if (found) return found;
  const names = kinds.map((known) => known.kind);
  const near = nearest(kind, names);
  throw new AppError('usage', `there is no fault \`${kind}\``, {
    hint: near === undefined ? `the faults are ${names.join(', ')}` : `did you mean \`${near}\`?`,
  });
}

/** One row of `faultline doctor`. */
export interface AvailableFault {
  readonly kind: string;
  readonly summary: string;
  /** One of the kind's ways of working, such as `load` and `quota`; else what it acts on. */
  readonly mode: string;
  readonly undoneBy: FaultKind['undoneBy'];
  readonly check: Check;
}

/** Which faults can work on this machine, and what to install or allow for the others; reads only. */
export function describeAvailability(kinds: readonly FaultKind[], host: FaultHost): AvailableFault[] {
  return kinds.flatMap((kind) => {
    const modes = kind.availability?.(host) ?? kind.targets.map((mode) => ({ mode, check: { ok: true } as const }));
    return modes.map(({ mode, check }) => ({
      kind: kind.kind,
      summary: kind.summary,
      mode,
      undoneBy: kind.undoneBy,
      check,
    }));
  });
}
