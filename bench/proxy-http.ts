import { fork, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { readTimes } from '../src/lib/runtime/processes.ts';
import { realClock } from '../src/lib/runtime/clock.ts';
import { openProxy } from '../src/lib/proxy/proxy.ts';

/**
 * CPU per proxied HTTP request: this proxy against a plain node:net pipe, each in a process of its own, in one run.
 *
 *     this process (load, keep-alive) ──▶ proxy under test ──▶ upstream (answers without looking)
 *
 *     node bench/proxy-http.ts [requests] [connections]
 */

const REQUEST = Buffer.from(
  'GET /api/orders/17?expand=items HTTP/1.1\r\nHost: shop.test:8080\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n' +
    'Accept-Encoding: gzip, deflate\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n' +
    'baggage: chaos.run=r1,chaos.request=17\r\nConnection: keep-alive\r\n\r\n',
);
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\nETag: "abc"\r\nContent-Length: 256\r\nConnection: keep-alive\r\n\r\n${'x'.repeat(256)}`,
);
const MATCHING_LATENCY = { delay: '0ms', match: { path: '/api/**', headers: { host: 'shop.*' } } };

interface Case {
  readonly name: string;
  readonly role: 'pipe' | 'proxy';
  readonly protocol: 'http' | 'tcp';
  readonly filter: unknown;
}

const CASES: readonly Case[] = [
  { name: 'node:net pipe', role: 'pipe', protocol: 'tcp', filter: undefined },
  { name: 'raw TCP', role: 'proxy', protocol: 'tcp', filter: undefined },
  { name: 'HTTP, no filter', role: 'proxy', protocol: 'http', filter: undefined },
  { name: 'HTTP, latency 0 ms', role: 'proxy', protocol: 'http', filter: { delay: '0ms' } },
  { name: 'HTTP, 0 ms + match', role: 'proxy', protocol: 'http', filter: MATCHING_LATENCY },
];

function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, onSocket);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Answers each request without reading it: with one request at a time on a connection, each chunk is one. */
function serveUpstream(): Promise<number> {
  return listen((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write(RESPONSE));
    socket.on('end', () => socket.end());
  });
}

function servePipe(upstream: number): Promise<number> {
  return listen((client) => {
    const server = connect({ host: '127.0.0.1', port: upstream, noDelay: true, allowHalfOpen: true });
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
    client.pipe(server);
    server.pipe(client);
  });
}

async function serveProxy(upstream: number, { protocol, filter }: Case): Promise<number> {
  const proxy = openProxy({ clock: realClock });
  const listenAddress = { host: '127.0.0.1', port: 0 };
  const upstreams = [{ host: '127.0.0.1', port: upstream }];
  const { port } = await proxy.listen({ service: 'bench', protocol, listen: listenAddress, upstreams });
  if (filter !== undefined) proxy.addFilter({ service: 'bench', id: 'f', kind: 'latency', params: filter, seed: 1 });
  return port;
}

/** Sends `requests` over `connections`, each waiting for its answer before the next. */
function drive(port: number, requests: number, connections: number): Promise<void> {
  let left = requests;
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      let received = 0;
      const next = (): void => {
        if (left-- > 0) socket.write(REQUEST);
        else socket.end(resolve);
      };
      socket.on('connect', next);
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        received += chunk.length;
        if (received < RESPONSE.length) return;
        received -= RESPONSE.length;
        next();
      });
    });
  return Promise.all(Array.from({ length: connections }, run)).then(() => undefined);
}

function start(role: string, ...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(import.meta.filename, ['serve', role, ...args]);
  return new Promise((resolve, reject) => {
    child.once('message', (port) => resolve({ child, port: Number(port) }));
    child.once('exit', (code) => reject(new Error(`${role} ended with ${code}`)));
  });
}

async function measure(upstream: number, index: number, requests: number, connections: number): Promise<number> {
  const { child, port } = await start('case', String(upstream), String(index));
  await drive(port, Math.min(requests, 20_000), connections);
  const before = readTimes(child.pid ?? 0)?.runNs ?? 0;
  await drive(port, requests, connections);
  const after = readTimes(child.pid ?? 0)?.runNs ?? 0;
  child.removeAllListeners('exit');
  child.kill();
  return (after - before) / requests / 1000;
}

async function main(requests: number, connections: number): Promise<void> {
  const { child, port } = await start('upstream');
  const rounds = 3;
  const figures = CASES.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const index of CASES.keys()) figures[index]!.push(await measure(port, index, requests, connections));
  }
  child.removeAllListeners('exit');
  child.kill();
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const base = median(figures[0]!);
  console.log(`${requests} requests, ${connections} connections, median of ${rounds} rounds (all rounds)`);
  for (const [index, { name }] of CASES.entries()) {
    const us = median(figures[index]!);
    const all = figures[index]!.map((value) => value.toFixed(1)).join(' ');
    console.log(
      `${name.padEnd(20)} ${us.toFixed(1).padStart(6)} us CPU/request  ${(us / base).toFixed(2)}x  ${Math.round(1e6 / us)} requests/CPU-s  (${all})`,
    );
  }
}

const [mode, role, upstream, index] = process.argv.slice(2);
if (mode === 'serve') {
  const chosen = CASES[Number(index)];
  const port =
    role === 'upstream' || !chosen
      ? await serveUpstream()
      : chosen.role === 'pipe'
        ? await servePipe(Number(upstream))
        : await serveProxy(Number(upstream), chosen);
  process.send?.(port);
} else await main(Number(mode ?? 60_000), Number(role ?? 32));
