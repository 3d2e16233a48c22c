import { resolve } from 'node:path';
import { collectNames, type Names } from '../checks/names.ts';
import type { Source } from '../mistakes/explain.ts';
import type { Path } from '../mistakes/mistake.ts';
import type { LoadSpec, ProbeSpec, RunSpec, Scenario, ServiceSpec, StepSpec } from '../scenario.ts';
import type { ScenarioFile } from '../schema.ts';
import { buildFront } from './build-front.ts';
import { resolveFileParams } from './file-params.ts';
import type { ScenarioKinds } from './kinds.ts';
import type { NamedFiles } from './named-files.ts';
import type { ParsedFile, ParseOptions } from './parse-file.ts';
import type { ProbeFile } from './probes.ts';
import type { StepFile } from './steps.ts';

type Origin = ParsedFile<ScenarioFile> & { readonly directory: string; readonly kinds: ScenarioKinds };

/** Brings a file that passed the schema into the form that the engine takes. */
export function buildScenario(parsed: ParsedFile<ScenarioFile>, options: ParseOptions): Scenario {
  const { file, source, files, secrets } = parsed;
  const { directory, kinds } = options;
  const origin = { ...parsed, directory, kinds };
  const names = collectNames(source.root);
  return {
    version: file.version,
    name: file.name,
    description: file.description,
    tags: file.tags,
    seed: file.seed,
    file: options.file,
    directory,
    services: Object.fromEntries(
      Object.entries(file.services).map(([name, service]) => [name, buildService(name, service, origin)]),
    ),
    load: file.load && buildLoad(file.load, source),
    steadyState: file.steadyState.map((probe, index) => ({
      ...buildProbe(probe),
      name: names.nameAt(['steadyState', index]),
      everyMs: probe.every,
      when: probe.when,
    })),
    method: buildSteps(file.method, { names, kinds, files }, ['method']),
    guards: file.guards.map((guard) => ({ ...guard.when, forMs: guard.for })),
    gate: file.gate,
    timing: {
      beforeMs: file.timing.before,
      recoverWithinMs: file.timing.recoverWithin,
      holdMs: file.timing.hold,
      afterMs: file.timing.after,
    },
    secrets,
  };
}

/** What steps are made with: their names, and what the parameters of faults mean. */
export interface Making {
  readonly names: Names;
  readonly kinds: ScenarioKinds;
  readonly files: NamedFiles;
}

/** The method in the form that the plan takes. */
export function buildSteps(steps: readonly StepFile[], making: Making, base: Path): StepSpec[] {
  return steps.map((step, index) => buildStep(step, making, [...base, index]));
}

function buildStep(step: StepFile, making: Making, path: Path): StepSpec {
  const { names, kinds, files } = making;
  if ('wait' in step) return { step: 'wait', forMs: step.wait, atMs: undefined, afterMs: undefined, path };
  const start = { atMs: step.at, afterMs: step.after, path };
  if ('parallel' in step)
    return { step: 'parallel', steps: buildSteps(step.parallel, making, [...path, 'parallel']), ...start };
  if ('serial' in step)
    return { step: 'serial', steps: buildSteps(step.serial, making, [...path, 'serial']), ...start };
  if ('probe' in step) return { step: 'probe', name: names.nameAt(path), probe: buildProbe(step), ...start };
  const kind = kinds.faults.find((candidate) => candidate.kind === step.fault);
  return {
    step: 'fault',
    id: names.nameAt(path),
    kind: step.fault,
    target: step.target,
    params: resolveFileParams(kind, step.with, files),
    forMs: step.for,
    timeoutMs: step.timeout,
    ...start,
  };
}

function buildProbe(probe: ProbeFile): ProbeSpec {
  return { kind: probe.probe, params: probe.with, expect: probe.expect, timeoutMs: probe.timeout };
}

function buildService(name: string, service: ScenarioFile['services'][string], origin: Origin): ServiceSpec {
  const { listen, run } = service;
  return { ...buildFront(name, service, origin.files, origin.kinds), listen, run: run && buildRun(name, run, origin) };
}

function buildRun(
  service: string,
  run: NonNullable<ScenarioFile['services'][string]['run']>,
  { directory, source }: Origin,
): RunSpec {
  const path = ['services', service, 'run'];
  return {
    command: buildCommand(run.command, source, [...path, 'command']),
    directory: resolve(directory, run.cwd ?? '.'),
    env: textsOf(run.env ?? {}, source, [...path, 'env']),
    ready: run.ready && buildProbe(run.ready),
    readyWithinMs: run.readyWithin,
    stopGraceMs: run.stopGrace,
  };
}

function buildCommand(
  command: string | readonly (string | number | boolean)[],
  source: Source,
  path: Path,
): RunSpec['command'] {
  if (typeof command === 'string') return ['/bin/sh', '-c', command];
  const [program = '', ...parameters] = command.map((part, index) => source.textAt([...path, index]) ?? String(part));
  return [program, ...parameters];
}

function buildLoad(load: NonNullable<ScenarioFile['load']>, source: Source): LoadSpec {
  return {
    url: load.url,
    method: load.method,
    headers: textsOf(load.headers, source, ['load', 'headers']),
    body: load.body === undefined ? undefined : (source.textAt(['load', 'body']) ?? String(load.body)),
    ratePerSecond: load.rate,
    timeoutMs: load.timeout,
    okStatus: load.ok,
    maxInFlight: load.maxInFlight,
  };
}

/** Values that are texts whatever YAML takes them for: `1.10` is not 1.1. */
function textsOf(
  values: Readonly<Record<string, string | number | boolean>>,
  source: Source,
  path: Path,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, source.textAt([...path, key]) ?? String(value)]),
  );
}
