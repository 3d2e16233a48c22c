import { ANCHOR_MARK, RUN_MARK, SERVICE_MARK } from '../runtime/marks.ts';
import { findMarked, listProcesses, markOf, protectedPids, type ProcessInfo } from '../runtime/processes.ts';

/**
 * Every live process of a service that a run has started: those that carry its marks in their environment, whatever session or group they
 * are in, and what shares a process group with them or descends from them, with or without marks of its own. Works in any process.
 */
export function findServiceProcesses(run: string, service: string): ProcessInfo[] {
  const marked = findMarkedFor(run, service);
  if (marked.length === 0) return [];
  const anchors = marked.filter(isAnchor);
  const groups = new Set([...marked.map(({ pid }) => pid), ...anchors.map(({ processGroup }) => processGroup)]);
  const found = new Map(marked.map((info) => [info.pid, info]));
  const spared = protectedPids();
  const others = listProcesses().filter(({ pid, state }) => !spared.has(pid) && state !== 'Z' && state !== 'X');
  for (let grown = true; grown;) {
    grown = false;
    for (const info of others) {
      if (found.has(info.pid) || !(found.has(info.ppid) || groups.has(info.processGroup))) continue;
      found.set(info.pid, info);
      grown = true;
    }
  }
  for (const { pid } of anchors) found.delete(pid);
  return [...found.values()];
}

/** The processes that keep a service findable; they go last. */
export function findAnchors(run: string, service: string): ProcessInfo[] {
  return findMarkedFor(run, service).filter(isAnchor);
}

/** The process ids of a service, without those of its anchors. */
export function servicePids(run: string, service: string): number[] {
  return findServiceProcesses(run, service).map(({ pid }) => pid);
}

/** What a run started that is no service, such as the command of a probe: it ends with its measurement, unless the run died meanwhile. */
export function findStrays(run: string): ProcessInfo[] {
  const spared = protectedPids();
  return findMarked(RUN_MARK, run).filter(({ pid }) => !spared.has(pid) && markOf(pid, SERVICE_MARK) === undefined);
}

/** This process and its ancestors are never meant, even where they carry the marks of a run that they are part of. */
function findMarkedFor(run: string, service: string): ProcessInfo[] {
  const spared = protectedPids();
  return findMarked(RUN_MARK, run).filter(({ pid }) => !spared.has(pid) && markOf(pid, SERVICE_MARK) === service);
}

function isAnchor({ pid }: ProcessInfo): boolean {
  return markOf(pid, ANCHOR_MARK) !== undefined;
}
