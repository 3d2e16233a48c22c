import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { ApiSpec, ProxiedFault, ProxiedService, ProxyConfig } from '../scenario/proxy-config.ts';
import type { Address } from '../scenario/scenario.ts';

/** What is in force, or is to be: a configuration with the seed that its faults throw by. */
export interface ProxyState extends Pick<ProxyConfig, 'metrics' | 'api' | 'services'> {
  readonly seed: number;
}

/** One thing to do on the way from one state to another. */
export type ProxyStep =
  /** Another one is to have its address: it stops listening, and open connections go on. */
  | { readonly do: 'stop'; readonly service: string }
  /** It is gone from the configuration, or can only begin anew; open connections end by themselves, without faults. */
  | { readonly do: 'forget'; readonly service: string }
  | { readonly do: 'listen'; readonly service: ProxiedService }
  /** It listens elsewhere before it stops listening where it did; open connections go on. */
  | { readonly do: 'move'; readonly service: ProxiedService }
  /** Other endpoints, TLS or protocol for new connections; open ones go on. */
  | { readonly do: 'redirect'; readonly service: ProxiedService }
  | { readonly do: 'add' | 'update'; readonly service: string; readonly fault: ProxiedFault }
  | { readonly do: 'remove'; readonly service: string; readonly fault: string }
  | PortStep;

/** What is served on a port of the proxy's own: where, or not any more. */
type PortStep =
  | { readonly do: 'metrics'; readonly address: Address | undefined }
  | { readonly do: 'api'; readonly api: ApiSpec | undefined };

/** Before anything is there. */
export const NOTHING: ProxyState = { seed: 0, metrics: undefined, api: undefined, services: {} };

/**
 * The steps from one state to another, only what differs. What may fail comes first, so that little has to be taken back:
 *
 *   free addresses that others are to have ─ open listeners ─ redirect ─ faults ─ forget what is gone
 */
export function planChanges(before: ProxyState, after: ProxyState): ProxyStep[] {
  const changes = Object.values(after.services).map((service) => compare(before, service));
  const gone = Object.values(before.services).filter(({ name }) => after.services[name] === undefined);
  const isSameSeed = before.seed === after.seed;
  const freeing = freeAddresses(before, after, changes, gone);
  const closing = OWN_PORTS.filter((port) => hasEnded(port, before, after)).map(({ close }) => close);
  return [
    ...freeing,
    ...changes.flatMap(({ how, service: { name } }) => (how === 'anew' ? [forget(name)] : [])),
    ...changes.flatMap(({ how, service }): ProxyStep[] =>
      how === 'new' || how === 'anew' ? [{ do: 'listen', service }] : how === 'moved' ? [{ do: 'move', service }] : [],
    ),
    ...OWN_PORTS.filter((port) => isNew(port, before, after)).map(({ open }) => open(after)),
    ...changes.flatMap(({ how, service }): ProxyStep[] => (how === 'redirected' ? [{ do: 'redirect', service }] : [])),
    ...changes.flatMap((change) => changeFaults(change, isSameSeed)),
    ...gone.map(({ name }) => forget(name)),
    ...closing.filter((step) => !freeing.includes(step)),
  ];
}

interface OwnPort {
  /** As it is configured; undefined: not at all. */
  readonly of: (state: ProxyState) => Address | ApiSpec | undefined;
  readonly addressOf: (state: ProxyState) => Address | undefined;
  readonly open: (state: ProxyState) => PortStep;
  readonly close: PortStep;
}

const OWN_PORTS: readonly OwnPort[] = [
  {
    of: ({ metrics }) => metrics,
    addressOf: ({ metrics }) => metrics,
    open: ({ metrics }) => ({ do: 'metrics', address: metrics }),
    close: { do: 'metrics', address: undefined },
  },
  {
    of: ({ api }) => api,
    addressOf: ({ api }) => api?.listen,
    open: ({ api }) => ({ do: 'api', api }),
    close: { do: 'api', api: undefined },
  },
];

function hasEnded({ of }: OwnPort, before: ProxyState, after: ProxyState): boolean {
  return of(before) !== undefined && of(after) === undefined;
}

function isNew({ of }: OwnPort, before: ProxyState, after: ProxyState): boolean {
  return of(after) !== undefined && !isDeepStrictEqual(of(before), of(after));
}

/** The same address with another token cannot be listened on twice: it is left first. */
function isLeft({ of }: OwnPort, before: ProxyState, after: ProxyState): boolean {
  return of(before) !== undefined && !isDeepStrictEqual(of(before), of(after));
}

