import { isDirectory, isWritable, listNames, lookupText, makeDirectory, writeText } from '../../runtime/files.ts';
import { removeEmptyDirectory } from '../../runtime/files.ts';
import { controlGroupsOf, isAlive, lookupProcess, type ProcessRef } from '../../runtime/processes.ts';

/**
 * The kernel's control groups as the quota sees them: a tree of directories whose files are switches, and processes that are each in
 * one of them. A fake in tests behaves like version 2, which no kernel offers next to version 1 of the same controller.
 */
export interface ControlGroups {
  /** The text of a control file; undefined when there is none. */
  read(path: string): string | undefined;
  /** Throws the kernel's refusal: EINVAL for a value, ESRCH for a process that is gone, EBUSY for what has members. */
  write(path: string, text: string): void;
  has(directory: string): boolean;
  make(directory: string): void;
  /** Throws EBUSY while it has members or children; harmless when it is gone. */
  remove(directory: string): void;
  /** Names of the groups directly below; none when there is no such group. */
  children(directory: string): string[];
  mayWrite(path: string): boolean;
  /** /proc/PID/cgroup. */
  membershipOf(pid: number): string | undefined;
  isAlive(ref: ProcessRef): boolean;
  parentOf(pid: number): ProcessRef | undefined;
  startTicksOf(pid: number): number | undefined;
  /** The group that is mounted as `directory`: not the root inside some containers. */
  mountedGroup(directory: string): string;
}

export const kernelControlGroups: ControlGroups = {
  read: lookupText,
  write: writeText,
  has: isDirectory,
  make: makeDirectory,
  remove: removeEmptyDirectory,
  children: (directory) =>
    isDirectory(directory) ? listNames(directory).filter((name) => isDirectory(`${directory}/${name}`)) : [],
  mayWrite: isWritable,
  membershipOf: controlGroupsOf,
  isAlive,
  parentOf(pid) {
    const parent = lookupProcess(lookupProcess(pid)?.ppid ?? 0);
    return parent && { pid: parent.pid, startTicks: parent.startTicks };
  },
  startTicksOf: (pid) => lookupProcess(pid)?.startTicks,
  mountedGroup: (directory) => parseMountedGroup(lookupText('/proc/self/mountinfo') ?? '', directory),
};

/** Field 4 of the mount's line in /proc/PID/mountinfo (proc(5)); `/` when it is not mounted, or belongs to another namespace. */
export function parseMountedGroup(mountInfo: string, directory: string): string {
  let group = '/';
  for (const line of mountInfo.split('\n')) {
    const [, , , root = '/', mountPoint] = line.split(' ');
    // A later mount covers an earlier one.
    if (mountPoint === directory) group = root.startsWith('/..') ? '/' : root;
  }
  return group;
}
