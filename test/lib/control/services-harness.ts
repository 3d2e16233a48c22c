import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ServicesApi, type ApiAddress } from '../../../src/lib/control/services-api.ts';
import type { OperatorEventBody } from '../../../src/lib/events/operator-events.ts';
import type { ServiceEvent } from '../../../src/lib/events/service-events.ts';
import { createListenOptions } from '../../../src/lib/experiment/listen-options.ts';
import { WatchedServices } from '../../../src/lib/experiment/watched-services.ts';
import { openProxy, type Proxy } from '../../../src/lib/proxy/proxy.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { parseProxyFile } from '../../../src/lib/scenario/proxy-file.ts';
import { scenarioKinds } from '../../../src/lib/app/open-scenario.ts';
import { temporaryDirectory } from '../../support/temp.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
}

export interface Scene {
  readonly proxy: Proxy;
  readonly watched: WatchedServices;
  readonly api: ServicesApi;
  readonly actions: readonly OperatorEventBody[];
  readonly events: readonly ServiceEvent[];
  readonly notes: readonly string[];
  readonly stateDirectory: string;
  readonly socketPath: string;
  /** By the socket. */
  ask(method: string, path: string, body?: object | string): Promise<Answer>;
  /** The port that a service listens on. */
  portOf(service: string): number;
}

/** A proxy with services as `faultline.yaml` describes them, listening on free ports, and its API at a socket. */
export async function scene(
  services: string,
  { record, stateDirectory = temporaryDirectory() }: { record?: () => void; stateDirectory?: string } = {},
): Promise<Scene> {
  const actions: OperatorEventBody[] = [];
  const events: ServiceEvent[] = [];
  const notes: string[] = [];
  const proxy = openProxy({ clock: realClock });
  const watched = new WatchedServices(realClock, (event) => events.push(event));
  const pid = process.pid;
  const api = new ServicesApi({
    proxy,
    registry: watched.registry,
    takesEndpoints: (service) => watched.isFollowed(service),
    clock: realClock,
    owner: { pid, command: 'proxy run', subject: 'test.yaml' },
    stateDirectory,
    record: (action) => {
      record?.();
      actions.push(action);
    },
    onNote: (text) => notes.push(text),
  });
  onTestFinished(async () => {
    watched.close();
    await api.close();
    await proxy.close();
  });
  const text = `version: 1\napi: 9\nservices: ${services}\n`;
  const config = parseProxyFile(text, { file: 'test.yaml', directory: '/', kinds: scenarioKinds(), env: {}, vars: {} });
  for (const service of Object.values(config.services)) {
    const front = { ...service, listen: { host: '127.0.0.1', port: 0 } };
    const noCa = (): never => {
      throw new Error('there is no authority here');
    };
    await proxy.listen(createListenOptions(front, noCa, watched));
  }
  await api.openSocket();
  const socketPath = join(stateDirectory, 'control', `${pid}.sock`);
  return {
    proxy,
    watched,
    api,
    actions,
    events,
    notes,
    stateDirectory,
    socketPath,
    ask: (method, path, body) => send({ socketPath }, method, path, body),
    portOf: (service) => proxy.lookupService(service)?.address?.port ?? 0,
  };
}

/** Opens the API at a port as well. */
export async function openPort({ api }: Scene, options: Partial<ApiAddress> = {}): Promise<number> {
  const server = await api.open({
    listen: { host: '127.0.0.1', port: 0 },
    token: undefined,
    hosts: [],
    ...options,
  });
  onTestFinished(() => server.close());
  return server.address.port;
}

export async function send(
  where: { readonly socketPath: string } | { readonly port: number },
  method: string,
  path: string,
  body?: object | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', ...where, method, path, headers, agent: false });
  asked.end(typeof body === 'object' ? JSON.stringify(body) : body);
  const [response] = (await once(asked, 'response')) as [AsyncIterable<Buffer> & Answer & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode, headers: response.headers, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A service that says its name; gives its port. */
export async function serveName(name: string): Promise<number> {
  const server: Server = createServer((_request, response) => response.end(name)).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
