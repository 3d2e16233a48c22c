import { createSocket } from 'node:dgram';
import { request } from 'node:http';
import { connect } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { onTestFinished } from 'vitest';
import { filterFault } from '../../src/lib/faults/filter-fault.ts';
import { FILTER_KINDS } from '../../src/lib/proxy/filter-registry.ts';
import type { Address } from '../../src/lib/proxy/listen-options.ts';
import type { Protocol } from '../../src/lib/proxy/views.ts';
import { realClock } from '../../src/lib/runtime/clock.ts';
import { EchoClient, serveEcho } from '../lib/proxy/grpc-harness.ts';
import { front, LOOPBACK, serve } from '../lib/proxy/harness.ts';
import { requires } from '../support/requires.ts';
import type { FaultRow } from './fault-rows.ts';

/** Something real that speaks, behind the proxy and in front of it. */
interface Traffic {
  readonly protocol: Protocol;
  serve(): Promise<Address>;
  /** A little of it, whatever becomes of it. */
  work(address: Address): Promise<void>;
}

const http: Traffic = {
  protocol: 'http',
  serve: () =>
    serve((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
      socket.on('end', () => socket.end());
    }),
  work: ({ host, port }) =>
    new Promise((resolve) => {
      const asked = request({ host, port, agent: false }, (response) => response.resume().on('end', resolve));
      asked.on('error', () => resolve());
      asked.end();
    }),
};

const tcp: Traffic = {
  protocol: 'tcp',
  serve: () => serve((socket) => socket.on('data', () => socket.end('some answer'))),
  work: ({ host, port }) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, timeout: 300 });
      socket.on('error', () => undefined);
      // A fault may keep it open for ever.
      socket.on('timeout', () => socket.destroy());
      socket.on('close', () => resolve());
      socket.resume().end('x');
    }),
};

const grpc: Traffic = {
  protocol: 'auto',
  serve: async () => (await serveEcho()).address,
  work: async (address) => {
    await new EchoClient(address).unary('x');
  },
};

const websocket: Traffic = {
  protocol: 'auto',
  async serve() {
    const server = new WebSocketServer({ port: 0, host: LOOPBACK });
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    onTestFinished(() => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    });
    await new Promise((resolve) => server.once('listening', resolve));
    return { host: LOOPBACK, port: (server.address() as { port: number }).port };
  },
  work: ({ host, port }) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://${host}:${port}`);
      const end = (): void => {
        socket.terminate();
        resolve();
      };
      socket.on('open', () => socket.send('x'));
      socket.on('error', () => undefined);
      for (const event of ['message', 'close'] as const) socket.once(event, end);
      realClock.after(200, end);
    }),
};

const udp: Traffic = {
  protocol: 'udp',
  async serve() {
    const socket = createSocket('udp4');
    socket.on('message', (datagram, { port, address }) => socket.send(datagram, port, address));
    onTestFinished(() => void socket.close());
    await new Promise<void>((resolve) => socket.bind(0, LOOPBACK, resolve));
    return { host: LOOPBACK, port: socket.address().port };
  },
  work: ({ host, port }) =>
    new Promise((resolve) => {
      const socket = createSocket('udp4');
      const end = (): void => {
        cancel();
        socket.close();
        resolve();
      };
      socket.once('message', end);
      const cancel = realClock.after(100, end);
      socket.send('x', port, host);
    }),
};

/** Each kind on what it acts on, with right parameters. A kind without a row fails a test. */
const ROWS: readonly (readonly [kind: string, traffic: Traffic, params: Readonly<Record<string, unknown>>])[] = [
  ['latency', http, { delay: '5ms', jitter: '1ms' }],
  ['latency', tcp, { delay: '5ms' }],
  ['latency', udp, { delay: '5ms' }],
  ['latency', http, { delay: '5ms', stream: 'both' }],
  ['abort', http, {}],
  ['abort', tcp, {}],
  ['bandwidth', tcp, { rate: '1KB/s' }],
  ['bandwidth', udp, { rate: '1KB/s' }],
  ['timeout', tcp, { timeout: '50ms' }],
  ['reset_peer', tcp, {}],
  ['slow_close', tcp, { delay: '20ms' }],
  ['limit_data', tcp, { bytes: '3B' }],
  ['slicer', tcp, { averageSize: '2B' }],
  ['packet_loss', tcp, { loss: '100%' }],
  ['packet_loss', udp, { loss: '100%' }],
  ['corrupt', tcp, { bytes: '100%' }],
  ['corrupt', udp, { bytes: '100%' }],
  ['duplicate', udp, {}],
  ['reorder', udp, { delay: '20ms' }],
  ['error', http, { status: 500, match: { method: 'GET' } }],
  ['error', grpc, {}],
  ['delay', http, { delay: '5ms', at: 'body' }],
  ['delay', grpc, { delay: '5ms' }],
  ['replace', http, { response: { status: 201, body: 'other' } }],
  ['patch', http, { response: { body: { a: 1 } } }],
  ['rst_stream', grpc, {}],
  ['goaway', grpc, { cut: true }],
  ['grpc_status', grpc, { code: 'ABORTED' }],
  ['grpc_delay', grpc, { delay: '5ms' }],
  ['ws_delay', websocket, { delay: '5ms' }],
  ['ws_drop', websocket, {}],
  ['ws_duplicate', websocket, {}],
  ['ws_close', websocket, {}],
];

/** The filters of the proxy as faults on a service: each on a real listener, with real traffic. */
export const FILTER_ROWS: readonly FaultRow[] = ROWS.map(([kind, traffic, params]) => row(kind, traffic, params));

/** Kinds of filters that no row covers. */
export const UNCOVERED_KINDS: readonly string[] = FILTER_KINDS.map(({ kind }) => kind).filter(
  (kind) => !ROWS.some(([covered]) => covered === kind),
);

function row(kind: string, traffic: Traffic, params: Readonly<Record<string, unknown>>): FaultRow {
  const filter = FILTER_KINDS.find((candidate) => candidate.kind === kind);
  if (filter === undefined) throw new Error(`there is no filter ${kind}`);
  const { protocol } = traffic;
  return {
    name: `${kind}, on a service that is ${protocol}, with ${JSON.stringify(params)}`,
    kind: filterFault(filter),
    params,
    needs: requires(),
    async setUp() {
      const { proxy, address } = await front(protocol, [await traffic.serve()]);
      return {
        target: { on: 'service', service: 's', protocol },
        host: { clock: realClock, proxy, cgroupRoot: '/nowhere' },
        fingerprint: () => String(proxy.hasFilter('s', 'fault-1')),
        work: () => traffic.work(address),
      };
    },
  };
}
