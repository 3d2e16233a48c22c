import { Agent, createServer as createHttp, request } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { cpuNs, median, startRole, type Started } from './processes.ts';
import { startFaultline, startHaproxy, startNginx, startPipe } from './peers.ts';

/**
 * CPU per proxied HTTP/1.1 request on kept connections, in one run: this proxy without and with faults, a 30-line node:net proxy (which does
 * not read HTTP at all), one of node:http, haproxy and nginx.
 *
 *     node bench/proxy/http.ts [requests] [connections]
 */

const REQUEST = Buffer.from(
  'GET /api/orders/17?expand=items HTTP/1.1\r\nHost: shop.test:8080\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n' +
    'Accept-Encoding: gzip, deflate\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n' +
    'baggage: chaos.run=r1,chaos.request=17\r\nConnection: keep-alive\r\n\r\n',
);
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "abc"\r\nContent-Length: 256\r\nConnection: keep-alive\r\n\r\n${'x'.repeat(255)}!`,
);
const END = '!'.charCodeAt(0);

const ROUTE = { path: '/api/**', headers: { host: 'shop.*' } };
const PEERS: readonly { readonly name: string; start(upstream: number): Promise<Started> }[] = [
  { name: '30-line node:net', start: startPipe },
  { name: 'faultline, http', start: (upstream) => startFaultline(upstream, { protocol: 'http' }) },
  {
    name: '  + latency 0 ms',
    start: (upstream) =>
      startFaultline(upstream, { protocol: 'http', faults: [{ kind: 'latency', params: { delay: '0ms' } }] }),
  },
  {
    name: '  + route match',
    start: (upstream) =>
      startFaultline(upstream, {
        protocol: 'http',
        faults: [{ kind: 'latency', params: { delay: '0ms', match: ROUTE } }],
      }),
  },
  {
    name: '  + header patch',
    start: (upstream) =>
      startFaultline(upstream, {
        protocol: 'http',
        faults: [{ kind: 'patch', params: { request: { headers: { 'x-new': '1' } }, match: ROUTE } }],
      }),
  },
  { name: 'node:http proxy', start: (upstream) => startRole(import.meta.filename, 'node-http', String(upstream)) },
  { name: 'haproxy, http', start: (upstream) => startHaproxy(upstream, 'http') },
  { name: 'nginx, http', start: (upstream) => startNginx(upstream, 'http') },
];
const ROUNDS = 3;

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

/** What a proxy costs that is made of Node's own HTTP. */
function serveNodeHttp(upstream: number): void {
  const agent = new Agent({ keepAlive: true });
  const server = createHttp((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const asked = request({ host: '127.0.0.1', port: upstream, method, path: url, headers, agent }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  });
  server.listen(0, '127.0.0.1', () => void process.send?.((server.address() as AddressInfo).port));
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
              socket.removeAllListeners('data');
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

async function main(requests: number, connections: number): Promise<void> {
  const upstream = await startRole(import.meta.filename, 'upstream');
  const figures = PEERS.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, peer] of PEERS.entries()) {
      const proxy = await peer.start(upstream.port);
      const sockets = Array.from({ length: connections }, () =>
        connect({ host: '127.0.0.1', port: proxy.port, noDelay: true }),
      );
      await drive(sockets, Math.min(requests, 20_000));
      for (const socket of sockets) socket.removeAllListeners('close');
      const before = cpuNs(proxy.pids());
      await drive(sockets, requests);
      figures[index]!.push((cpuNs(proxy.pids()) - before) / requests / 1000);
      for (const socket of sockets) socket.removeAllListeners('close').destroy();
      await proxy.stop();
    }
  }
  await upstream.stop();
  console.log(`CPU µs per HTTP/1.1 request, ${connections} kept connections (median of ${ROUNDS}; all)`);
  const base = median(figures[0]!);
  for (const [index, { name }] of PEERS.entries()) {
    const us = median(figures[index]!);
    const all = figures[index]!.map((value) => value.toFixed(1)).join(' ');
    console.log(`${name.padEnd(20)} ${us.toFixed(1).padStart(7)}  ${(us / base).toFixed(2)}x  (${all})`);
  }
}

const [first, second] = process.argv.slice(2);
if (first === 'upstream') serveUpstream();
else if (first === 'node-http') serveNodeHttp(Number(second));
else await main(Number(first ?? 60_000), Number(second ?? 32));
