import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { delayCdf, ksDistance } from '../../test/lib/proxy/filters/distributions.ts';
import { startRole, type Started } from './processes.ts';
import { startFaultline } from './peers.ts';

/**
 * What arrives of a latency that is asked for: 5, 50 and 500 ms, exactly and with a jitter of half as much, beside a node:net proxy that
 * delays by setTimeout. A delay is what a client waits beyond the median of an undelayed exchange through the same proxy; how far the
 * undelayed ones scatter tells what of an overshoot is the machine's.
 *
 *     node bench/proxy/latency.ts [requests]
 */

const REQUEST = Buffer.from('GET /orders/17 HTTP/1.1\r\nHost: shop.test\r\n\r\n');
const RESPONSE = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!');
const DELAYS_MS = [5, 50, 500];
/** Requests a second: so few that the machine is idle. */
const RATE = 200;

interface Case {
  readonly delayMs: number;
  readonly jitterMs: number;
}

const PEERS = {
  faultline: (upstream: number, { delayMs, jitterMs }: Case) =>
    startFaultline(upstream, {
      protocol: 'http',
      faults: [{ kind: 'latency', params: { delay: `${delayMs}ms`, jitter: `${jitterMs}ms` } }],
    }),
  setTimeout: (upstream: number, { delayMs, jitterMs }: Case) =>
    startRole(import.meta.filename, 'timeout', String(upstream), String(delayMs), String(jitterMs)),
};

function serveUpstream(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write(RESPONSE));
  });
  server.listen(0, '127.0.0.1', () => void process.send?.((server.address() as AddressInfo).port));
}

function serveTimeout(upstream: number, { delayMs, jitterMs }: Case): void {
  const server = createServer({ noDelay: true }, (client) => {
    const service = connect({ host: '127.0.0.1', port: upstream, noDelay: true });
    for (const socket of [client, service]) socket.on('error', () => [client, service].forEach((s) => s.destroy()));
    client.on('data', (chunk) => {
      if (delayMs === 0) service.write(chunk);
      else setTimeout(() => service.write(chunk), delayMs + jitterMs * (2 * Math.random() - 1));
    });
    service.pipe(client);
  });
  server.listen(0, '127.0.0.1', () => void process.send?.((server.address() as AddressInfo).port));
}

/** How long each exchange took, in ms. They begin evenly, each on a connection that is free, whatever the others wait for. */
async function exchanges({ port }: Started, count: number): Promise<number[]> {
  const open: Socket[] = [];
  const free: Socket[] = [];
  const ask = async (): Promise<number> => {
    const socket = free.pop() ?? (await openSocket(port));
    if (!open.includes(socket)) open.push(socket);
    const startMs = performance.now();
    socket.write(REQUEST);
    await new Promise((resolve) => socket.once('data', resolve));
    const tookMs = performance.now() - startMs;
    free.push(socket);
    return tookMs;
  };
  const asked: Promise<number>[] = [];
  const startMs = performance.now();
  while (asked.length < count) {
    asked.push(ask());
    const nextMs = startMs + (asked.length + Math.random() - 0.5) * (1000 / RATE);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
  }
  const tookMs = await Promise.all(asked);
  for (const socket of open) socket.destroy();
  return tookMs;
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function measure(peer: keyof typeof PEERS, upstream: number, asked: Case, requests: number): Promise<string> {
  const still = await PEERS[peer](upstream, { delayMs: 0, jitterMs: 0 });
  await exchanges(still, 200);
  const undelayed = (await exchanges(still, requests)).toSorted((a, b) => a - b);
  const baseMs = at(undelayed, 0.5);
  await still.stop();
  const proxy = await PEERS[peer](upstream, asked);
  await exchanges(proxy, 200);
  const delays = (await exchanges(proxy, requests)).map((ms) => ms - baseMs);
  await proxy.stop();
  const spec = { distribution: 'uniform', ...asked } as const;
  const sorted = delays.toSorted((a, b) => a - b);
  const name = `${asked.delayMs} ms${asked.jitterMs > 0 ? ` ± ${asked.jitterMs}` : ''}`.padEnd(14);
  const quantiles = [0, 0.5, 0.9, 0.99, 1].map((fraction) => at(sorted, fraction).toFixed(2).padStart(8)).join('');
  const quality =
    asked.jitterMs > 0
      ? `KS ${ksDistance(delays, delayCdf(spec)).toFixed(3)}`
      : `overshoot p99 ${(at(sorted, 0.99) - asked.delayMs).toFixed(2)} ms, undershoot ${Math.max(0, asked.delayMs - at(sorted, 0)).toFixed(2)} ms`;
  return `${peer.padEnd(11)} ${name} ${quantiles}   ${quality}   (undelayed p50 ${baseMs.toFixed(2)} ms, p99 ${(at(undelayed, 0.99) - baseMs).toFixed(2)} ms beyond it)`;
}

function at(sorted: readonly number[], fraction: number): number {
  return sorted[Math.floor(fraction * (sorted.length - 1))]!;
}

async function main(requests: number): Promise<void> {
  const upstream = await startRole(import.meta.filename, 'upstream');
  console.log(`delay in ms, ${requests} requests a case:        min     p50     p90     p99     max`);
  for (const delayMs of DELAYS_MS) {
    for (const jitterMs of [0, delayMs / 2]) {
      for (const peer of ['faultline', 'setTimeout'] as const)
        console.log(await measure(peer, upstream.port, { delayMs, jitterMs }, requests));
    }
  }
  await upstream.stop();
}

const [first, ...rest] = process.argv.slice(2);
if (first === 'upstream') serveUpstream();
else if (first === 'timeout') {
  const [upstream = 0, delayMs = 0, jitterMs = 0] = rest.map(Number);
  serveTimeout(upstream, { delayMs, jitterMs });
} else await main(Number(first ?? 2_000));
