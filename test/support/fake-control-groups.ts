import { basename, dirname } from 'node:path';
import type { ControlGroups } from '../../src/lib/faults/cpu/control-groups.ts';
import type { ProcessRef } from '../../src/lib/runtime/processes.ts';

interface FakeProcess extends ProcessRef {
  readonly ppid: number;
  group: string;
}

const V1_FILES: Readonly<Record<string, string>> = {
  'cpu.cfs_quota_us': '-1\n',
  'cpu.cfs_period_us': '100000\n',
  'cpu.cfs_burst_us': '0\n',
  'cpu.stat': 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n',
};
const V2_CPU_FILES: Readonly<Record<string, string>> = {
  'cpu.max': 'max 100000\n',
  'cpu.max.burst': '0\n',
  'cpu.weight': '100\n',
  'cpu.stat': 'usage_usec 0\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n',
};

/**
 * Control groups in memory, with the rules of the kernel that matter to a quota: what may be written where, who may be moved where,
 * what is busy (cgroups(7), Documentation/admin-guide/cgroup-v2.rst).
 */
export class FakeControlGroups implements ControlGroups {
  readonly version: 1 | 2;
  readonly root: string;
  readonly directories = new Map<string, Map<string, string>>();
  readonly processes = new Map<number, FakeProcess>();
  /** Everything that was changed, in order. */
  readonly changes: string[] = [];
  /** Paths that may not be written. */
  readonly closed = new Set<string>();
  /** Groups whose removal fails so many times, as when a process is forked meanwhile. */
  readonly busyFor = new Map<string, number>();
  mounted = '/';

  constructor(version: 1 | 2, root: string) {
    this.version = version;
    this.root = root;
    this.directories.set(root, new Map(Object.entries(version === 1 ? V1_FILES : {})));
    if (version === 2) {
      this.#files(root).set('cgroup.controllers', 'cpu memory\n').set('cgroup.subtree_control', '\n');
    }
  }

  /** Makes a group and all above it, as an administrator would have. */
  addGroup(group: string, files: Readonly<Record<string, string>> = {}): void {
    if (group !== '/' && !this.directories.has(this.at(dirname(group)))) this.addGroup(dirname(group));
    if (!this.directories.has(this.at(group))) this.make(this.at(group));
    for (const [name, text] of Object.entries(files)) this.#files(this.at(group)).set(name, `${text}\n`);
  }

  /** Lets a group of version 2 hand the CPU controller to its children. */
  handDown(group: string): void {
    this.write(`${this.at(group)}/cgroup.subtree_control`.replace('//', '/'), '+cpu');
  }

  /** The same where the version knows it. */
  handDownIfAny(group: string): void {
    if (this.version === 2) this.handDown(group);
  }

  addProcess(pid: number, group: string, ppid = 1): ProcessRef {
    this.processes.set(pid, { pid, startTicks: pid * 10, ppid, group: this.at(group) });
    return { pid, startTicks: pid * 10 };
  }

  groupOf(pid: number): string | undefined {
    const directory = this.processes.get(pid)?.group;
    return directory === undefined ? undefined : this.#relative(directory);
  }

  value(group: string, file: string): string | undefined {
    return this.read(`${this.at(group)}/${file}`)?.trim();
  }

  /** The whole state as text: equal before and after when everything was put back. */
  fingerprint(): string {
    const groups = [...this.directories].map(([path, files]) => [path, [...files]] as const);
    return JSON.stringify([groups.sort(), [...this.processes.values()]]);
  }

  at(group: string): string {
    return group === '/' ? this.root : `${this.root}${group}`;
  }

  read(path: string): string | undefined {
    const directory = dirname(path);
    if (!this.directories.has(directory)) return undefined;
    if (basename(path) === 'cgroup.procs') return this.#membersOf(directory).join('\n');
    return this.#files(directory).get(basename(path));
  }

  write(path: string, text: string): void {
    const [directory, file] = [dirname(path), basename(path)];
    if (this.closed.has(path)) throw errno('EACCES', path);
    if (!this.directories.has(directory)) throw errno('ENOENT', path);
    if (file === 'cgroup.procs') this.#move(Number(text), directory);
    else if (file === 'cgroup.subtree_control') this.#hand(text, directory);
    else this.#set(directory, file, text);
    this.changes.push(`${path.slice(this.root.length)} = ${text}`);
  }

  has(directory: string): boolean {
    return this.directories.has(withoutSlash(directory));
  }

