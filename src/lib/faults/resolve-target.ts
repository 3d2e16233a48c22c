import { basename } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import { nearest } from '../errors/nearest.ts';
import {
  argumentsOf,
  commandLineOf,
  listProcesses,
  lookupProcess,
  processTree,
  protectedPids,
  type ProcessInfo,
} from '../runtime/processes.ts';
import { isFaultlineProcess } from './safety.ts';
import type { ServiceProtocol, Target, TargetProcess } from './targets.ts';

/** What a scenario names as a target, before it is looked up. */
export type TargetRequest =
  | { readonly on: 'service'; readonly service: string }
  | { readonly on: 'process'; readonly select: ProcessRequest }
  | { readonly on: 'host' };

export type ProcessRequest =
  | { readonly by: 'service'; readonly service: string }
  | { readonly by: 'pid'; readonly pid: number }
  | { readonly by: 'name'; readonly name: string };

/** What targets need to know of a scenario's services; given by whoever started them. */
export interface ServicesPort {
  serviceNames(): readonly string[];
  /** What the service speaks; undefined when there is no such service. */
  protocolOf(service: string): ServiceProtocol | undefined;
  /** The processes that the run started for the service, without what they forked; undefined when it started none. */
  servicePids(service: string): readonly number[] | undefined;
}

/**
 * Finds what a target names, as it is at this moment. A service's processes are all that descend from the ones the run started; a name
 * is that of the program (`nginx`) or the one that the process gave itself. Throws AppError `invalid` when there is nothing.
 */
export function resolveTarget(request: TargetRequest, services: ServicesPort): Target {
  switch (request.on) {
    case 'host':
      return { on: 'host' };
    case 'service': {
      const protocol = services.protocolOf(request.service);
      if (!protocol) throw noService(request.service, services);
      return { on: 'service', service: request.service, protocol };
    }
    case 'process':
      return findProcesses(request.select, services);
  }
}

function findProcesses(select: ProcessRequest, services: ServicesPort): Target {
  switch (select.by) {
    case 'service':
      return {
        ...processTarget(select.service, findServiceProcesses(select.service, services)),
        service: select.service,
      };
    case 'pid':
      return processTarget(String(select.pid), [findByPid(select.pid)]);
    case 'name':
      return processTarget(select.name, findByName(select.name));
  }
}

function processTarget(label: string, infos: readonly ProcessInfo[]): Extract<Target, { on: 'process' }> {
  const processes = infos.map(({ pid, startTicks, name }): TargetProcess => {
    const command = commandLineOf(pid);
    return { pid, startTicks, name, command: command === '' ? name : command };
  });
  return { on: 'process', label, processes };
}

function findServiceProcesses(service: string, services: ServicesPort): ProcessInfo[] {
  const roots = services.servicePids(service);
  if (!roots) {
    if (!services.serviceNames().includes(service)) throw noService(service, services);
    throw new AppError('invalid', `service ${service} has no process of this run: the scenario does not start it`, {
      hint: `give the service a \`run\` command, or aim at the process by name or pid`,
    });
  }
  const found = new Map(roots.flatMap((root) => processTree(root)).map((info) => [info.pid, info]));
  const alive = [...found.values()].filter(isRunning);
  if (alive.length === 0) throw new AppError('invalid', `no process of service ${service} is running`);
  return alive;
}

function findByPid(pid: number): ProcessInfo {
  const info = lookupProcess(pid);
  if (info && isRunning(info)) return info;
  throw new AppError('invalid', info ? `process ${pid} has ended` : `there is no process ${pid}`, {
    hint: 'pids change with every start: aim by service or by name',
  });
}

/** Every process of this name, but never faultline or what started it: `node` means the others. */
function findByName(name: string): ProcessInfo[] {
  const running = listProcesses().filter(isRunning);
  const matching = running.filter((info) => namesOf(info).includes(name));
  const spared = protectedPids();
  const found = matching.filter(({ pid }) => !spared.has(pid) && !isFaultlineProcess(pid));
  if (found.length > 0) return found;
  if (matching.length > 0) {
    throw new AppError('invalid', `every process named ${name} is faultline itself, or started it`);
  }
  const near = nearest(name, new Set(running.flatMap(namesOf)));
  throw new AppError('invalid', `no process is named ${name}`, {
    hint: near === undefined ? '`ps -e` lists the names there are' : `there is one named ${near}`,
  });
}

/** The kernel's short name, and that of the program. */
function namesOf(info: ProcessInfo): string[] {
  const [program] = argumentsOf(info.pid);
  return program === undefined ? [info.name] : [info.name, basename(program)];
}

function isRunning(info: ProcessInfo): boolean {
  return info.state !== 'Z' && info.state !== 'X';
}

function noService(service: string, services: ServicesPort): AppError {
  const names = services.serviceNames();
  const near = nearest(service, names);
  return new AppError('invalid', `there is no service ${service}`, {
    hint: near === undefined ? `the services are ${names.join(', ') || 'none'}` : `did you mean ${near}?`,
  });
}
