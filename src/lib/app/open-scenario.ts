import { AppError } from '../errors/app-error.ts';
import { environment } from '../runtime/environment.ts';
import { probeKinds } from '../probes/registry.ts';
import { loadScenario, type LoadOptions } from '../scenario/load.ts';
import { createTimeline } from '../scenario/plan.ts';
import type { Timeline } from '../scenario/plan-types.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { FRONT_KEYS, frontMisfit } from './front-keys.ts';
import type { ScenarioKinds } from '../scenario/schema.ts';
import { allFaultKinds } from './kinds.ts';

export interface ScenarioFlags {
  readonly var?: readonly string[] | undefined;
  readonly 'var-file'?: readonly string[] | undefined;
}

/** Loads and checks a scenario and lays it on the time axis. Throws AppError `usage` with every mistake at once. */
export function openScenario(file: string, flags: ScenarioFlags): { scenario: Scenario; timeline: Timeline } {
  const scenario = loadScenario(file, loadOptionsOf(flags));
  return { scenario, timeline: createTimeline(scenario) };
}

/** How a file of ours is loaded from the command line: its kinds, and where its variables come from. Throws AppError `usage`. */
export function loadOptionsOf(flags: ScenarioFlags): LoadOptions {
  return {
    kinds: scenarioKinds(),
    vars: { FAULTLINE_NODE: process.execPath, ...parseVars(flags.var ?? []) },
    varFiles: flags['var-file'] ?? [],
    env: environment(),
  };
}

/** Everything that a scenario may name. */
export function scenarioKinds(): ScenarioKinds {
  return {
    faults: allFaultKinds(),
    probes: probeKinds,
    front: FRONT_KEYS,
    frontMisfit,
  };
}

function parseVars(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
      throw new AppError('usage', `--var ${text} has no value`, { hint: 'write --var NAME=VALUE' });
    }),
  );
}
