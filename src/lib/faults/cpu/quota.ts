import { join } from 'node:path';
import { AppError, messageOf } from '../../errors/app-error.ts';
import type { Effect } from '../../events/run-events.ts';
import { isErrno } from '../../runtime/files.ts';
import { formatPercent } from '../../wire/quantities.ts';
import type { Availability } from '../fault.ts';
import type { FaultHost, TargetProcess } from '../targets.ts';
import type { ControlGroups } from './control-groups.ts';
import { openCpuMeter, type CpuMeter } from './cpu-meter.ts';
import {
  lookupCpuHierarchy,
  readMembers,
  readThrottling,
  writeBandwidth,
  writeBurstUs,
  type Throttling,
} from './hierarchy.ts';
import { digestDecisions, rememberMeasurement, round } from '../measured.ts';
import type { QuotaParams } from './params.ts';
import { noController, notWritable } from './quota-plan.ts';
import { hierarchyOf, OPENED_CONTROLLER, type QuotaUndo } from './quota-undo.ts';

export function quotaAvailability(host: FaultHost, groups: ControlGroups): Availability {
  const hierarchy = lookupCpuHierarchy(host.cgroupRoot, groups);
  if (!hierarchy) return { mode: 'quota', check: noController(host) };
  const writable = groups.mayWrite(hierarchy.directory);
  return { mode: 'quota', check: writable ? { ok: true } : notWritable(hierarchy.directory) };
}

export async function injectQuota(
  params: QuotaParams,
  undo: QuotaUndo,
  processes: readonly TargetProcess[],
  host: FaultHost,
  groups: ControlGroups,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  let limited: TargetProcess[];
  try {
    limited = limit(params, undo, processes, host, groups, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AppError('invalid', `cannot set a CPU quota: ${messageOf(error)}`, { cause: error });
  }
  if (limited.length === 0) throw new AppError('invalid', 'cannot set a CPU quota: every process of the target ended');
  measure(params, undo, limited, host, groups);
}

/** Makes the group and sets the limit before anything is moved, so that nobody is ever in a group that is half made. */
function limit(
  params: QuotaParams,
  undo: QuotaUndo,
  processes: readonly TargetProcess[],
  host: FaultHost,
  groups: ControlGroups,
  signal: AbortSignal,
): TargetProcess[] {
  const { version, directory } = hierarchyOf(undo, host);
  const periodUs = Math.round(params.periodMs * 1000);
  const bandwidth = { quotaUs: Math.round((params.percent / 100) * periodUs), periodUs };
  const ours = join(directory, undo.group);
  if (undo.opensController) {
    groups.make(join(directory, OPENED_CONTROLLER));
    groups.write(join(directory, 'cgroup.subtree_control'), '+cpu');
  }
  groups.make(ours);
  if (undo.inPlace) {
    const theirs = join(directory, undo.inPlace.group);
    // The kernel refuses a quota below the burst, and a burst would soften the fault.
    if (undo.inPlace.burstUs > 0) writeBurstUs(groups, version, theirs, 0);
    writeBandwidth(groups, version, theirs, bandwidth);
    return processes.filter((process) => groups.isAlive(process));
  }
  writeBandwidth(groups, version, ours, bandwidth);
  return processes.filter((process) => {
    signal.throwIfAborted();
    return groups.isAlive(process) && move(groups, process.pid, ours);
  });
}

/** Moves a process with all its threads; false when it has ended. */
function move(groups: ControlGroups, pid: number, directory: string): boolean {
  try {
    groups.write(join(directory, 'cgroup.procs'), String(pid));
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    throw error;
  }
}

function measure(
  params: QuotaParams,
  undo: QuotaUndo,
  limited: readonly TargetProcess[],
  host: FaultHost,
  groups: ControlGroups,
): void {
  const group = join(hierarchyOf(undo, host).directory, undo.inPlace?.group ?? undo.group);
  const meter = openCpuMeter(host.clock);
  for (const process of limited) meter.watch(process, 'from now');
  const before = readThrottling(groups, group);
  let frozen: Throttling | undefined;
  const throttling = (): Throttling => {
    if (frozen) return frozen;
    // Children that the processes forked since are under the limit as well.
    for (const pid of readMembers(groups, group)) {
      const startTicks = groups.startTicksOf(pid);
      if (startTicks !== undefined) meter.watch({ pid, startTicks }, 'from birth');
    }
    return subtract(readThrottling(groups, group), before);
  };
  rememberMeasurement(undo.mark, {
    effect: () => quotaEffect(params, undo, limited, throttling(), meter),
    freeze() {
      frozen ??= throttling();
      meter.freeze();
    },
  });
}

function quotaEffect(
  params: QuotaParams,
  undo: QuotaUndo,
  limited: readonly TargetProcess[],
  throttling: Throttling,
  meter: CpuMeter,
): Effect {
  const { elapsedMs, runMs, waitMs } = meter.read();
  const percentOfCore = elapsedMs > 0 ? (100 * runMs) / elapsedMs : 0;
  const bit = throttling.throttledPeriods > 0;
  return {
    touched: bit ? limited.length : 0,
    requested: { percentOfCore: params.percent, periodMs: params.periodMs },
    delivered: {
      percentOfCore: round(percentOfCore),
      waitPercent: round(elapsedMs > 0 ? (100 * waitMs) / elapsedMs : 0),
      throttledPeriods: throttling.throttledPeriods,
      throttledMs: round(throttling.throttledMs),
    },
    decisions: {
      seen: undo.processes.length,
      hit: limited.length,
      digest: digestDecisions(
        'cpu',
        limited.map(({ name }) => [name, true] as const),
      ),
    },
    note: bit
      ? undefined
      : `the quota never bit: the target wanted ${formatPercent(percentOfCore)} of a core and was allowed ${formatPercent(params.percent)}`,
  };
}

function subtract(now: Throttling, before: Throttling): Throttling {
  return {
    periods: now.periods - before.periods,
    throttledPeriods: now.throttledPeriods - before.throttledPeriods,
    throttledMs: now.throttledMs - before.throttledMs,
  };
}

export function isQuotaInForce(undo: QuotaUndo, host: FaultHost, groups: ControlGroups): boolean {
  return groups.has(join(hierarchyOf(undo, host).directory, undo.group));
}

export function describeQuotaUndo(undo: QuotaUndo): string {
  const count = undo.processes.length === 1 ? '1 process' : `${undo.processes.length} processes`;
  if (undo.inPlace) {
    const { group, quotaUs, periodUs } = undo.inPlace;
    const value = quotaUs === null ? 'no quota' : `${quotaUs} of ${periodUs} µs`;
    return `give control group ${group} (${count}) its CPU limit back: ${value}`;
  }
  return `move ${count} back to control group ${undo.homes.join(', ')} and remove ${undo.group}`;
}
