import type { Json } from '../../events/json.ts';
import { parseAddress } from '../file/addresses.ts';
import { keptSchema } from '../file/kept-schema.ts';
import type { FileFormat } from '../file/parse-file.ts';
import type { Address } from '../scenario.ts';
import { proxyFileSchema, type ProxyFile } from '../proxy-schema.ts';
import type { Path } from '../mistakes/mistake.ts';
import type { Checking } from './checking.ts';
import { checkFault, protocolOf } from './faults.ts';
import { nameFaults } from './names.ts';
import { isMap, mapsIn, memberOf } from './raw.ts';
import { checkServices, type Claim } from './services.ts';
import { checkUnique } from './unique.ts';

/** The proxy's own file: its schema, its addresses against each other, and the faults against what they act on. */
export const PROXY_FORMAT: FileFormat<ProxyFile> = {
  whole: 'the proxy file',
  neverEmpty: new Set(['version', 'services']),
  howToBegin: 'it needs version and services; `faultline scenario schema --proxy` prints the whole format',
  schema: keptSchema((kinds) => proxyFileSchema(kinds)),
  check(checking) {
    checkServices(checking, ownPorts(checking.root));
    const services = memberOf(checking.root, 'services');
    for (const [name, service] of isMap(services) ? Object.entries(services) : []) {
      checkFaults(checking, name, service);
      checkEndpointless(checking, name, service);
    }
  },
};

/** Only a service that others can join may begin without endpoints. */
function checkEndpointless({ root, report, kinds }: Checking, name: string, service: Json): void {
  const written = memberOf(service, 'endpoints');
  if (!isMap(service) || (written !== undefined && written !== null)) return;
  const isJoined = Object.keys(kinds.front ?? {}).some((key) => memberOf(service, key) !== undefined);
  const path = ['services', name];
  if (memberOf(root, 'api') === undefined)
    report(
      path,
      `service ${name} has no "endpoints": write where its instances listen, or set "api" where they register`,
    );
  else if (!isJoined)
    report(path, `service ${name} has no "endpoints", and nothing lets any join: give it "balance: round_robin"`);
}

function checkFaults(checking: Checking, name: string, service: Json): void {
  const faults = mapsIn(memberOf(service, 'faults'), ['services', name, 'faults']);
  const protocol = protocolOf(service);
  checkUnique(nameFaults(faults), 'id', checking);
  for (const { value, path } of faults) {
    checkFault(checking, value, path, protocol === undefined ? undefined : { service: name, protocol });
  }
}

/** Where the proxy itself is to be reached. */
function ownPorts(root: Json): Claim[] {
  const api = memberOf(root, 'api');
  const ports: readonly (readonly [Path, Json | undefined])[] = [
    [['metrics'], memberOf(root, 'metrics')],
    isMap(api) ? [['api', 'listen'], memberOf(api, 'listen')] : [['api'], api],
  ];
  return ports.flatMap(([path, written]) => {
    const address = lookupAddress(written);
    return address === undefined ? [] : [{ who: `"${path.join('.')}"`, path, address, transport: 'tcp' as const }];
  });
}

function lookupAddress(written: Json | undefined): Address | undefined {
  if (typeof written !== 'string' && typeof written !== 'number') return undefined;
  const text = String(written);
  return parseAddress(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
}