function claimOfPort({ addressOf }: OwnPort, state: ProxyState): Claim[] {
  const address = addressOf(state);
  return address === undefined ? [] : [{ address, transport: 'tcp' }];
}

function forget(service: string): ProxyStep {
  return { do: 'forget', service };
}

interface Change {
  readonly service: ProxiedService;
  readonly how: 'new' | 'anew' | 'moved' | 'redirected' | 'same';
  /** The faults that are in force on it. */
  readonly faults: readonly ProxiedFault[];
}

/** How a service differs from what it was. Datagrams are met by another kind of listener, which nothing can be carried over to. */
function compare(before: ProxyState, service: ProxiedService): Change {
  const former = before.services[service.name];
  if (former === undefined) return { service, how: 'new', faults: [] };
  if (transportOf(former) !== transportOf(service)) return { service, how: 'anew', faults: [] };
  const { faults } = former;
  if (!isDeepStrictEqual(former.listen, service.listen)) return { service, how: 'moved', faults };
  return { service, how: isDeepStrictEqual(frontOf(former), frontOf(service)) ? 'same' : 'redirected', faults };
}

function frontOf({ protocol, endpoints, tls, more, filesDigest }: ProxiedService) {
  return { protocol, endpoints, tls, more, filesDigest };
}

/** Where somebody listens, or is to listen; TCP and UDP ports are apart from each other. */
interface Claim {
  readonly address: Address;
  readonly transport: 'tcp' | 'udp';
}

/** Who leaves an address, and must do so first because somebody is to listen there. */
function freeAddresses(
  before: ProxyState,
  after: ProxyState,
  changes: readonly Change[],
  gone: readonly ProxiedService[],
): ProxyStep[] {
  const opening = changes.filter(({ how }) => how === 'new' || how === 'anew' || how === 'moved');
  const wanted = opening.map(({ service }) => claimOf(service));
  for (const port of OWN_PORTS) if (isNew(port, before, after)) wanted.push(...claimOfPort(port, after));
  const isWanted = (claim: Claim): boolean => wanted.some((want) => overlap(want, claim));
  const moving = changes.flatMap(({ how, service: { name } }) => (how === 'moved' ? [name] : []));
  const leaving = Object.values(before.services).filter(({ name }) => moving.includes(name));
  const leavingPorts = OWN_PORTS.filter(
    (port) => isLeft(port, before, after) && claimOfPort(port, before).some(isWanted),
  );
  return [
    ...[...leaving, ...gone]
      .filter((service) => isWanted(claimOf(service)))
      .map(({ name }): ProxyStep => ({ do: 'stop', service: name })),
    ...leavingPorts.map(({ close }) => close),
  ];
}

function claimOf(service: ProxiedService): Claim {
  return { address: service.listen, transport: transportOf(service) };
}

function transportOf({ protocol }: ProxiedService): Claim['transport'] {
  return protocol === 'udp' ? 'udp' : 'tcp';
}

const ANY_ADDRESS: readonly string[] = ['0.0.0.0', '::'];

/** Whether the kernel would not let both be listened on at once. Too careful with names: to stop early costs no more than a moment. */
function overlap(one: Claim, other: Claim): boolean {
  if (one.transport !== other.transport || one.address.port !== other.address.port) return false;
  const hosts = [one.address.host, other.address.host];
  return hosts[0] === hosts[1] || hosts.some((host) => ANY_ADDRESS.includes(host) || isIP(host) === 0);
}

/** Those that are gone, changed, new; neither a seed nor a kind can change in a fault that is in force. */
function changeFaults({ service, faults: former }: Change, isSameSeed: boolean): ProxyStep[] {
  const { name, faults } = service;
  const lookupFormer = ({ id, kind }: ProxiedFault): ProxiedFault | undefined =>
    isSameSeed ? former.find((fault) => fault.id === id && fault.kind === kind) : undefined;
  const staying = faults.filter((fault) => lookupFormer(fault) !== undefined);
  const stays = (id: string): boolean => staying.some((fault) => fault.id === id);
  return [
    ...former.filter(({ id }) => !stays(id)).map(({ id }): ProxyStep => ({ do: 'remove', service: name, fault: id })),
    ...staying
      .filter((fault) => !isDeepStrictEqual(fault, lookupFormer(fault)))
      .map((fault): ProxyStep => ({ do: 'update', service: name, fault })),
    ...faults.filter(({ id }) => !stays(id)).map((fault): ProxyStep => ({ do: 'add', service: name, fault })),
  ];
}
