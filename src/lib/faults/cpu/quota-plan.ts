import { dirname, join } from 'node:path';
import { formatPercent } from '../../wire/quantities.ts';
import { formatFaultMark } from '../../runtime/marks.ts';
import type { Check, InjectionContext } from '../fault.ts';
import type { FaultHost, TargetProcess } from '../targets.ts';
import type { ControlGroups } from './control-groups.ts';
import {
  lookupCpuHierarchy,
  parseMembership,
  readBandwidth,
  readBurstUs,
  readHandedControllers,
  readMembers,
  type CpuHierarchy,
} from './hierarchy.ts';
import type { QuotaParams } from './params.ts';
import { GROUP_PREFIX, groupName, LIMIT_PROCESSES, LIMIT_UNDO_BYTES, type QuotaUndo } from './quota-undo.ts';

export type Refusal = Extract<Check, { ok: false }>;
export type QuotaPlan = { readonly ok: true; readonly undo: QuotaUndo } | Refusal;

/** Control groups nest a handful deep; this only ends a walk through a broken tree. */
const LIMIT_DEPTH = 32;

/** A process, and the group that it is in before the fault. */
interface Member {
  readonly process: TargetProcess;
  readonly home: string;
}

interface Placement {
  readonly group: string;
  readonly inPlace: QuotaUndo['inPlace'];
  readonly opensController: boolean;
  /** What has to be writable for inject and for revert. */
  readonly writes: readonly string[];
}

/**
 * Decides where the limit goes, reading only.
 *
 *   a group of their own (a container, a service)     →  change its limit in place
 *   version 1, among other processes                  →  a new group below theirs, and they move down into it
 *   version 2, among other processes                  →  a new group beside theirs: groups with members have no children there
 */
export function planQuota(
  params: QuotaParams,
  processes: readonly TargetProcess[],
  host: FaultHost,
  context: Pick<InjectionContext, 'run' | 'id'>,
  groups: ControlGroups,
): QuotaPlan {
  const hierarchy = lookupCpuHierarchy(host.cgroupRoot, groups);
  if (!hierarchy) return noController(host);
  const members = findMembers(processes, hierarchy, groups);
  if (!Array.isArray(members)) return members;
  const homes = [...new Set(members.map(({ home }) => home))];
  const refusal = refuseLimited(params, homes, hierarchy, groups);
  if (refusal) return refusal;

  const placement =
    placeInPlace(members, homes, hierarchy, groups, context) ?? placeInOwnGroup(homes, hierarchy, groups, context);
  if ('ok' in placement) return placement;
  const closed = placement.writes.find((path) => !groups.mayWrite(path));
  if (closed !== undefined) return notWritable(closed);

  const undo: QuotaUndo = {
    mode: 'quota',
    mark: formatFaultMark(context.run, context.id),
    version: hierarchy.version,
    mount: hierarchy.mount,
    group: placement.group,
    inPlace: placement.inPlace,
    opensController: placement.opensController,
    homes,
    processes: members.map(({ process, home }) => [process.pid, process.startTicks, homes.indexOf(home)]),
  };
  return JSON.stringify(undo).length > LIMIT_UNDO_BYTES ? tooMany(members.length) : { ok: true, undo };
}

export function noController(host: FaultHost): Refusal {
  return {
    ok: false,
    why: `no control group hierarchy with the CPU controller is mounted under ${host.cgroupRoot}`,
    remedy: 'run where cgroups are mounted (version 1 or 2, with CFS bandwidth), or take CPU from the host with `load`',
  };
}

export function notWritable(path: string): Refusal {
  return {
    ok: false,
    why: `${path} cannot be written`,
    remedy: 'run as root; in a container, also mount /sys/fs/cgroup writable (docker run --privileged --cgroupns=host)',
  };
}

function tooMany(count: number): Refusal {
  return {
    ok: false,
    why: `${count} processes in too many control groups to keep an undo for (at most ${LIMIT_PROCESSES} processes)`,
    remedy: 'aim at fewer processes with one fault: by pid or by service, not by a common name',
  };
}

function findMembers(
  processes: readonly TargetProcess[],
  hierarchy: CpuHierarchy,
  groups: ControlGroups,
): Member[] | Refusal {
  if (processes.length > LIMIT_PROCESSES) return tooMany(processes.length);
  const mountedGroup = groups.mountedGroup(hierarchy.directory);
  const members: Member[] = [];
  for (const process of processes) {
    const text = groups.membershipOf(process.pid);
    if (text === undefined || !groups.isAlive(process)) continue;
    const home = parseMembership(text, hierarchy.version, mountedGroup);
    if (home === undefined || !groups.has(join(hierarchy.directory, home))) return outside(process, hierarchy);
    if (home.includes(`/${GROUP_PREFIX}`)) return taken(process, home);
    members.push({ process, home });
  }
  return members.length > 0 ? members : allGone(processes);
}

function outside(process: TargetProcess, hierarchy: CpuHierarchy): Refusal {
  return {
    ok: false,
    why: `the control group of ${process.name} (pid ${process.pid}) cannot be seen under ${hierarchy.directory}`,
    remedy: 'run faultline outside of the container, or in the control group namespace of the host',
  };
}

