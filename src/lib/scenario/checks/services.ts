import type { Json } from '../../events/json.ts';
import { parseAddress, parseEndpoint, schemeOf } from '../file/addresses.ts';
import { formatHostPort } from '../../wire/host-port.ts';
import type { Path } from '../mistakes/mistake.ts';
import type { Address } from '../scenario.ts';
import type { Checking } from './checking.ts';
import { endpointsIn } from './endpoints.ts';
import { checkFront } from './front.ts';
import { isMap, memberOf } from './raw.ts';
import { checkTls } from './tls.ts';

const WILDCARDS = new Set(['0.0.0.0', '::']);
const LOCAL = new Map([['localhost', '127.0.0.1']]);

/** Somebody who listens at an address. */
export interface Claim {
  /** In a sentence: `service payments`. */
  readonly who: string;
  readonly path: Path;
  readonly address: Address;
  /** TCP and UDP ports are apart from each other. */
  readonly transport: 'tcp' | 'udp';
}

/**
 * What is wrong between the parts of services: two listeners on one address, a proxy in front of itself, endpoints and TLS that do not go with
 * the protocol. `others` listen as well.
 */
export function checkServices(checking: Checking, others: readonly Claim[] = []): void {
  const services = memberOf(checking.root, 'services');
  const claims: Claim[] = [];
  for (const [name, service] of isMap(services) ? Object.entries(services) : []) {
    const path = ['services', name];
    const address = textMember(service, 'listen', parseAddress);
    checkEndpoints(checking, service, name, address);
    checkTls(checking, service, name);
    checkFront(checking, service, name);
    if (address === undefined) continue;
    const transport = memberOf(service, 'protocol') === 'udp' ? 'udp' : 'tcp';
    claim(checking, claims, { who: `service ${name}`, path: [...path, 'listen'], address, transport });
  }
  for (const other of others) claim(checking, claims, other);
}

function claim({ lineOf, report }: Checking, claims: Claim[], one: Claim): void {
  const other = claims.find(({ address, transport }) => transport === one.transport && clash(address, one.address));
  if (other) report(one.path, `${other.who} listens there already (line ${lineOf(other.path)})`);
  claims.push(one);
}

function checkEndpoints({ report }: Checking, service: Json, name: string, listen: Address | undefined): void {
  const protocol = memberOf(service, 'protocol');
  const written = endpointsIn(memberOf(service, 'endpoints'), ['services', name, 'endpoints']);
  for (const { value: endpoint, path } of written) {
    const address = parseEndpoint(endpoint);
    if (address === undefined) continue;
    if (listen && isItself(address, listen)) {
      report(path, `the proxy of ${name} listens here itself ("listen"): it would call itself without end`);
    }
    const scheme = schemeOf(endpoint);
    if (scheme === undefined || (protocol !== 'tcp' && protocol !== 'udp')) continue;
    const asIs = scheme === 'https' && protocol === 'tcp' ? ' (TLS goes through as it comes)' : '';
    const remedy = `write ${formatHostPort(address)}${asIs}, or leave the protocol out`;
    report(path, `service ${name} has "protocol: ${protocol}": ${remedy}`);
  }
}

/** Whether who listens would be called. A proxy on all addresses may well stand before the same port of another machine. */
function isItself(endpoint: Address, listen: Address): boolean {
  if (!WILDCARDS.has(listen.host)) return clash(endpoint, listen);
  const isLocal = /^(?:localhost|127\..*|::1)$/.test(endpoint.host) || WILDCARDS.has(endpoint.host);
  return endpoint.port === listen.port && isLocal;
}

function clash(one: Address, other: Address): boolean {
  const [a, b] = [one.host, other.host].map((host) => LOCAL.get(host) ?? host);
  return one.port === other.port && (a === b || [a, b].some((host) => host !== undefined && WILDCARDS.has(host)));
}

function textMember<Value>(value: Json, key: string, parse: (text: string) => Value | undefined): Value | undefined {
  const text = memberOf(value, key);
  return typeof text === 'string' ? parse(text) : undefined;
}
