import type { Json } from '../../events/json.ts';
import { parseAddress } from '../file/addresses.ts';
import { keptSchema } from '../file/kept-schema.ts';
import type { FileFormat } from '../file/parse-file.ts';
import type { Address } from '../scenario.ts';
import { proxyFileSchema, type ProxyFile } from '../proxy-schema.ts';
import type { Checking } from './checking.ts';
import { checkFault, protocolOf } from './faults.ts';
import { nameFaults } from './names.ts';
import { isMap, mapsIn, memberOf } from './raw.ts';
import { checkServices } from './services.ts';
import { checkUnique } from './unique.ts';

/** The proxy's own file: its schema, its addresses against each other, and the faults against what they act on. */
export const PROXY_FORMAT: FileFormat<ProxyFile> = {
  whole: 'the proxy file',
  neverEmpty: new Set(['version', 'services']),
  howToBegin: 'it needs version and services; `faultline scenario schema --proxy` prints the whole format',
  schema: keptSchema((kinds) => proxyFileSchema(kinds)),
  check(checking) {
    const metrics = lookupMetrics(checking.root);
    const path = ['metrics'];
    checkServices(checking, metrics ? [{ who: '"metrics"', path, address: metrics, transport: 'tcp' }] : []);
    const services = memberOf(checking.root, 'services');
    for (const [name, service] of isMap(services) ? Object.entries(services) : []) checkFaults(checking, name, service);
  },
};

function checkFaults(checking: Checking, name: string, service: Json): void {
  const faults = mapsIn(memberOf(service, 'faults'), ['services', name, 'faults']);
  const protocol = protocolOf(service);
  checkUnique(nameFaults(faults), 'id', checking);
  for (const { value, path } of faults) {
    checkFault(checking, value, path, protocol === undefined ? undefined : { service: name, protocol });
  }
}

function lookupMetrics(root: Json): Address | undefined {
  const metrics = memberOf(root, 'metrics');
  if (typeof metrics !== 'string' && typeof metrics !== 'number') return undefined;
  const text = String(metrics);
  return parseAddress(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
}
