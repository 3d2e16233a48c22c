import { EXIT_CODES, type ExitName } from '../errors/exit-codes.ts';
import type { GateRow, Phase, Verdict } from '../events/run-events.ts';
import type { Ending } from '../experiment/ending.ts';
import type { Measurements } from '../experiment/measurements.ts';
import type { RunResult } from '../experiment/run.ts';
import { evaluateThreshold } from '../experiment/thresholds.ts';
import type { Threshold } from '../scenario/scenario.ts';
import { formatDurationMs } from '../wire/quantities.ts';
import { gateRow } from './gate-row.ts';

export interface CaseFile {
  readonly ending: Ending;
  readonly measurements: Measurements;
  readonly thresholds: readonly Threshold[];
  /** Every fault of the plan, by id: one without an effect was never injected. */
  readonly faults: readonly string[];
  /** The steady state's probes, by name, and the phases in which each counts. */
  readonly probes: readonly { readonly name: string; readonly when: readonly Phase[] }[];
  /** What could not be taken back. */
  readonly stuck: readonly string[];
}

/**
 * The one place where a run becomes a verdict. The worst that happened decides: something left in force, then a run cut short, then a run
 * that proves nothing, then a broken promise.
 */
export function judge(file: CaseFile): RunResult {
  const results = file.thresholds.map((threshold) => evaluateThreshold(threshold, file.measurements));
  const gate = results.map((result) => gateRow(result, file.measurements));
  const say = (verdict: Verdict, exitName: ExitName, reasons: readonly string[]): RunResult => ({
    verdict,
    exitName,
    exitCode: EXIT_CODES[exitName],
    reasons,
    gate: file.ending.kind === 'completed' ? gate : [],
  });

  if (file.stuck.length > 0) return say('dirty', 'dirty', [...file.stuck, ...endingReasons(file.ending)]);
  const { ending } = file;
  switch (ending.kind) {
    case 'bug':
      return say('aborted', 'bug', endingReasons(ending));
    case 'interrupted':
      return say('aborted', 'interrupted', endingReasons(ending));
    case 'guard':
      return say('aborted', 'aborted', endingReasons(ending));
    case 'unhealthy':
      return say('invalid', 'unhealthy', endingReasons(ending));
    case 'not-injected':
      return say('invalid', 'invalid', endingReasons(ending));
    case 'error':
      return say('invalid', ending.error.exitName, endingReasons(ending));
    case 'completed':
      break;
  }

  const untouched = untouchedReasons(file);
  const blind = results.flatMap(({ threshold, withoutEvidence, missing }) =>
    withoutEvidence ? [`${threshold.text}: ${missing ?? 'no measurement'}`] : [],
  );
  const unseen = unseenReasons(file);
  if (untouched.length + blind.length + unseen.length > 0) {
    return say('invalid', 'invalid', [...untouched, ...blind, ...unseen]);
  }

  const broken = [
    ...steadyStateReasons(file.measurements),
    ...gate.flatMap((row) => (row.held ? [] : [rowReason(row)])),
  ];
  return broken.length > 0 ? say('failed', 'failed', broken) : say('passed', 'passed', []);
}

function untouchedReasons({ faults, measurements }: CaseFile): string[] {
  return faults.flatMap((id) => {
    const fault = measurements.faults.get(id);
    if (!fault) return [`fault ${id} was never injected`];
    return fault.effect.touched > 0
      ? []
      : [`fault ${id} touched nothing${fault.effect.note ? `: ${fault.effect.note}` : ''}`];
  });
}

/** A probe that counts during the faults and has no result from then proves nothing. */
function unseenReasons({ probes, measurements }: CaseFile): string[] {
  return probes
    .filter(({ name, when }) => when.includes('during') && !measurements.probes.get(name)?.byPhase.during)
    .map(({ name }) => `steady state: ${name} has no result during the faults: measure it more often than they last`);
}

function steadyStateReasons({ probes, recovery, failedSteps }: Measurements): string[] {
  const during = [...probes].flatMap(([name, probe]) => {
    const tally = probe.byPhase.during;
    if (!tally?.counts || tally.failed === 0) return [];
    const first = probe.breaches.find(({ phase }) => phase === 'during');
    return [
      `steady state: ${name} was out of tolerance in ${tally.failed} of ${tally.results} results during the faults${first ? `, first at +${formatDurationMs(first.atMs)}: ${first.reason}` : ''}`,
    ];
  });
  const steps = failedSteps.map(({ atMs, reason }) => `at +${formatDurationMs(atMs)} ${reason}`);
  return [...during, ...steps, ...recoveryReasons(probes, recovery)];
}

function recoveryReasons(probes: Measurements['probes'], recovery: Measurements['recovery']): string[] {
  if (recovery?.fromFaultEndMs !== null) return [];
  const failing = [...probes]
    .filter(([, probe]) => !probe.last.ok)
    .map(([name, probe]) => `${name}: ${probe.last.reason ?? probe.last.value}`);
  return [
    `steady state: not recovered in time after the last fault${failing.length > 0 ? ` (${failing.join('; ')})` : ''}`,
  ];
}

function rowReason(row: GateRow): string {
  return `${row.threshold}: measured ${row.measuredText}${row.detail ? `, ${row.detail}` : ''}`;
}

function endingReasons(ending: Ending): string[] {
  switch (ending.kind) {
    case 'completed':
      return [];
    case 'unhealthy':
    case 'not-injected':
      return [...ending.reasons];
    case 'guard':
      return [`guard "${ending.guard}" tripped: ${ending.reason}`];
    case 'interrupted':
      return [`interrupted by ${ending.signal}`];
    case 'error':
      return [
        ending.error.message,
        ...ending.error.details,
        ...(ending.error.hint === undefined ? [] : [`→ ${ending.error.hint}`]),
      ];
    case 'bug':
      return [`a bug of ours: ${ending.error.message}`];
  }
}
