import { didYouMean } from '../mistakes/did-you-mean.ts';
import type { Path } from '../mistakes/mistake.ts';
import { listOr, quote } from '../mistakes/words.ts';
import type { Metric } from '../scenario.ts';
import { formatMetric, parseCondition, parseThreshold } from '../thresholds.ts';
import type { ScenarioChecking } from './checking.ts';
import { isList, isMap, mapsIn, memberOf } from './raw.ts';

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
    case 'breaker.opens':
    case 'breaker.closes':
      checkService(checking, metric.breaker.split('/', 1)[0] ?? '', ['breaker'], path);
      return;
    case 'healthy.endpoints':
      checkService(checking, metric.service, WATCHED, path);
      return;
    case 'fallback.rate':
      checkService(checking, metric.service, ['fallback'], path);
      return;
    default:
      if (memberOf(root, 'load') !== undefined) return;
      report(path, `${formatMetric(metric)} is measured by the "load", and there is none`);
  }
}

/** Any of the keys that let the proxy look after each endpoint of a service. */
const WATCHED = ['health', 'balance', 'breaker', 'limits', 'retries', 'fallback', 'timeout'];

/** The service that is meant, or at least one where none is named, has one of these keys. */
function checkService(
  { root, report }: ScenarioChecking,
  name: string | undefined,
  keys: readonly string[],
  path: Path,
): void {
  const services = memberOf(root, 'services');
  const all = isMap(services) ? Object.entries(services) : [];
  const known = all.map(([service]) => service);
  if (name !== undefined && !known.includes(name)) {
    report(path, `the service ${quote(name)} is not in "services"${suggest(name, known)}`);
    return;
  }
  const meant = all.filter(([service]) => name === undefined || service === name);
  if (meant.some(([, service]) => keys.some((key) => (memberOf(service, key) ?? null) !== null))) return;
  const who = name === undefined ? 'no service has' : `service ${name} has no`;
  report(path, `${who} ${listOr(keys.map(quote))}: nothing can be said of it`);
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
