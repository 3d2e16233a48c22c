import type { Checking, ScenarioChecking } from './checking.ts';
import { checkComparisons } from './comparisons.ts';
import { didYouMean } from '../mistakes/did-you-mean.ts';
import { quote } from '../mistakes/words.ts';
import { isList, isMap, mapsIn, memberOf, stepsIn } from './raw.ts';
import { checkServices } from './services.ts';
import { checkTarget } from './targets.ts';
import { checkUnique } from './unique.ts';

/**
 * What a schema cannot see: that names which are used exist, and exist once. Works on a file that may be wrong elsewhere, so that all
 * mistakes come out together.
 */
export function checkReferences(checking: ScenarioChecking): void {
  const { names } = checking;
  checkUnique(names.faults, 'id', checking);
  checkUnique([...names.steady, ...names.probeSteps], 'name', checking);
  checkServices(checking);
  checkIdleTls(checking);
  checkSteps(checking);
  checkProbes(checking);
  checkComparisons(checking);
}

/** A proxy that is not there does not speak TLS. */
function checkIdleTls({ root, report }: Checking): void {
  const services = memberOf(root, 'services');
  for (const [name, service] of isMap(services) ? Object.entries(services) : []) {
    if (memberOf(service, 'tls') === undefined || memberOf(service, 'listen') !== undefined) continue;
    const why = `"tls" is about the proxy in front of ${name}, and there is none: give the service a "listen" address`;
    report(['services', name, 'tls'], why, { at: 'key' });
  }
}

function checkSteps(checking: Checking): void {
  const { root, report } = checking;
  const method = memberOf(root, 'method');
  const steps = stepsIn(method, ['method']);
  for (const { value, path } of steps) {
    if (memberOf(value, 'at') !== undefined && memberOf(value, 'after') !== undefined) {
      report([...path, 'after'], 'a step starts "at" a time or "after" a delay; leave one of them out', { at: 'key' });
    }
    if (memberOf(value, 'fault') !== undefined) checkTarget(checking, value, path);
  }
  // A step that is no mapping is reported as that; whether it was meant to be a fault is anyone's guess.
  const isKnown = isList(method) && method.length > 0 && method.every(isMap);
  if (isKnown && !steps.some(({ value }) => memberOf(value, 'fault') !== undefined)) {
    report(['method'], 'the method injects no fault: a run that touches nothing proves nothing', { at: 'key' });
  }
}

/** Whatever a probe says of a service by `with.service` is said of one of the scenario. */
function checkProbes({ root, report }: ScenarioChecking): void {
  const services = memberOf(root, 'services');
  const known = isMap(services) ? Object.keys(services) : [];
  const steps = stepsIn(memberOf(root, 'method'), ['method']);
  for (const { value, path } of [...mapsIn(memberOf(root, 'steadyState'), ['steadyState']), ...steps]) {
    const service = memberOf(memberOf(value, 'with'), 'service');
    if (memberOf(value, 'probe') === undefined || typeof service !== 'string' || known.includes(service)) continue;
    report(
      [...path, 'with', 'service'],
      `the service ${quote(service)} is not in "services"${didYouMean(service, known)}`,
    );
  }
}
