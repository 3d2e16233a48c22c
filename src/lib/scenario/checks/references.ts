import { quote } from '../mistakes/words.ts';
import type { Checking } from './checking.ts';
import { checkComparisons } from './comparisons.ts';
import type { Named } from './names.ts';
import { isList, isMap, memberOf, stepsIn } from './raw.ts';
import { checkServices } from './services.ts';
import { checkTarget } from './targets.ts';

/**
 * What a schema cannot see: that names which are used exist, and exist once. Works on a file that may be wrong elsewhere, so that all
 * mistakes come out together.
 */
export function checkReferences(checking: Checking): void {
  const { names } = checking;
  checkUnique(names.faults, 'id', checking);
  checkUnique([...names.steady, ...names.probeSteps], 'name', checking);
  checkServices(checking);
  checkSteps(checking);
  checkComparisons(checking);
}

function checkUnique(named: readonly Named[], key: 'id' | 'name', { lineOf, report }: Checking): void {
  const first = new Map<string, Named>();
  for (const { name, path } of named) {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, { name, path });
    else report([...path, key], `duplicate ${key} ${quote(name)}; line ${lineOf(earlier.path)} has it already`);
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
