import { join } from 'node:path';
import { FAULT_MARK, RUN_MARK, runOfFaultMark } from '../runtime/marks.ts';
import { commandLineOf, listMarked, protectedPids, type ProcessInfo } from '../runtime/processes.ts';
import { kernelControlGroups, type ControlGroups } from './cpu/control-groups.ts';
import { lookupCpuHierarchy } from './cpu/hierarchy.ts';
import { GROUP_PREFIX, OPENED_CONTROLLER, runOfGroup } from './cpu/quota-undo.ts';
import type { FaultHost } from './targets.ts';

/** Something of faultline that is in force on this machine, whether or not a journal knows of it. */
export interface Residue {
  readonly what: 'worker' | 'service' | 'control group';
  /** In words: pid and command, or the path and who is inside. */
  readonly detail: string;
  /** The run that it belongs to, where it says so. */
  readonly run: string | undefined;
}

/** Containers nest a handful deep, Kubernetes' four. */
const LIMIT_DEPTH = 10;
/** A machine has some hundred control groups; past this the search gives up rather than keep the user waiting. */
const LIMIT_GROUPS = 20_000;

/** Everything of ours that this machine shows, of runs that are going on as well as of dead ones; reads only. */
export function findResidue(host: FaultHost, groups: ControlGroups = kernelControlGroups): Residue[] {
  return [...findWorkers(), ...findServices(), ...findGroups(host, groups)];
}

function findWorkers(): Residue[] {
  return listMarked(FAULT_MARK).map(({ process, value }) => ({
    what: 'worker',
    detail: `${formatProcess(process)} of fault ${value.slice(value.indexOf('/') + 1)}`,
    run: runOfFaultMark(value),
  }));
}

function findServices(): Residue[] {
  const spared = protectedPids();
  return listMarked(RUN_MARK)
    .filter(({ process }) => !spared.has(process.pid))
    .map(({ process, value }) => ({ what: 'service', detail: formatProcess(process), run: value }));
}

function findGroups(host: FaultHost, groups: ControlGroups): Residue[] {
  const hierarchy = lookupCpuHierarchy(host.cgroupRoot, groups);
  if (!hierarchy) return [];
  const found: Residue[] = [];
  let seen = 0;
  const search = (directory: string, depth: number): void => {
    for (const name of groups.children(directory)) {
      if (++seen > LIMIT_GROUPS) return;
      const path = join(directory, name);
      if (name.startsWith(GROUP_PREFIX)) found.push(describeGroup(path, name, groups));
      if (depth < LIMIT_DEPTH) search(path, depth + 1);
    }
  };
  search(hierarchy.directory, 0);
  return found;
}

function describeGroup(path: string, name: string, groups: ControlGroups): Residue {
  const members = (groups.read(join(path, 'cgroup.procs')) ?? '').split('\n').filter((line) => line !== '');
  const inside = members.length === 0 ? 'no process inside' : `pid ${members.join(', ')} inside`;
  const detail = name === OPENED_CONTROLLER ? `${path} (the CPU controller was opened here)` : `${path} (${inside})`;
  return { what: 'control group', detail, run: runOfGroup(name) };
}

function formatProcess({ pid, name }: ProcessInfo): string {
  const command = commandLineOf(pid);
  return `pid ${pid}: ${command === '' ? name : command}`;
}
