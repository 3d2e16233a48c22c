import { findClients, type ServiceExplanation, type ServicesClient } from '../control/services-client.ts';
import { AppError } from '../errors/app-error.ts';
import type { EndpointView, ServicesSnapshot, ServiceView } from '../events/service-view.ts';
import { nearest } from '../errors/nearest.ts';
import type { ServiceFlags } from './flags.ts';
import { realClock } from '../runtime/clock.ts';
import { selfRef } from '../runtime/processes.ts';

/** What is known of the services of every process that is found. */
export async function listServices(flags: ServiceFlags, version: string): Promise<ServicesSnapshot[]> {
  const clients = await connect(flags, version);
  const asked = await Promise.all(clients.map((client) => client.snapshot().catch(endedMeanwhile(flags))));
  return asked.filter((snapshot) => snapshot !== undefined);
}

/** The same again and again, until `stop`; gives the last one. */
export async function watchServices(
  flags: ServiceFlags,
  { version, everyMs, stop, onSnapshots }: WatchRequest,
): Promise<ServicesSnapshot[]> {
  for (;;) {
    const snapshots = await listServices(flags, version);
    onSnapshots(snapshots);
    const stopped = await realClock.sleep(everyMs, stop).then(
      () => false,
      () => true,
    );
    if (stopped) return snapshots;
  }
}

export interface WatchRequest {
  readonly version: string;
  readonly everyMs: number;
  readonly stop: AbortSignal;
  readonly onSnapshots: (snapshots: readonly ServicesSnapshot[]) => void;
}

/** Throws AppError `usage` when no process has such a service, or more than one does. */
export async function explainService(
  flags: ServiceFlags & { readonly key: string | undefined },
  service: string,
  version: string,
): Promise<ServiceExplanation> {
  return (await ownerOfService(flags, service, version)).explain(service, flags.key);
}

export async function setDrained(
  flags: ServiceFlags,
  endpoint: string,
  isDrained: boolean,
  version: string,
): Promise<EndpointView> {
  const { client, id } = await ownerOfEndpoint(flags, endpoint, version);
  return isDrained ? client.drain(id) : client.undrain(id);
}

export async function setWeight(
  flags: ServiceFlags,
  endpoint: string,
  weight: number,
  version: string,
): Promise<EndpointView> {
  const { client, id } = await ownerOfEndpoint(flags, endpoint, version);
  return client.setWeight(id, weight);
}

export async function orderBreaker(
  flags: ServiceFlags & { readonly endpoint?: string | undefined; readonly route?: string | undefined },
  { service, to, version }: { readonly service: string; readonly to: string; readonly version: string },
): Promise<ServiceView> {
  const client = await ownerOfService(flags, service, version);
  if (flags.endpoint === undefined) return client.orderBreaker(service, { to, route: flags.route });
  const { id } = await ownerOfEndpoint(flags, flags.endpoint, version);
  return client.orderBreaker(service, { to, endpoint: id });
}

function connect({ api, token, state }: ServiceFlags, version: string): Promise<ServicesClient[]> {
  const userAgent = `faultline/${version} (pid ${selfRef().pid}, uid ${process.getuid?.() ?? '?'})`;
  return findClients({ api, token, stateDirectory: state, userAgent });
}

/** One of several local processes may end between being found and being asked. */
function endedMeanwhile({ api }: ServiceFlags): (error: unknown) => undefined {
  return (error) => {
    if (api !== undefined) throw error;
    return undefined;
  };
}

async function ownerOfService(flags: ServiceFlags, service: string, version: string): Promise<ServicesClient> {
  const owners = await ownersBy(flags, version, ({ services }) => services.map((view) => view.service));
  return only(owners, service, { flags, what: 'service' }).client;
}

/** An endpoint by its id, or by its address where that says enough. */
async function ownerOfEndpoint(
  flags: ServiceFlags,
  endpoint: string,
  version: string,
): Promise<{ readonly client: ServicesClient; readonly id: string }> {
  const owners = await ownersBy(flags, version, ({ services }) =>
    // Those that take turns are not known by the registry.
    services.flatMap(({ endpoints, balance, listen }) =>
      balance === null && listen !== null ? [] : endpoints.map((view) => view.endpoint),
    ),
  );
  const isKnown = owners.some(({ name }) => name === endpoint);
  const byAddress = isKnown ? [] : owners.filter(({ name }) => name.endsWith(`/${endpoint}`));
  const { client, name } = only(byAddress.length > 0 ? byAddress : owners, byAddress[0]?.name ?? endpoint, {
    flags,
    what: 'endpoint',
  });
  if (new Set(byAddress.map((owner) => owner.name)).size > 1)
    throw new AppError('usage', `${endpoint} is an endpoint of several services`, {
      hint: `say which: ${byAddress.map((owner) => owner.name).join(', ')}`,
    });
  return { client, id: name };
}

interface Owner {
  readonly client: ServicesClient;
  readonly name: string;
  readonly process: string;
}

async function ownersBy(
  flags: ServiceFlags,
  version: string,
  namesIn: (snapshot: ServicesSnapshot) => readonly string[],
): Promise<Owner[]> {
  const clients = await connect(flags, version);
  const found = await Promise.all(
    clients.map(async (client): Promise<Owner[]> => {
      const snapshot = await client.snapshot().catch(endedMeanwhile(flags));
      if (snapshot === undefined) return [];
      const { command, subject, pid } = snapshot.owner;
      return namesIn(snapshot).map((name) => ({ client, name, process: `${command} ${subject} (pid ${pid})` }));
    }),
  );
  return found.flat();
}

function only(
  owners: readonly Owner[],
  wanted: string,
  { flags, what }: { readonly flags: ServiceFlags; readonly what: string },
): Owner {
  const [first, second] = owners.filter(({ name }) => name === wanted);
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined && second !== undefined)
    throw new AppError('usage', `more than one process has ${what} ${wanted}: ${first.process}, ${second.process}`, {
      hint: 'say which by --api, or by another --state',
    });
  if (owners.length === 0)
    throw new AppError('usage', `there is no ${what} ${wanted}: no process with services is going on`, {
      hint: flags.api === undefined ? `looked in ${flags.state}; --api asks one elsewhere` : undefined,
    });
  const names = [...new Set(owners.map(({ name }) => name))];
  const guess = nearest(wanted, names);
  throw new AppError('usage', `there is no ${what} ${wanted}`, {
    hint: guess === undefined ? `there are ${names.slice(0, 10).join(', ')}` : `did you mean ${guess}?`,
  });
}
