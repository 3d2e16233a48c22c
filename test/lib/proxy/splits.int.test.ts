import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import type { Address } from '../../../src/lib/proxy/listen-options.ts';
import { UNPROTECTED } from '../../../src/lib/proxy/protection.ts';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import { until } from '../../support/until.ts';
import { chop } from './chopping-relay.ts';
import { drain, EchoClient, serveEcho, type Outcome } from './grpc-harness.ts';
import { front, listenOn, LOOPBACK } from './harness.ts';

/** Most are small; some take several frames. */
function payload(number: number): Buffer {
  const size = Math.floor(hashFraction('size', number) ** 6 * 60_000);
  return Buffer.alloc(size, `${number} `);
}

async function inLanes(total: number, lanes: number, work: (number: number) => Promise<void>): Promise<void> {
  const lane = async (first: number): Promise<void> => {
    for (let number = first; number < total; number += lanes) await work(number);
  };
  await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)));
}

/** What a call came to, of the four kinds in turn. */
async function callOf(client: EchoClient, number: number): Promise<unknown> {
  const body = payload(number);
  switch (number % 4) {
    case 0:
      return told(await client.unary(number % 100 === 0 ? 'fail' : body));
    case 1:
      return told(await client.collect([body, payload(number + 1), body]));
    case 2:
      return drain(client.repeat(1 + (number % 7), body.length));
    default: {
      const call = client.chat();
      for (let i = 0; i < 3; i++) call.write(payload(number + i));
      call.end();
      return drain(call);
    }
  }
}

function told({ code, details, body, trailers }: Outcome) {
  // Trailers alone carry the service's date.
  trailers?.remove('date');
  return { code, details, body, trailers: trailers?.getMap() };
}

/** Thousands of them take a while where others use the machine too. */
const MANY = { timeout: 180_000 };

describe('bytes cut at any place on both sides of the proxy', () => {
  it.each([
    { calls: 1_000, service: 'joined with one endpoint', endpoints: 1, more: {} },
    { calls: 600, service: 'balanced over three', endpoints: 3, more: { protection: UNPROTECTED } },
  ])(
    'give the same answers to $calls gRPC calls of all four kinds, $service',
    MANY,
    async ({ calls, endpoints, more }) => {
      const { address } = await serveEcho();
      const upstreams = await Promise.all(Array.from({ length: endpoints }, (_, n) => chop(address, `behind ${n}`)));
      const fronted = await front('auto', upstreams, undefined, more);
      const direct = new EchoClient(address);
      const clients = await Promise.all(
        [1, 2, 3, 4].map(async (n) => new EchoClient(await chop(fronted.address, `before ${n}`))),
      );
      const differing: number[] = [];
      await inLanes(calls, 16, async (number) => {
        const [asked, proxied] = await Promise.all([callOf(direct, number), callOf(clients[number % 4]!, number)]);
        try {
          expect(proxied).toEqual(asked);
        } catch {
          differing.push(number);
        }
      });
      expect(differing).toEqual([]);
      await until('all to be counted out', () => fronted.proxy.counters('s')?.inFlight === 0);
      expect(fronted.proxy.counters('s')).toMatchObject({ requests: calls, fallbacks: 0 });
    },
  );

  it.each([false, true])('give the same WebSocket messages (2,000, compressed: %s)', MANY, async (compressed) => {
    const upstream = await serveWebSocket(compressed);
    const fronted = await front('auto', [await chop(upstream, 'behind')]);
    // A fault on messages that never acts: messages are taken apart and put together again.
    fronted.proxy.addFilter({
      service: 's',
      id: 'd',
      kind: 'ws_drop',
      params: { percent: '0%', stream: 'both' },
      seed: 1,
    });
    const { port } = await chop(fronted.address, 'before');
    const socket = new WebSocket(`ws://${LOOPBACK}:${port}`, { perMessageDeflate: compressed });
    onTestFinished(() => socket.terminate());
    const received: Buffer[] = [];
    socket.on('message', (data: RawData) => received.push(data as Buffer));
    await once(socket, 'open');
    for (let number = 0; number < 2_000; number++) socket.send(payload(number), { binary: number % 2 === 0 });
    await until('all echoes', () => received.length === 2_000);
    expect(received.findIndex((data, number) => !data.equals(payload(number)))).toBe(-1);
  });
});

async function serveWebSocket(perMessageDeflate: boolean): Promise<Address> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate });
  sockets.on('connection', (socket) => {
    socket.on('message', (data: RawData, isBinary: boolean) => socket.send(data, { binary: isBinary }));
  });
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  return listenOn(server);
}
