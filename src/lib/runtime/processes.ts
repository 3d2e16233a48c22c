import { readdirSync, readFileSync } from 'node:fs';

/**
 * A process that cannot be mistaken for a later one with the same number: pids are reused, (pid, start time) is not.
 * `startTicks` is field 22 of /proc/PID/stat, in clock ticks since boot (proc(5)).
 */
export interface ProcessRef {
  readonly pid: number;
  readonly startTicks: number;
}

export interface ProcessInfo extends ProcessRef {
  readonly ppid: number;
  readonly processGroup: number;
  /** The short name from /proc/PID/stat, at most 15 characters. */
  readonly name: string;
  /** The state letter: R, S, D, T, Z, X (proc(5)). */
  readonly state: string;
  readonly threads: number;
  readonly rssBytes: number;
}

export interface ProcessTimes {
  /** Nanoseconds that the process's threads spent on a CPU. */
  readonly runNs: number;
  /** Nanoseconds that they were runnable but waited for one: the direct measure of starvation. */
  readonly waitNs: number;
}

const PAGE_BYTES = 4096;
/** include/linux/sched.h */
const PF_KTHREAD = 0x0020_0000;

/** What /proc says of a process, or undefined when there is none (any more). */
export function lookupProcess(pid: number): ProcessInfo | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The name stands in parentheses and may itself hold spaces and parentheses: the last ')' ends it.
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    state: fields[0] ?? '?',
    ppid: field(4),
    processGroup: field(5),
    threads: field(20),
    startTicks: field(22),
    rssBytes: field(24) * PAGE_BYTES,
  };
}

/** Whether this very process still runs; a zombie does not. */
export function isAlive(ref: ProcessRef): boolean {
  const info = lookupProcess(ref.pid);
  return info?.startTicks === ref.startTicks && info.state !== 'Z' && info.state !== 'X';
}

/** This process, as others can name it. */
export function selfRef(): ProcessRef {
  return refOf(process.pid) ?? { pid: process.pid, startTicks: 0 };
}

export function refOf(pid: number): ProcessRef | undefined {
  const info = lookupProcess(pid);
  return info && { pid: info.pid, startTicks: info.startTicks };
}

/** Every process that /proc shows. */
export function listProcesses(): ProcessInfo[] {
  return listPids()
    .map(lookupProcess)
    .filter((info) => info !== undefined);
}

/** The command line, arguments joined by spaces; empty for kernel threads and processes that are gone. */
export function commandLineOf(pid: number): string {
  return (readProc(pid, 'cmdline') ?? '').split('\0').join(' ').trim();
}

/** The arguments a process was started with, or has since given itself; empty for kernel threads and processes that are gone. */
export function argumentsOf(pid: number): string[] {
  const parts = (readProc(pid, 'cmdline') ?? '').split('\0');
  return parts.at(-1) === '' ? parts.slice(0, -1) : parts;
}

/** The control groups that a process is in, as /proc/PID/cgroup lists them (cgroups(7)); undefined when it is gone. */
export function controlGroupsOf(pid: number): string | undefined {
  const groups = readProc(pid, 'cgroup');
  return groups === '' ? undefined : groups;
}

/** Whether it is a thread of the kernel: PF_KTHREAD in field 9 of /proc/PID/stat. */
export function isKernelThread(pid: number): boolean {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return false;
  const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6]);
  return (flags & PF_KTHREAD) !== 0;
}

/** The value of `NAME` in the environment that a process was started with; undefined when it has none, or is closed to us. */
export function markOf(pid: number, name: string): string | undefined {
  const entry = readProc(pid, 'environ')
    ?.split('\0')
    .find((text) => text.startsWith(`${name}=`));
  return entry?.slice(name.length + 1);
}

export interface Marked {
  readonly process: ProcessInfo;
  readonly value: string;
}

/** Every living process that was started with `NAME=` anything in its environment, and the value. */
export function listMarked(name: string): Marked[] {
  return listPids().flatMap((pid) => {
    const value = markOf(pid, name);
    const info = value === undefined ? undefined : lookupProcess(pid);
    if (value === undefined || !info || info.state === 'Z' || info.state === 'X') return [];
    return [{ process: info, value }];
  });
}

/**
 * Processes whose environment, as it was when they were started, holds `NAME=value`. A mark in the environment is inherited by
 * every descendant and survives new sessions and new process groups.
 */
export function findMarked(name: string, value: string): ProcessInfo[] {
  return listMarked(name)
    .filter((marked) => marked.value === value)
    .map((marked) => marked.process);
}

/** The process and all that descend from it, itself first. */
export function processTree(root: number): ProcessInfo[] {
  const all = listProcesses();
  const found = all.filter((info) => info.pid === root);
  for (const parent of found) found.push(...all.filter((info) => info.ppid === parent.pid && info.pid !== parent.pid));
  return found;
}

/** CPU time of all threads, exact to the nanosecond (/proc/PID/task/TID/schedstat); undefined when the process is gone. */
export function readTimes(pid: number): ProcessTimes | undefined {
  let runNs = 0;
  let waitNs = 0;
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return undefined;
  }
  for (const thread of threads) {
    const [run = '0', wait = '0'] = (readProc(pid, `task/${thread}/schedstat`) ?? '0 0').split(' ');
    runNs += Number(run);
    waitNs += Number(wait);
  }
  return { runNs, waitNs };
}

/** Sends a signal to exactly this process; false when it is no longer there. Throws when it may not be signalled (EPERM). */
export function signalProcess(ref: ProcessRef, signal: NodeJS.Signals): boolean {
  return isAlive(ref) && kill(ref.pid, signal);
}

/** Sends a signal to a whole process group; false when it is empty. */
export function signalGroup(processGroup: number, signal: NodeJS.Signals): boolean {
  return kill(-processGroup, signal);
}

/** The boot this machine is in: whatever was in force in another boot is gone. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** The pids that must never be hurt: init, this process, and all its ancestors. */
export function protectedPids(): ReadonlySet<number> {
  const pids = new Set([1, process.pid]);
  let info = lookupProcess(process.pid);
  while (info && info.ppid > 0 && !pids.has(info.ppid)) {
    pids.add(info.ppid);
    info = lookupProcess(info.ppid);
  }
  return pids;
}

function kill(target: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function listPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

/** A file of /proc/PID, or undefined when the process is gone or closed to us. */
function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
