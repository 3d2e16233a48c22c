import { Agent, createServer as createHttp, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compareHttp, type Peer } from './http-load.ts';
import { startRole } from './processes.ts';
import { startFaultline, startHaproxy, startNginx, startPipe } from './peers.ts';

/**
 * CPU per proxied HTTP/1.1 request on kept connections, in one run: this proxy without and with faults, a 30-line node:net proxy (which does
 * not read HTTP at all), one of node:http, haproxy and nginx.
 *
 *     node bench/proxy/http.ts [requests] [connections]
 */

const ROUTE = { path: '/api/**', headers: { host: 'shop.*' } };
const PEERS: readonly Peer[] = [
  { name: '30-line node:net', start: ([upstream = 0]) => startPipe(upstream) },
  { name: 'faultline, http', start: ([upstream = 0]) => startFaultline(upstream, { protocol: 'http' }) },
  {
    name: '  + latency 0 ms',
    start: ([upstream = 0]) =>
      startFaultline(upstream, { protocol: 'http', faults: [{ kind: 'latency', params: { delay: '0ms' } }] }),
  },
  {
    name: '  + route match',
    start: ([upstream = 0]) =>
      startFaultline(upstream, {
        protocol: 'http',
        faults: [{ kind: 'latency', params: { delay: '0ms', match: ROUTE } }],
      }),
  },
  {
    name: '  + header patch',
    start: ([upstream = 0]) =>
      startFaultline(upstream, {
        protocol: 'http',
        faults: [{ kind: 'patch', params: { request: { headers: { 'x-new': '1' } }, match: ROUTE } }],
      }),
  },
  {
    name: 'node:http proxy',
    start: ([upstream = 0]) => startRole(import.meta.filename, 'node-http', String(upstream)),
  },
  { name: 'haproxy, http', start: ([upstream = 0]) => startHaproxy(upstream, 'http') },
  { name: 'nginx, http', start: ([upstream = 0]) => startNginx(upstream, 'http') },
];
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

const [first, second] = process.argv.slice(2);
if (first === 'node-http') serveNodeHttp(Number(second));
else await compareHttp(PEERS, { services: 1, requests: Number(first ?? 60_000), connections: Number(second ?? 32) });
