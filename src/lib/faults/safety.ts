import { basename, join, sep } from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import { configDirectory } from '../runtime/environment.ts';
import { packageRoot } from '../runtime/entry.ts';
import { FAULT_MARK } from '../runtime/marks.ts';
import { argumentsOf, isKernelThread, markOf, protectedPids, type ProcessRef } from '../runtime/processes.ts';
import type { Target, TargetProcess } from './targets.ts';

/** What a user allows faults to hurt beyond a scenario's own services: `allow.yaml` in the settings folder. */
export interface AllowList {
  /** Names of processes; `*` stands for any characters, `?` for one. */
  readonly processes: readonly string[];
  /** Whether faults may act on the whole host. */
  readonly host: boolean;
}

/** Its name in `configDirectory()`. */
export const ALLOW_LIST_FILE = 'allow.yaml';

export const EMPTY_ALLOW_LIST: AllowList = { processes: [], host: false };

export interface SafetyPolicy {
  /** Whether the scenario started it: then it may be hurt. */
  isOwn(process: ProcessRef): boolean;
  readonly allowList: AllowList;
  /** `--yes`: whatever is not strictly refused may be hurt. */
  readonly assumeYes: boolean;
}

export interface Refusal {
  /** Undefined for the host. */
  readonly process: TargetProcess | undefined;
  readonly why: string;
  /** Whether `--yes` or the allow-list can lift it. */
  readonly isStrict: boolean;
}

/** What this machine says of processes that must never be hurt; tests say it themselves. */
export interface Surroundings {
  /** Init, this process, and its ancestors. */
  readonly protectedPids: ReadonlySet<number>;
  isKernelThread(pid: number): boolean;
  isFaultline(pid: number): boolean;
}

const OWN_FOLDERS = ['bin', 'dist', join('src', 'lib', 'app', 'entries')];
const OWN_COMMANDS = ['faultline', 'chaos', 'logship'];

const allowListSchema = z
  .strictObject({ processes: z.array(z.string().min(1)).default([]), host: z.boolean().default(false) })
  .nullish();

/** The allow-list from parsed YAML; nothing in the file allows nothing. Throws AppError `usage`. */
export function parseAllowList(raw: unknown): AllowList {
  const result = allowListSchema.safeParse(raw);
  if (result.success) return result.data ?? EMPTY_ALLOW_LIST;
  throw new AppError('usage', 'the allow-list has mistakes', {
    details: result.error.issues.map(
      ({ path, message }) => `${path.length > 0 ? path.join('.') : 'allow-list'}: ${message}`,
    ),
    hint: 'it looks like this: {processes: [nginx, "worker-*"], host: true}',
  });
}

/** Everything that the targets of a run must not hurt, all at once; none when the run is safe. */
export function findRefusals(
  targets: readonly Target[],
  policy: SafetyPolicy,
  surroundings: Surroundings = thisMachine(),
): Refusal[] {
  const refusals = targets.flatMap((target): Refusal[] => {
    switch (target.on) {
      case 'service':
        return [];
      case 'host':
        return refuseHost(policy);
      case 'process':
        return target.processes.flatMap((process) => refuseProcess(process, policy, surroundings));
    }
  });
  return withoutRepeats(refusals);
}

/** Throws AppError `usage` that names every target which must not be hurt. */
export function requireSafe(targets: readonly Target[], policy: SafetyPolicy, surroundings?: Surroundings): void {
  const refusals = findRefusals(targets, policy, surroundings);
  if (refusals.length === 0) return;
  const isStrict = refusals.some((refusal) => refusal.isStrict);
  throw new AppError('usage', `refused to hurt ${refusals.length === 1 ? 'a target' : `${refusals.length} targets`}`, {
    details: refusals.map(({ process, why }) =>
      process ? `pid ${process.pid} (${process.name}): ${why}` : `host: ${why}`,
    ),
    hint: isStrict
      ? 'choose other targets: no option lifts what is always refused'
      : `say --yes for this run, or name them in the allow-list, ${join(configDirectory(), ALLOW_LIST_FILE)}`,
  });
}

function refuseHost({ allowList, assumeYes }: SafetyPolicy): Refusal[] {
  if (allowList.host || assumeYes) return [];
  return [
    {
      process: undefined,
      why: 'it is not of this scenario alone, and `host` is not in the allow-list',
      isStrict: false,
    },
  ];
}

function refuseProcess(process: TargetProcess, policy: SafetyPolicy, surroundings: Surroundings): Refusal[] {
  const strict = (why: string): Refusal[] => [{ process, why, isStrict: true }];
  if (process.pid === 1) return strict('init is never hurt');
  if (surroundings.protectedPids.has(process.pid))
    return strict('it is faultline itself, or a process that started it');
  if (surroundings.isKernelThread(process.pid)) return strict('threads of the kernel are never hurt');
  if (surroundings.isFaultline(process.pid)) return strict('it is a part of faultline that keeps another run safe');
  if (policy.assumeYes || policy.isOwn(process) || isAllowed(process, policy.allowList)) return [];
  return [{ process, why: 'it is not a service of this scenario, and not in the allow-list', isStrict: false }];
}

function isAllowed(process: TargetProcess, allowList: AllowList): boolean {
  const [program = ''] = process.command.split(' ');
  const names = [process.name, basename(program)];
  return allowList.processes.some((pattern) => names.some((name) => matchesName(pattern, name)));
}

function matchesName(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name);
}

function withoutRepeats(refusals: readonly Refusal[]): Refusal[] {
  const byPid = new Map(refusals.map((refusal) => [refusal.process?.pid, refusal]));
  return [...byPid.values()];
}

function thisMachine(): Surroundings {
  return { protectedPids: protectedPids(), isKernelThread, isFaultline: isFaultlineProcess };
}

/** Whether a process is faultline itself: any of its commands, guardians or workers, of this run or another. */
export function isFaultlineProcess(pid: number): boolean {
  if (markOf(pid, FAULT_MARK) !== undefined) return true;
  const [program = '', ...words] = argumentsOf(pid);
  // Options of Node stand before the file.
  const script = words.find((word) => !word.startsWith('-')) ?? '';
  if (OWN_FOLDERS.some((folder) => script.startsWith(join(packageRoot(), folder) + sep))) return true;
  return basename(program) === 'node' && OWN_COMMANDS.includes(basename(script));
}
