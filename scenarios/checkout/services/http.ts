import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { startTelemetry, traceCall, traceRequest, type Reply } from './telemetry.ts';

export interface Request {
  /** What stands for `:id` in the route. */
  id: string;
  /** Aborted when the caller has hung up: nobody waits for the answer any more. */
  signal: AbortSignal;
}

export type Routes = Record<string, (request: Request) => Promise<Reply>>;

/** Connections that may wait to be accepted: a service that was overloaded must not first work off hundreds that are dead. */
const BACKLOG = 128;
/** After SIGTERM: how long requests under way may take before their connections are cut. */
const STOP_WITHIN_MS = 2000;

/** Serves `routes` and `/health` on 127.0.0.1 until SIGTERM or SIGINT; then answers what is under way, flushes the spans and ends. */
export async function serve(service: string, defaultPort: number, routes: Routes): Promise<void> {
  const flush = await startTelemetry(service);
  const server = createServer((request, response) => void answer(routes, request, response));
  server.listen(Number(process.env.PORT ?? defaultPort), '127.0.0.1', BACKLOG, () => {
    console.log(`${service} listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  const stop = (): void => {
    setInterval(() => server.closeIdleConnections(), 20).unref();
    setTimeout(() => server.closeAllConnections(), STOP_WITHIN_MS).unref();
    server.close(() => void flush().finally(() => process.exit(0)));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

/** Connections to the services further down are kept and used again. */
const agent = new Agent({ keepAlive: true });

/** GET with one attempt. Never throws: no answer in time is a 504, none at all (or one that is no JSON) a 502. */
export async function call(url: string, timeoutMs: number): Promise<Reply> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await traceCall('GET', new URL(url), (headers) => fetchJson(url, headers, signal));
  } catch {
    if (signal.aborted) return { status: 504, body: { error: `no answer in ${timeoutMs} ms` } };
    return { status: 502, body: { error: 'no answer' } };
  }
}

function fetchJson(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(signal.aborted ? (signal.reason as Error) : error);
    get(url, { agent, headers, signal }, (response) => {
      json(response).then((body) => resolve({ status: response.statusCode ?? 502, body }), fail);
    }).on('error', fail);
  });
}

async function answer(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', headers } = request;
  const [path = '/'] = (request.url ?? '/').split('?');
  request.resume();
  if (path === '/health') {
    send(response, { status: 200, body: { ok: true } });
    return;
  }
  const hangUp = new AbortController();
  response.once('close', () => hangUp.abort());
  const { route, id, handle } = findRoute(routes, path);
  const reply = await traceRequest({ method, path, route, headers }, () => handle({ id, signal: hangUp.signal })).catch(
    (error: unknown): Reply => ({ status: 500, body: { error: String(error) } }),
  );
  send(response, reply);
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function findRoute(routes: Routes, path: string) {
  for (const [route, handle] of Object.entries(routes)) {
    const prefix = route.replace(/:id$/, '');
    if (path === route || (prefix !== route && path.startsWith(prefix))) {
      return { route, id: path.slice(prefix.length), handle };
    }
  }
  return { route: '*', id: '', handle: async () => ({ status: 404, body: { error: `no route ${path}` } }) };
}
