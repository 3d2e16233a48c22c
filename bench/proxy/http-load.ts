import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { cpuNs, median, startRole, type Started } from './processes.ts';

/** What measurements of HTTP/1.1 share: the service, the clients, and how proxies are compared. */

const REQUEST = Buffer.from(
  'GET /api/orders/17?expand=items HTTP/1.1\r\nHost: shop.test:8080\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n' +
    'Accept-Encoding: gzip, deflate\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n' +
    'baggage: chaos.run=r1,chaos.request=17\r\nConnection: keep-alive\r\n\r\n',
);
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "abc"\r\nContent-Length: 256\r\nConnection: keep-alive\r\n\r\n${'x'.repeat(255)}!`,
);
const END = '!'.charCodeAt(0);

const ROUNDS = 25;
/** By then the compiler is done with what it found hot. */
const WARM_UP_REQUESTS = 20_000;

/** A proxy to be measured, in front of the services on these ports. */
export interface Peer {
  readonly name: string;
  start(upstreams: readonly number[]): Promise<Started>;
}

/** Answers each request without reading it: with one request at a time on a connection, each chunk is one. */
function serveUpstream(): void {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write(RESPONSE));
    socket.on('end', () => socket.end());
  });
  server.listen(
    { port: 0, host: '127.0.0.1', backlog: 1024 },
    () => void process.send?.((server.address() as AddressInfo).port),
  );
}

/** Sends `count` requests over the connections, each waiting for its answer before the next. */
async function drive(sockets: readonly Socket[], count: number): Promise<void> {
  let left = count;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          const next = (): void => {
            if (left-- > 0) socket.write(REQUEST);
            else {
              socket.removeAllListeners('data').removeAllListeners('close');
              resolve();
            }
          };
          socket.on('data', (chunk) => {
            if (chunk.at(-1) === END) next();
          });
          socket.once('close', () => reject(new Error('a proxy has closed a connection')));
          next();
        }),
    ),
  );
}

interface Measured {
  readonly name: string;
  readonly proxy: Started;
  readonly sockets: readonly Socket[];
  /** CPU µs per request of each round. */
  readonly rounds: number[];
}

/**
 * CPU of each proxy per request on kept connections. All run at once and take turns in many short rounds; the first peer is what the others are
 * compared with, round by round, since what else the machine does changes from one second to the next.
 */
export async function compareHttp(
  peers: readonly Peer[],
  { services, requests, connections }: { services: number; requests: number; connections: number },
): Promise<void> {
  const upstreams = await Promise.all(
    Array.from({ length: services }, () => startRole(import.meta.filename, 'upstream')),
  );
  const measured: Measured[] = [];
  for (const peer of peers) {
    const proxy = await peer.start(upstreams.map(({ port }) => port));
    const sockets = Array.from({ length: connections }, () =>
      connect({ host: '127.0.0.1', port: proxy.port, noDelay: true }),
    );
    await drive(sockets, WARM_UP_REQUESTS);
    measured.push({ name: peer.name, proxy, sockets, rounds: [] });
  }
  const count = Math.ceil(requests / ROUNDS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { proxy, sockets, rounds } of measured) {
      const before = cpuNs(proxy.pids());
      await drive(sockets, count);
      rounds.push((cpuNs(proxy.pids()) - before) / count / 1000);
    }
  }
  for (const { proxy, sockets } of measured) {
    for (const socket of sockets) socket.removeAllListeners('close').destroy();
    await proxy.stop();
  }
  await Promise.all(upstreams.map((upstream) => upstream.stop()));
  print(measured, connections);
}

function print(measured: readonly Measured[], connections: number): void {
  const base = measured[0]!.rounds;
  console.log(
    `CPU µs per HTTP/1.1 request, ${connections} kept connections (median of ${ROUNDS} rounds; least to most)`,
  );
  for (const { name, rounds } of measured) {
    const us = median(rounds).toFixed(1).padStart(7);
    const ratio = median(rounds.map((value, round) => value / base[round]!)).toFixed(2);
    const range = `${Math.min(...rounds).toFixed(1)} to ${Math.max(...rounds).toFixed(1)}`;
    console.log(`${name.padEnd(24)} ${us}  ${ratio}x  (${range})`);
  }
}

if (process.argv[2] === 'upstream' && process.argv[1] === import.meta.filename) serveUpstream();