  make(directory: string): void {
    if (this.directories.has(directory)) return;
    if (!this.directories.has(dirname(directory))) throw errno('ENOENT', directory);
    const files = new Map<string, string>(this.version === 1 ? Object.entries(V1_FILES) : []);
    if (this.version === 2) {
      files.set('cgroup.subtree_control', '\n').set('cgroup.type', 'domain\n');
      if (this.#hands(dirname(directory)))
        for (const [name, text] of Object.entries(V2_CPU_FILES)) files.set(name, text);
    }
    this.directories.set(directory, files);
    this.changes.push(`mkdir ${this.#relative(directory)}`);
  }

  remove(directory: string): void {
    if (!this.directories.has(directory)) return;
    const busy = this.busyFor.get(directory) ?? 0;
    this.busyFor.set(directory, busy - 1);
    if (busy > 0 || this.#membersOf(directory).length > 0 || this.children(directory).length > 0) {
      throw errno('EBUSY', directory);
    }
    this.directories.delete(directory);
    this.changes.push(`rmdir ${this.#relative(directory)}`);
  }

  children(directory: string): string[] {
    return [...this.directories.keys()]
      .filter((path) => dirname(path) === directory && path !== directory)
      .map((path) => basename(path));
  }

  mayWrite(path: string): boolean {
    return !this.closed.has(withoutSlash(path));
  }

  membershipOf(pid: number): string | undefined {
    const group = this.groupOf(pid);
    if (group === undefined) return undefined;
    const seen = this.mounted === '/' ? group : `${this.mounted}${group === '/' ? '' : group}`;
    return this.version === 1 ? `4:memory:/\n1:cpu:${seen}\n0::/\n` : `0::${seen}\n`;
  }

  isAlive(ref: ProcessRef): boolean {
    return this.processes.get(ref.pid)?.startTicks === ref.startTicks;
  }

  parentOf(pid: number): ProcessRef | undefined {
    return this.processes.get(this.processes.get(pid)?.ppid ?? 0);
  }

  startTicksOf(pid: number): number | undefined {
    return this.processes.get(pid)?.startTicks;
  }

  mountedGroup(): string {
    return this.mounted;
  }

  #files(directory: string): Map<string, string> {
    const files = this.directories.get(directory);
    if (!files) throw errno('ENOENT', directory);
    return files;
  }

  #membersOf(directory: string): number[] {
    return [...this.processes.values()].filter(({ group }) => group === directory).map(({ pid }) => pid);
  }

  #move(pid: number, directory: string): void {
    const process = this.processes.get(pid);
    if (!process) throw errno('ESRCH', String(pid));
    // No internal processes: only the root may both have members and hand controllers to children.
    if (this.version === 2 && directory !== this.root && this.#hands(directory)) throw errno('EBUSY', directory);
    process.group = directory;
  }

  #hand(text: string, directory: string): void {
    const children = this.children(directory).map((name) => this.#files(`${directory}/${name}`));
    if (text === '+cpu') {
      if (directory !== this.root && this.#membersOf(directory).length > 0) throw errno('EBUSY', directory);
      this.#files(directory).set('cgroup.subtree_control', 'cpu\n');
      for (const files of children) {
        for (const [name, value] of Object.entries(V2_CPU_FILES)) if (!files.has(name)) files.set(name, value);
      }
      return;
    }
    if (text !== '-cpu') throw errno('EINVAL', text);
    if (children.some((files) => files.get('cgroup.subtree_control') === 'cpu\n')) throw errno('EBUSY', directory);
    this.#files(directory).set('cgroup.subtree_control', '\n');
    for (const files of children) for (const name of Object.keys(V2_CPU_FILES)) files.delete(name);
  }

  #set(directory: string, file: string, text: string): void {
    const files = this.#files(directory);
    if (!files.has(file)) throw errno('EACCES', `${directory}/${file}`);
    const before = files.get(file) ?? '';
    files.set(file, `${text}\n`);
    const refused = this.#refusal(directory);
    if (refused) {
      files.set(file, before);
      throw errno('EINVAL', `${file} = ${text}`);
    }
  }

  /** Quota and period in bounds, the burst within the quota, and (version 1) no more than the groups above allow. */
  #refusal(directory: string): boolean {
    const own = this.#limit(directory);
    if (!own) return false;
    const { quotaUs, periodUs, burstUs } = own;
    if (periodUs < 1000 || periodUs > 1_000_000) return true;
    if (quotaUs < 0) return false;
    if (quotaUs < 1000 || burstUs > quotaUs) return true;
    if (this.version === 2) return false;
    for (let above = dirname(directory); above.startsWith(this.root); above = dirname(above)) {
      const limit = this.#limit(above);
      if (limit && limit.quotaUs > 0 && quotaUs / periodUs > limit.quotaUs / limit.periodUs) return true;
    }
    return false;
  }

  #limit(directory: string): { quotaUs: number; periodUs: number; burstUs: number } | undefined {
    const files = this.#files(directory);
    const burstUs = Number(files.get('cpu.max.burst') ?? files.get('cpu.cfs_burst_us') ?? 0);
    if (this.version === 1) {
      return {
        quotaUs: Number(files.get('cpu.cfs_quota_us') ?? -1),
        periodUs: Number(files.get('cpu.cfs_period_us') ?? 100_000),
        burstUs,
      };
    }
    const [quota, period] = (files.get('cpu.max') ?? '').trim().split(' ');
    if (quota === undefined || period === undefined) return undefined;
    return { quotaUs: quota === 'max' ? -1 : Number(quota), periodUs: Number(period), burstUs };
  }

  #hands(directory: string): boolean {
    return this.directories.get(directory)?.get('cgroup.subtree_control') === 'cpu\n';
  }

  #relative(directory: string): string {
    return directory === this.root ? '/' : directory.slice(this.root.length);
  }
}

/** A file system takes `/cg/` for `/cg`. */
function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function errno(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
