import { join } from 'node:path';
import type { ControlGroups } from './control-groups.ts';

/**
 * Where this machine has its CPU controller, and the names that its files have there (cgroups(7)).
 *
 *              version 1                      version 2
 *   mounted    ROOT/cpu or ROOT/cpu,cpuacct   ROOT or ROOT/unified
 *   quota      cpu.cfs_quota_us  20000        cpu.max  20000 100000
 *   period     cpu.cfs_period_us 100000
 *   burst      cpu.cfs_burst_us               cpu.max.burst
 *   members    cgroup.procs in any group      cgroup.procs in leaves and in the root
 */
export interface CpuHierarchy {
  readonly version: 1 | 2;
  /** The mount, relative to the root of all control groups. */
  readonly mount: string;
  /** The same, absolute. */
  readonly directory: string;
}

/** A limit in microseconds of CPU time for each period; without a quota there is none. */
export interface Bandwidth {
  readonly quotaUs: number | undefined;
  readonly periodUs: number;
}

export interface Throttling {
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledMs: number;
}

const V1_MOUNTS = ['cpu', 'cpu,cpuacct', 'cpuacct,cpu'];
const V2_MOUNTS = ['', 'unified'];

export function lookupCpuHierarchy(root: string, groups: ControlGroups): CpuHierarchy | undefined {
  for (const mount of V1_MOUNTS) {
    const directory = join(root, mount);
    if (groups.read(join(directory, 'cpu.cfs_quota_us')) !== undefined) return { version: 1, mount, directory };
  }
  for (const mount of V2_MOUNTS) {
    const directory = join(root, mount);
    if (words(groups.read(join(directory, 'cgroup.controllers'))).includes('cpu')) {
      return { version: 2, mount, directory };
    }
  }
  return undefined;
}

/**
 * The group of a process, relative to the mount, from its /proc/PID/cgroup; undefined when the mount does not show it: in a container,
 * for processes outside of it.
 *
 *   4:cpu,cpuacct:/docker/3f2a   →  version 1, `/docker/3f2a`
 *   0::/system.slice/api.service →  version 2, `/system.slice/api.service`
 */
export function parseMembership(text: string, version: 1 | 2, mountedGroup: string): string | undefined {
  for (const line of text.split('\n')) {
    const [number, controllers = '', ...rest] = line.split(':');
    const isCpu = version === 1 ? controllers.split(',').includes('cpu') : number === '0' && controllers === '';
    if (!isCpu) continue;
    const group = rest.join(':');
    if (group.startsWith('/..')) return undefined;
    if (mountedGroup === '/') return group;
    if (group === mountedGroup) return '/';
    return group.startsWith(`${mountedGroup}/`) ? group.slice(mountedGroup.length) : undefined;
  }
  return undefined;
}

/** The limit of one group, its ancestors' left aside; undefined when the group has no such switch. */
export function readBandwidth(groups: ControlGroups, version: 1 | 2, directory: string): Bandwidth | undefined {
  if (version === 2) {
    const [quota, period] = words(groups.read(join(directory, 'cpu.max')));
    if (quota === undefined || period === undefined) return undefined;
    return { quotaUs: quota === 'max' ? undefined : Number(quota), periodUs: Number(period) };
  }
  const quota = groups.read(join(directory, 'cpu.cfs_quota_us'));
  const period = groups.read(join(directory, 'cpu.cfs_period_us'));
  if (quota === undefined || period === undefined) return undefined;
  return { quotaUs: Number(quota) < 0 ? undefined : Number(quota), periodUs: Number(period) };
}

/**
 * Sets the limit of one group. In version 1 it takes several writes, each of which the kernel checks against the groups above and
 * below: without a quota in between, every intermediate state is allowed.
 */
export function writeBandwidth(groups: ControlGroups, version: 1 | 2, directory: string, bandwidth: Bandwidth): void {
  const { quotaUs, periodUs } = bandwidth;
  if (version === 2) {
    groups.write(join(directory, 'cpu.max'), `${quotaUs ?? 'max'} ${periodUs}`);
    return;
  }
  groups.write(join(directory, 'cpu.cfs_quota_us'), '-1');
  groups.write(join(directory, 'cpu.cfs_period_us'), String(periodUs));
  if (quotaUs !== undefined) groups.write(join(directory, 'cpu.cfs_quota_us'), String(quotaUs));
}

/** CPU time beyond the quota that a group may save up, in microseconds; 0 on kernels before 5.14, which have none. */
export function readBurstUs(groups: ControlGroups, version: 1 | 2, directory: string): number {
  return Number(groups.read(join(directory, burstFile(version))) ?? 0);
}

export function writeBurstUs(groups: ControlGroups, version: 1 | 2, directory: string, burstUs: number): void {
  groups.write(join(directory, burstFile(version)), String(burstUs));
}

/** How often and how long the group was made to wait, since it was made. */
export function readThrottling(groups: ControlGroups, directory: string): Throttling {
  const values = new Map<string, number>();
  for (const line of (groups.read(join(directory, 'cpu.stat')) ?? '').split('\n')) {
    const [name, value] = line.split(' ');
    if (name !== undefined && value !== undefined) values.set(name, Number(value));
  }
  const throttledNs = values.get('throttled_time') ?? (values.get('throttled_usec') ?? 0) * 1000;
  return {
    periods: values.get('nr_periods') ?? 0,
    throttledPeriods: values.get('nr_throttled') ?? 0,
    throttledMs: throttledNs / 1e6,
  };
}

/** The processes directly in a group. */
export function readMembers(groups: ControlGroups, directory: string): number[] {
  // 0 stands for a process of another pid namespace: nobody here can move it.
  return words(groups.read(join(directory, 'cgroup.procs')))
    .map(Number)
    .filter((pid) => pid > 0);
}

/** The controllers that a group of version 2 hands to its children. */
export function readHandedControllers(groups: ControlGroups, directory: string): string[] {
  return words(groups.read(join(directory, 'cgroup.subtree_control')));
}

function burstFile(version: 1 | 2): string {
  return version === 1 ? 'cpu.cfs_burst_us' : 'cpu.max.burst';
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
