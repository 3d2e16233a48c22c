import { basename, resolve } from 'node:path';
import { lookupText } from '../../runtime/files.ts';
import { argumentsOf, listProcesses, lookupProcess, protectedPids, type ProcessInfo } from '../../runtime/processes.ts';
import type { ProbeHost } from '../probe.ts';

/** How a probe names processes; exactly one of these. */
export type ProcessChoice =
  | { readonly by: 'pid'; readonly pid: number }
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'service'; readonly service: string }
  | { readonly by: 'pidFile'; readonly path: string };

/** The living processes that are meant; when there are none, why. */
export type Found = { readonly processes: readonly ProcessInfo[]; readonly why: string };

export function findProcesses(choice: ProcessChoice, host: ProbeHost): Found {
  switch (choice.by) {
    case 'pid':
      return alive([choice.pid], `there is no process ${choice.pid}`);
    case 'name':
      return { processes: findNamed(choice.name), why: `there is no process named ${choice.name}` };
    case 'service': {
      const pids = host.servicePids(choice.service);
      return pids === undefined
        ? { processes: [], why: `service ${choice.service} was not started by this run` }
        : alive(pids, `service ${choice.service} has no process`);
    }
    case 'pidFile': {
      const text = lookupText(resolve(host.directory, choice.path))?.trim();
      if (text === undefined) return { processes: [], why: `${choice.path} does not exist` };
      if (!/^[1-9]\d*$/.test(text)) return { processes: [], why: `${choice.path} holds no process id` };
      return alive([Number(text)], `there is no process ${text}, which ${choice.path} names`);
    }
  }
}

function alive(pids: readonly number[], why: string): Found {
  return {
    processes: pids
      .map(lookupProcess)
      .filter((info) => info !== undefined)
      .filter(isLiving),
    why,
  };
}

/** By the name that the kernel keeps (at most 15 characters), or by the program's own. This process and its ancestors are not meant. */
function findNamed(name: string): ProcessInfo[] {
  const own = protectedPids();
  return listProcesses().filter((info) => {
    if (own.has(info.pid) || !isLiving(info)) return false;
    return info.name === name || basename(argumentsOf(info.pid)[0] ?? '') === name;
  });
}

function isLiving(info: ProcessInfo): boolean {
  return info.state !== 'Z' && info.state !== 'X';
}
