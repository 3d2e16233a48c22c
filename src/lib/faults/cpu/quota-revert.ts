import { join } from 'node:path';
import { isErrno } from '../../runtime/files.ts';
import type { FaultHost } from '../targets.ts';
import type { ControlGroups } from './control-groups.ts';
import { readBandwidth, readMembers, writeBandwidth, writeBurstUs, type CpuHierarchy } from './hierarchy.ts';
import { lookupMeasurement } from '../measured.ts';
import { upwards } from './quota-plan.ts';
import { GROUP_PREFIX, hierarchyOf, OPENED_CONTROLLER, type QuotaUndo } from './quota-undo.ts';

/** A process that is forked while its group is emptied needs another round; a group that stays busy for so long will stay so. */
const LIMIT_REMOVE_MS = 2_000;
const REMOVE_POLL_MS = 2;
/** Groups that a target made below ours go with it; nobody nests deeper than this. */
const LIMIT_DEPTH = 8;
/** How far up a forked process is followed to one that the undo names. */
const LIMIT_GENERATIONS = 32;
const DEFAULT_PERIOD_US = 100_000;

/**
 * Takes a quota back. Our group stands from before the limit until after it, so where it does not stand there is nothing to do.
 * The limit is lifted first: whatever goes wrong later, nobody is starved any longer.
 */
export async function revertQuota(undo: QuotaUndo, host: FaultHost, groups: ControlGroups): Promise<void> {
  lookupMeasurement(undo.mark)?.freeze();
  const hierarchy = hierarchyOf(undo, host);
  const ours = join(hierarchy.directory, undo.group);
  if (groups.has(ours)) {
    if (undo.inPlace) restoreInPlace(undo.inPlace, hierarchy, groups);
    else
      unlessGone(() => writeBandwidth(groups, undo.version, ours, { quotaUs: undefined, periodUs: DEFAULT_PERIOD_US }));
    await empty(ours, undo, hierarchy, host, groups);
  }
  if (undo.version === 2) closeController(hierarchy, groups);
}

function restoreInPlace(
  inPlace: NonNullable<QuotaUndo['inPlace']>,
  hierarchy: CpuHierarchy,
  groups: ControlGroups,
): void {
  const theirs = join(hierarchy.directory, inPlace.group);
  const { quotaUs, periodUs, burstUs } = inPlace;
  unlessGone(() => {
    writeBandwidth(groups, hierarchy.version, theirs, { quotaUs: quotaUs ?? undefined, periodUs });
    if (burstUs > 0) writeBurstUs(groups, hierarchy.version, theirs, burstUs);
  });
}

/** Moves everybody out, and removes the group, again and again until it is gone or the time is up. */
async function empty(
  ours: string,
  undo: QuotaUndo,
  hierarchy: CpuHierarchy,
  host: FaultHost,
  groups: ControlGroups,
): Promise<void> {
  const deadlineMs = host.clock.monotonicMs() + LIMIT_REMOVE_MS;
  for (;;) {
    const busy = tryRemove(ours, undo, hierarchy, groups, 0);
    if (!busy) return;
    if (host.clock.monotonicMs() > deadlineMs) throw busy;
    await host.clock.sleep(REMOVE_POLL_MS);
  }
}

function tryRemove(
  directory: string,
  undo: QuotaUndo,
  hierarchy: CpuHierarchy,
  groups: ControlGroups,
  depth: number,
): Error | undefined {
  if (depth < LIMIT_DEPTH) {
    for (const name of groups.children(directory)) tryRemove(join(directory, name), undo, hierarchy, groups, depth + 1);
  }
  for (const pid of readMembers(groups, directory)) moveHome(pid, undo, hierarchy, groups);
  try {
    groups.remove(directory);
    return undefined;
  } catch (error) {
    if (error instanceof Error && (isErrno(error, 'EBUSY') || isErrno(error, 'ENOTEMPTY'))) return error;
    throw error;
  }
}

/** Back to where the process was, or the nearest group above that takes it: its own may be gone by now. */
function moveHome(pid: number, undo: QuotaUndo, hierarchy: CpuHierarchy, groups: ControlGroups): void {
  for (const group of upwards(homeOf(pid, undo, groups))) {
    try {
      groups.write(join(hierarchy.directory, group, 'cgroup.procs'), String(pid));
      return;
    } catch (error) {
      if (isErrno(error, 'ESRCH')) return;
      // Gone, or (version 2) a group that has children with limits and takes no members.
      const isElsewhere = ['ENOENT', 'ENODEV', 'EBUSY', 'EOPNOTSUPP'].some((code) => isErrno(error, code));
      if (!isElsewhere || group === '/') throw error;
    }
  }
}

/** Processes that were forked during the fault go where their nearest ancestor came from. */
function homeOf(pid: number, undo: QuotaUndo, groups: ControlGroups): string {
  let at: { pid: number; startTicks: number } | undefined = { pid, startTicks: groups.startTicksOf(pid) ?? -1 };
  for (let i = 0; at && i < LIMIT_GENERATIONS; i++) {
    const { pid: atPid, startTicks } = at;
    const recorded = undo.processes.find((process) => process[0] === atPid && process[1] === startTicks);
    if (recorded) return undo.homes[recorded[2]] ?? '/';
    at = groups.parentOf(atPid);
  }
  return undo.homes[0] ?? '/';
}

/**
 * Closes the controller that we opened in the root of version 2, once no group of ours is left there; unless somebody else has come to
 * rely on it.
 */
function closeController({ directory }: CpuHierarchy, groups: ControlGroups): void {
  const opened = join(directory, OPENED_CONTROLLER);
  if (!groups.has(opened)) return;
  const others = groups.children(directory).filter((name) => name !== OPENED_CONTROLLER);
  if (others.some((name) => name.startsWith(GROUP_PREFIX))) return;
  if (!others.some((name) => reliesOnController(groups, join(directory, name)))) {
    try {
      groups.write(join(directory, 'cgroup.subtree_control'), '-cpu');
    } catch (error) {
      // Groups below hand it on to their own children by now.
      if (!isErrno(error, 'EBUSY')) throw error;
    }
  }
  groups.remove(opened);
}

function reliesOnController(groups: ControlGroups, directory: string): boolean {
  const weight = groups.read(join(directory, 'cpu.weight'))?.trim();
  return readBandwidth(groups, 2, directory)?.quotaUs !== undefined || (weight !== undefined && weight !== '100');
}

function unlessGone(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ENODEV')) throw error;
  }
}
