import { connect } from 'node:net';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import {
  openToxiproxyApi,
  type ToxiproxyApi,
  type ToxiproxyApiOptions,
} from '../../../src/lib/control/toxiproxy-api.ts';
import type { ProxyEvent } from '../../../src/lib/events/proxy-events.ts';
import { openProxy, type Proxy } from '../../../src/lib/proxy/proxy.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { temporaryDirectory } from '../../support/temp.ts';

/** What the tests of the API share: a server with a real proxy below it, and a client that shows every byte. */

export interface Served {
  readonly api: ToxiproxyApi;
  readonly proxy: Proxy;
  readonly url: string;
  readonly notes: string[];
  readonly events: ProxyEvent[];
  /** Sends a request and gives back the answer. */
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
}

export async function serveApi(options: Partial<ToxiproxyApiOptions> = {}): Promise<Served> {
  const notes: string[] = [];
  const events: ProxyEvent[] = [];
  const proxy = openProxy({ clock: realClock, onEvent: (event) => events.push(event) });
  onTestFinished(() => proxy.close());
  const api = await openToxiproxyApi({
    proxy,
    clock: realClock,
    address: '127.0.0.1:0',
    token: undefined,
    isOpenToAll: false,
    hosts: [],
    lenient: false,
    version: '9.8.7',
    seed: 42,
    stateDirectory: options.stateDirectory ?? temporaryDirectory(),
    restore: false,
    config: undefined,
    onNote: (_level, text) => notes.push(text),
    ...options,
  });
  onTestFinished(() => api.close());
  const { port } = api.address;
  return {
    api,
    proxy,
    url: `http://127.0.0.1:${port}`,
    notes,
    events,
    call: (method, path, body, headers) => send(port, method, path, body, headers),
  };
}

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly tookMs: number;
}

async function send(
  port: number,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const fields = {
    Host: `127.0.0.1:${port}`,
    Connection: 'close',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const startedMs = performance.now();
  const raw = await exchange(port, `${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${text}`);
  const tookMs = performance.now() - startedMs;
  const end = raw.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = raw.slice(0, end).split('\r\n');
  const answered = lines.map((line) => [line.split(':', 1)[0]!.toLowerCase(), line.replace(/^[^:]*: /, '')]);
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(answered) as Record<string, string>,
    body: raw.slice(end + 4),
    tookMs,
  };
}

/** Sends bytes and gives back all that comes until the connection is closed. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => (received += text));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return received;
}

/** What an error looks like on the wire. */
export function errorBody(status: number, message: string): string {
  return `${JSON.stringify({ error: message, status })}\n`;
}
