import type { ControlOwner, ServicesSnapshot, ServiceView } from '../../events/service-view.ts';
import type { Proxy } from '../../proxy/proxy.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ServiceRegistry } from '../../services/registry.ts';
import { parseDurationMs } from '../../wire/quantities.ts';
import { ApiError } from '../http/api-error.ts';
import { noContent, textReply, type Reply } from '../http/reply.ts';
import type { ServiceActions } from './actions.ts';
import type { ServiceBoard } from './board.ts';
import { readBreakerOrder, readRegistration, readWeight } from './bodies.ts';

/** What routes answer from. */
export interface RouteParts {
  readonly board: ServiceBoard;
  readonly actions: ServiceActions;
  readonly registry: ServiceRegistry;
  readonly proxy: Proxy;
  readonly clock: Clock;
  readonly owner: ControlOwner;
}

export interface ApiRequest {
  readonly query: URLSearchParams;
  readonly body: string;
  /** Who asks, as far as they say. */
  readonly by: string;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
}

type Handler = (parts: RouteParts, request: ApiRequest, name: string) => Promise<Reply> | Reply;

/** `:name` stands for the name of a service or the id of an endpoint, percent-encoded. */
const ROUTES: readonly (readonly [path: string, methods: Readonly<Record<string, Handler>>])[] = [
  ['/health', { GET: () => json(200, { status: 'ok' }) }],
  ['/v1/services', { GET: listServices }],
  ['/v1/services/:name', { GET: showService }],
  ['/v1/services/:name/explain', { GET: explainService }],
  ['/v1/services/:name/breaker', { POST: orderBreaker }],
  ['/v1/endpoints', { POST: register }],
  ['/v1/endpoints/:name', { GET: showEndpoint, DELETE: deregister }],
  ['/v1/endpoints/:name/heartbeat', { POST: heartbeat }],
  ['/v1/endpoints/:name/drain', { POST: drain }],
  ['/v1/endpoints/:name/undrain', { POST: undrain }],
  ['/v1/endpoints/:name/weight', { POST: setWeight }],
];

/** Answers a request. Throws ApiError. */
export async function answer(
  parts: RouteParts,
  { method, target }: { readonly method: string; readonly target: string },
  request: Omit<ApiRequest, 'query'>,
): Promise<Reply> {
  const [path = '', query = ''] = target.split('?', 2);
  const segments = path.split('/').map(decode);
  const found = ROUTES.find(([pattern]) => fits(pattern.split('/'), segments));
  if (found === undefined) throw new ApiError(404, `there is nothing at ${path}: services are at /v1/services`);
  const handle = found[1][method];
  if (handle === undefined) return { status: 405, headers: { Allow: Object.keys(found[1]).join(', ') }, body: '' };
  return handle(parts, { ...request, query: new URLSearchParams(query) }, segments[3] ?? '');
}

function fits(pattern: readonly string[], segments: readonly (string | undefined)[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, i) => (part.startsWith(':') ? Boolean(segments[i]) : part === segments[i]));
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/**
 * All of them, or with `index=N` as soon as something has changed since, `wait=30s` at the most: the same as Consul's blocking queries. What is counted
 * (requests, rates) is no change.
 */
async function listServices(parts: RouteParts, request: ApiRequest): Promise<Reply> {
  await awaitChange(parts, request, undefined);
  return snapshotReply(parts, parts.board.views());
}

async function showService(parts: RouteParts, request: ApiRequest, name: string): Promise<Reply> {
  await awaitChange(parts, request, name);
  return snapshotReply(parts, [findView(parts, name)]);
}

async function awaitChange(
  { registry }: RouteParts,
  { query, gone }: ApiRequest,
  service: string | undefined,
): Promise<void> {
  const since = query.get('index');
  if (since === null) return;
  if (!/^\d{1,15}$/.test(since)) throw new ApiError(400, `index: ${JSON.stringify(since)} is no whole number`);
  const wait = query.get('wait') ?? '30s';
  const timeoutMs = parseDurationMs(wait);
  if (timeoutMs === undefined) throw new ApiError(400, `wait: ${JSON.stringify(wait)} is not a duration such as 30s`);
  const { state } = await registry.watch(Number(since), { service, timeoutMs, signal: gone });
  if (state === 'refused') throw new ApiError(429, 'too many are waiting for changes already: ask again later');
}

function explainService(parts: RouteParts, { query }: ApiRequest, name: string): Reply {
  const view = findView(parts, name);
  const explanation = parts.proxy.explain(name, query.get('key') ?? undefined);
  if (explanation !== undefined) return json(200, { service: name, ...explanation, next: explanation.next ?? null });
  const why = view.listen === null ? 'no proxy is in front of it' : 'its endpoints take turns, whatever they are like';
  throw new ApiError(409, `nothing is chosen for service ${name}: ${why}; give it \`balance\``);
}

async function orderBreaker(parts: RouteParts, { body, by }: ApiRequest, name: string): Promise<Reply> {
  findView(parts, name);
  await parts.actions.orderBreaker(name, readBreakerOrder(body), by);
  return json(200, findView(parts, name));
}

function register({ actions, board }: RouteParts, { body }: ApiRequest): Reply {
  const { endpoint, isNew } = actions.register(readRegistration(body));
  return json(isNew ? 201 : 200, board.viewEndpoint(endpoint));
}

function showEndpoint({ board, registry }: RouteParts, _request: ApiRequest, id: string): Reply {
  const endpoint = registry.lookup(id);
  if (endpoint === undefined) throw new ApiError(404, `no endpoint ${id}`);
  return json(200, board.viewEndpoint(endpoint));
}

function heartbeat({ actions }: RouteParts, _request: ApiRequest, id: string): Reply {
  actions.heartbeat(id);
  return noContent();
}

function deregister({ actions }: RouteParts, _request: ApiRequest, id: string): Reply {
  actions.deregister(id);
  return noContent();
}

async function drain({ actions, board }: RouteParts, { by }: ApiRequest, id: string): Promise<Reply> {
  return json(200, board.viewEndpoint(await actions.drain(id, by)));
}

async function undrain({ actions, board }: RouteParts, { by }: ApiRequest, id: string): Promise<Reply> {
  return json(200, board.viewEndpoint(await actions.undrain(id, by)));
}

async function setWeight({ actions, board }: RouteParts, { body, by }: ApiRequest, id: string): Promise<Reply> {
  return json(200, board.viewEndpoint(await actions.setWeight(id, readWeight(body), by)));
}

function findView({ board }: RouteParts, name: string): ServiceView {
  const view = board.view(name);
  if (view === undefined) throw new ApiError(404, `no service ${name}`);
  return view;
}

function snapshotReply({ registry, clock, owner }: RouteParts, services: readonly ServiceView[]): Reply {
  const { index } = registry;
  const snapshot: ServicesSnapshot = { unixMs: clock.unixMs(), index, owner, services };
  const { status, body, headers } = json(200, snapshot);
  return { status, body, headers: { ...headers, 'X-Faultline-Index': String(index) } };
}

function json(status: number, value: object): Reply {
  return { ...textReply(`${JSON.stringify(value)}\n`, 'application/json'), status };
}