function taken(process: TargetProcess, group: string): Refusal {
  return {
    ok: false,
    why: `${process.name} (pid ${process.pid}) is under a quota of faultline already: ${group}`,
    remedy: 'let one quota end before the next begins; `chaos rollback` takes away what a dead run left',
  };
}

function allGone(processes: readonly TargetProcess[]): Refusal {
  const names = processes.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
  return {
    ok: false,
    why: processes.length === 0 ? 'the target has no process' : `no process is left of ${names}`,
    remedy: 'start the target before the fault, and see that it stays up',
  };
}

/** A quota that lets the processes have no less than a limit that they are under already changes nothing, or lifts that limit. */
function refuseLimited(
  params: QuotaParams,
  homes: readonly string[],
  hierarchy: CpuHierarchy,
  groups: ControlGroups,
): Refusal | undefined {
  for (const group of homes.flatMap((home) => [...upwards(home)])) {
    const limit = readBandwidth(groups, hierarchy.version, join(hierarchy.directory, group));
    if (limit?.quotaUs === undefined) continue;
    const percent = (100 * limit.quotaUs) / limit.periodUs;
    if (percent > params.percent) continue;
    return {
      ok: false,
      why: `control group ${group} already limits the target to ${formatPercent(percent)} of a core`,
      remedy: `ask for a quota below ${formatPercent(percent)}`,
    };
  }
  return undefined;
}

/** Only where the group holds the targets and nobody else, below it included. */
function placeInPlace(
  members: readonly Member[],
  homes: readonly string[],
  hierarchy: CpuHierarchy,
  groups: ControlGroups,
  context: Pick<InjectionContext, 'run' | 'id'>,
): Placement | Refusal | undefined {
  const [home = '/', ...others] = homes;
  if (home === '/' || others.length > 0) return undefined;
  const directory = join(hierarchy.directory, home);
  const targets = new Set(members.map(({ process }) => process.pid));
  const limit = readBandwidth(groups, hierarchy.version, directory);
  if (!limit || !membersBelow(groups, directory).every((pid) => targets.has(pid))) return undefined;
  const other = groups.children(directory).find((name) => name.startsWith(GROUP_PREFIX));
  const [first] = members;
  if (other !== undefined && first) return taken(first.process, join(home, other));
  const burstUs = readBurstUs(groups, hierarchy.version, directory);
  return {
    group: join(home, groupName(context)),
    inPlace: { group: home, quotaUs: limit.quotaUs ?? null, periodUs: limit.periodUs, burstUs },
    opensController: false,
    writes: [directory, join(directory, hierarchy.version === 1 ? 'cpu.cfs_quota_us' : 'cpu.max')],
  };
}

function placeInOwnGroup(
  homes: readonly string[],
  hierarchy: CpuHierarchy,
  groups: ControlGroups,
  context: Pick<InjectionContext, 'run' | 'id'>,
): Placement | Refusal {
  const { version, directory } = hierarchy;
  const common = commonAncestor(homes);
  const parent = version === 1 ? common : handingAncestor(common, homes, hierarchy, groups);
  const handsCpu = version === 1 || readHandedControllers(groups, join(directory, parent)).includes('cpu');
  // Only the real root may both have members and hand controllers down; the root of a namespace has a type, the real one has none.
  const isNamespaced = groups.read(join(directory, 'cgroup.type')) !== undefined;
  if (!handsCpu && isNamespaced && readMembers(groups, directory).length > 0) return cannotOpen(directory);
  return {
    group: join(parent, groupName(context)),
    inPlace: null,
    opensController: !handsCpu,
    writes: [
      join(directory, parent),
      ...homes.map((home) => join(directory, home, 'cgroup.procs')),
      ...(handsCpu ? [] : [join(directory, 'cgroup.subtree_control')]),
    ],
  };
}

function cannotOpen(directory: string): Refusal {
  return {
    ok: false,
    why: `${directory} is not the root of the host and does not hand the CPU controller to groups below it`,
    remedy: 'run faultline on the host, or in the control group namespace of the host (docker run --cgroupns=host)',
  };
}

/** The nearest group above in which a group with a limit may be made, so that limits further up stay in force; else the root. */
function handingAncestor(
  common: string,
  homes: readonly string[],
  hierarchy: CpuHierarchy,
  groups: ControlGroups,
): string {
  for (const group of upwards(common)) {
    const isHome = homes.includes(group);
    if (!isHome && readHandedControllers(groups, join(hierarchy.directory, group)).includes('cpu')) return group;
  }
  return '/';
}

function membersBelow(groups: ControlGroups, directory: string, depth = 0): number[] {
  if (depth > LIMIT_DEPTH) return [];
  const below = groups.children(directory).flatMap((name) => membersBelow(groups, join(directory, name), depth + 1));
  return [...readMembers(groups, directory), ...below];
}

/** `/a/b` → `/a/b`, `/a`, `/`. */
export function* upwards(group: string): Generator<string> {
  for (let at = group; ; at = dirname(at)) {
    yield at;
    if (at === '/') return;
  }
}

function commonAncestor(homes: readonly string[]): string {
  const [first = '/', ...rest] = homes;
  for (const group of upwards(first)) {
    const prefix = group === '/' ? '/' : `${group}/`;
    if (rest.every((home) => home === group || home.startsWith(prefix))) return group;
  }
  return '/';
}
