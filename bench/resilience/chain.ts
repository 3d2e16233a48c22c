import { compareHttp, type Peer } from '../proxy/http-load.ts';
import { startFaultline, startHaproxy, startPipe } from '../proxy/peers.ts';

/**
 * What protecting a service costs per HTTP/1.1 request: the bare proxy, then with a limit by client, a breaker and least request over three
 * endpoints, each alone and all together; beside it haproxy with leastconn over the same three.
 *
 *     node bench/resilience/chain.ts [requests] [connections]
 */

const PARTS = {
  balance: { balance: 'least_request' },
  breaker: { breaker: { failureRate: '50%', window: '10s' } },
  limit: { limits: [{ rate: '1000000/s', by: 'source' }] },
};

const peer = (name: string, protection?: object): Peer => ({
  name,
  start: ([first = 0, ...others]) =>
    startFaultline(first, { protocol: 'http', others, ...(protection === undefined ? {} : { protection }) }),
});

const PEERS: readonly Peer[] = [
  peer('faultline, http'),
  peer('  + balance', PARTS.balance),
  peer('  + breaker', PARTS.breaker),
  peer('  + limit', PARTS.limit),
  peer('  all three', { ...PARTS.balance, ...PARTS.breaker, ...PARTS.limit }),
  { name: 'haproxy, leastconn', start: (upstreams) => startHaproxy(upstreams, 'http') },
  { name: '30-line node:net', start: ([upstream = 0]) => startPipe(upstream) },
];

const [requests = '60000', connections = '32'] = process.argv.slice(2);
await compareHttp(PEERS, { services: 3, requests: Number(requests), connections: Number(connections) });
