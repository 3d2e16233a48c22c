import { didYouMean } from '../mistakes/did-you-mean.ts';
import type { Path } from '../mistakes/mistake.ts';
import { listOr, quote } from '../mistakes/words.ts';
import type { Metric } from '../scenario.ts';
import { formatMetric, parseCondition, parseThreshold } from '../thresholds.ts';
import type { ScenarioChecking } from './checking.ts';
import { isList, mapsIn, memberOf } from './raw.ts';

/** Thresholds and guards: what they compare must be measured by something in the scenario. */
export function checkComparisons(checking: ScenarioChecking): void {
  const gate = memberOf(checking.root, 'gate');
  for (const [index, text] of isList(gate) ? gate.entries() : []) {
    const threshold = typeof text === 'string' ? parseThreshold(text) : undefined;
    if (threshold?.ok) checkMetric(checking, threshold.value.metric, ['gate', index]);
  }
  for (const { value, path } of mapsIn(memberOf(checking.root, 'guards'), ['guards'])) {
    const text = memberOf(value, 'when');
    const condition = typeof text === 'string' ? parseCondition(text) : undefined;
    if (!condition?.ok) continue;
    if (condition.value.of === 'metric') checkMetric(checking, condition.value.metric, [...path, 'when']);
    else checkProbe(checking, condition.value.probe, [...path, 'when']);
  }
}

function checkMetric(checking: ScenarioChecking, metric: Metric, path: Path): void {
  const { root, names, report } = checking;
  switch (metric.name) {
    case 'probe':
      checkProbe(checking, metric.probe, path);
      return;
    case 'touched':
      checkFault(checking, metric.fault, path);
      return;
    case 'recovery':
    case 'recovery.start':
      if (names.steady.length > 0) return;
      report(path, `${metric.name} is measured by the probes of "steadyState", and there are none`);
      return;
    default:
      if (memberOf(root, 'load') !== undefined) return;
      report(path, `${formatMetric(metric)} is measured by the "load", and there is none`);
  }
}

function checkProbe({ names, report }: ScenarioChecking, name: string, path: Path): void {
  const known = names.steady.map((probe) => probe.name);
  if (known.includes(name)) return;
  const isStep = names.probeSteps.some((step) => step.name === name);
  const why = isStep ? 'is a step of the method, and measured once' : 'is not in "steadyState"';
  report(path, `the probe ${quote(name)} ${why}${suggest(name, known)}`);
}

function checkFault({ names, report }: ScenarioChecking, id: string, path: Path): void {
  const known = names.faults.map((fault) => fault.name);
  if (!known.includes(id)) report(path, `the fault ${quote(id)} is not in "method"${suggest(id, known)}`);
}

function suggest(name: string, known: readonly string[]): string {
  const listed = known.length > 0 ? `: expected ${listOr(known.map(quote))}` : '';
  return didYouMean(name, known) || listed;
}
