import type { Json, JsonObject } from '../../events/json.ts';
import type { Path } from '../mistakes/mistake.ts';
import { didYouMean } from '../mistakes/did-you-mean.ts';
import { listOr, quote } from '../mistakes/words.ts';
import type { Checking } from './checking.ts';
import { checkFault, protocolOf } from './faults.ts';
import { isMap, memberOf } from './raw.ts';

/** The services that a fault names: they must exist, and have a proxy where the fault acts in it, on something that they speak. */
export function checkTarget(checking: Checking, fault: JsonObject, path: Path): void {
  const target = memberOf(fault, 'target');
  const service = memberOf(target, 'service');
  const ofProcess = memberOf(memberOf(target, 'process'), 'service');
  const services = memberOf(checking.root, 'services') ?? {};
  checkService(checking, services, service, [...path, 'target', 'service']);
  checkService(checking, services, ofProcess, [...path, 'target', 'process', 'service']);
  const kind = checking.kinds.faults.find((candidate) => candidate.kind === fault.fault);
  const found = typeof service === 'string' ? memberOf(services, service) : undefined;
  const protocol = isMap(found) ? protocolOf(found) : undefined;
  const on = typeof service === 'string' && protocol !== undefined ? { service, protocol } : undefined;
  checkFault(checking, fault, path, kind?.targets.includes('service') ? on : undefined);
  if (typeof service !== 'string') return;
  if (!kind?.targets.includes('service') || !isMap(found) || memberOf(found, 'listen') !== undefined) return;
  const why = `fault ${kind.kind} acts in a proxy, and there is none in front of ${service}`;
  checking.report([...path, 'target', 'service'], `${why}: give the service a "listen" address`);
}

function checkService({ report }: Checking, services: Json, name: Json | undefined, path: Path): void {
  const names = isMap(services) ? Object.keys(services) : [];
  if (typeof name !== 'string' || names.includes(name)) return;
  const listed = names.length > 0 ? `expected ${listOr(names)}` : 'there are no "services"';
  report(path, `unknown service ${quote(name)}${didYouMean(name, names) || `: ${listed}`}`);
}
