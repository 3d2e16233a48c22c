import type { Json } from '../../events/json.ts';
import { parseAddress, parseEndpoint } from '../file/addresses.ts';
import type { Path } from '../mistakes/mistake.ts';
import type { Address } from '../scenario.ts';
import type { Checking } from './checking.ts';
import { isList, isMap, memberOf } from './raw.ts';

const WILDCARDS = new Set(['0.0.0.0', '::']);
const LOCAL = new Map([['localhost', '127.0.0.1']]);

/** Addresses that cannot work together: two listeners on one, a proxy in front of itself, HTTP endpoints of a TCP service. */
export function checkServices(checking: Checking): void {
  const { root, lineOf, report } = checking;
  const services = memberOf(root, 'services');
  const listeners: { readonly name: string; readonly path: Path; readonly address: Address }[] = [];
  for (const [name, service] of isMap(services) ? Object.entries(services) : []) {
    const path = ['services', name, 'listen'];
    const address = textMember(service, 'listen', parseAddress);
    checkEndpoints(checking, service, name, address);
    if (address === undefined) continue;
    const other = listeners.find((listener) => clash(listener.address, address));
    if (other) report(path, `service ${other.name} listens there already (line ${lineOf(other.path)})`);
    listeners.push({ name, path, address });
  }
}

function checkEndpoints({ report }: Checking, service: Json, name: string, listen: Address | undefined): void {
  const endpoints = memberOf(service, 'endpoints');
  const base = ['services', name, 'endpoints'];
  const listed: readonly (readonly [Path, Json | undefined])[] = isList(endpoints)
    ? endpoints.map((endpoint, index) => [[...base, index], endpoint])
    : [[base, endpoints]];
  for (const [path, endpoint] of listed) {
    const address = typeof endpoint === 'string' ? parseEndpoint(endpoint) : undefined;
    if (address && listen && clash(address, listen)) {
      report(path, `the proxy of ${name} listens here itself ("listen"): it would call itself without end`);
    }
    if (typeof endpoint === 'string' && endpoint.startsWith('http://') && memberOf(service, 'protocol') === 'tcp') {
      report(
        path,
        `service ${name} has "protocol: tcp": write ${endpoint.slice('http://'.length)}, or leave the protocol out`,
      );
    }
  }
}

function clash(one: Address, other: Address): boolean {
  const [a, b] = [one.host, other.host].map((host) => LOCAL.get(host) ?? host);
  return one.port === other.port && (a === b || [a, b].some((host) => host !== undefined && WILDCARDS.has(host)));
}

function textMember<Value>(value: Json, key: string, parse: (text: string) => Value | undefined): Value | undefined {
  const text = memberOf(value, key);
  return typeof text === 'string' ? parse(text) : undefined;
}
