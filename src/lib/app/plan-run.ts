import type { PlanDocument, PlannedInjection } from '../events/plan-document.ts';
import { createPlanDocument } from '../experiment/plan-document.ts';
import { prepareAll, type RefusedFault } from '../experiment/prepare-faults.ts';
import type { PreparedFault } from '../experiment/injections.ts';
import type { ServicesPort } from '../faults/resolve-target.ts';
import { formatTarget, type ProxyPort } from '../faults/targets.ts';
import { formatTable } from '../report/table.ts';
import { selfRef } from '../runtime/processes.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import { createRedactor } from '../scenario/redact.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { formatDurationMs } from '../wire/quantities.ts';
import { loadAllowList } from './allow-list.ts';
import { allFaultKinds, createFaultHost } from './kinds.ts';
import { openScenario, type ScenarioFlags } from './open-scenario.ts';

/** What a run would touch, found out by looking only. */
export interface PlanReport extends Omit<PlanDocument, 'faults'> {
  readonly seed: number | null;
  readonly faults: readonly PlannedEffect[];
}

export interface PlannedEffect extends PlannedInjection {
  /** What was found: listeners, processes with pid and name. */
  readonly found: string;
  /** The undo in words; null when it cannot be known before the run has started its services. */
  readonly undo: string | null;
  /** Why it cannot work here; null when it can. */
  readonly problem: string | null;
}

/** Looks up every target and plans every fault, touching nothing. Throws AppError `usage` for targets that are refused. */
export async function planRun(file: string, flags: ScenarioFlags & { readonly yes: boolean }): Promise<PlanReport> {
  const { scenario, timeline } = openScenario(file, flags);
  const kinds = allFaultKinds();
  const host = createFaultHost(planningProxy(scenario));
  const own = timeline.faults.filter((fault) => isStartedByRun(fault, scenario));
  const { ready, refused } = await prepareAll(
    timeline.faults.filter((fault) => !own.includes(fault)),
    {
      kinds,
      host,
      allowList: loadAllowList(),
      assumeYes: flags.yes,
      services: planningServices(scenario),
      isOwn: () => false,
    },
  );
  const document = createPlanDocument(scenario, timeline, kinds);
  const faults = await Promise.all(
    document.faults.map(async (planned): Promise<PlannedEffect> => {
      const fault = ready.find(({ planned: { id } }) => id === planned.id);
      if (fault)
        return {
          ...planned,
          found: formatTarget(fault.bound.target),
          undo: await describeUndo(fault, host, scenario),
          problem: null,
        };
      const problem = refused.find(({ planned: { id } }) => id === planned.id);
      if (problem) return { ...planned, found: 'nothing', undo: null, problem: describeProblem(problem) };
      return { ...planned, found: 'the processes that the run will start for it', undo: null, problem: null };
    }),
  );
  return createRedactor(scenario.secrets)({ ...document, seed: scenario.seed ?? null, faults });
}

/** The plan for a person. */
export function formatPlan(plan: PlanReport): string {
  const totalMs = plan.beforeMs + plan.methodMs + plan.afterMs;
  return [
    `${plan.name}  ${plan.file}  seed ${plan.seed ?? 'drawn at the start'}  about ${formatDurationMs(totalMs)} (and up to ${formatDurationMs(plan.recoverWithinMs)} of recovery)`,
    ...block(
      'services',
      plan.services.map((service) => [
        service.name,
        service.listen ? `proxy ${service.listen} → ${service.endpoints.join(', ')}` : service.endpoints.join(', '),
        service.command ? `starts ${service.command.join(' ')}` : 'runs already',
      ]),
    ),
    ...block('load', plan.load ? [[`${plan.load.method} ${plan.load.url}`, `${plan.load.ratePerSecond}/s`]] : []),
    ...block('faults', plan.faults.flatMap(faultRows)),
    ...block(
      'steady state',
      plan.probes.map(({ name, kind, when, everyMs }) => [
        name,
        kind,
        `every ${formatDurationMs(everyMs)}`,
        when.join(', '),
      ]),
    ),
    ...block(
      'guards',
      plan.guards.map((guard) => [guard]),
    ),
    ...block(
      'gate',
      plan.gate.map((threshold) => [threshold]),
    ),
    '',
    'Nothing was touched.',
  ].join('\n');
}

function faultRows(fault: PlannedEffect): string[][] {
  const row = [
    fault.id,
    `${formatDurationMs(fault.startMs)} … ${formatDurationMs(fault.endMs)}`,
    fault.kind,
    `${fault.target}: ${fault.found}`,
  ];
  return [
    row,
    ['', '', 'with', JSON.stringify(fault.with)],
    fault.problem === null
      ? [
          '',
          '',
          'undo',
          `${fault.undo ?? 'planned when the services run'} (by the ${fault.undoneBy === 'kernel' ? 'kernel, with the runner’s process' : 'runner, else its guardian'})`,
        ]
      : ['', '', '✗', fault.problem],
  ];
}

function block(title: string, rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return rows.length === 0
    ? []
    : ['', title.toUpperCase(), ...formatTable(rows, 'l'.repeat(columns)).map((line) => `  ${line}`)];
}

function describeProblem({ why, hint }: RefusedFault): string {
  return hint === undefined ? why : `${why}; ${hint}`;
}

async function describeUndo(
  { planned, kind, bound }: PreparedFault,
  host: ReturnType<typeof createFaultHost>,
  scenario: Scenario,
): Promise<string> {
  const context = { run: 'plan', id: planned.id, seed: scenario.seed ?? 0, limitMs: planned.endMs - planned.startMs };
  return kind.describeUndo(await bound.plan(host, context));
}

function isStartedByRun({ target }: PlannedFault, scenario: Scenario): boolean {
  return (
    target.on === 'process' &&
    target.select.by === 'service' &&
    scenario.services[target.select.service]?.run !== undefined
  );
}

/** The services as they will be: none runs yet. */
function planningServices(scenario: Scenario): ServicesPort {
  return {
    serviceNames: () => Object.keys(scenario.services),
    protocolOf: (service) => scenario.services[service]?.protocol,
    servicePids: () => undefined,
  };
}

/** The proxy as it will be: it knows which services it will front, and nothing can be added to it. */
function planningProxy(scenario: Scenario): ProxyPort {
  return {
    owner: selfRef(),
    hasService: (service) => scenario.services[service]?.listen !== undefined,
    addFilter: () => undefined,
    removeFilter: () => undefined,
    filterEffect: () => undefined,
    hasFilter: () => false,
  };
}
