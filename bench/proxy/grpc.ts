import * as grpc from '@grpc/grpc-js';
import { cpuNs, median, startRole, type Started } from './processes.ts';
import { startFaultline, startNginx, startPipe } from './peers.ts';

/**
 * CPU per proxied unary gRPC call, in one run: a real @grpc/grpc-js client and server, between them this proxy without and with faults, a
 * 30-line node:net proxy (which does not read HTTP/2 at all), and nginx (grpc_pass).
 *
 *     node bench/proxy/grpc.ts [calls] [in flight]
 */

const bytes = { serialize: (value: Buffer): Buffer => value, deserialize: (value: Buffer): Buffer => value };
const UNARY = {
  path: '/shop.v1.Echo/Unary',
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
} as const;
const MESSAGE = Buffer.alloc(128, 'm');
const ROUNDS = 3;

const faulty = (upstream: number, kind: string, params: unknown): Promise<Started> =>
  startFaultline(upstream, { protocol: 'auto', faults: [{ kind, params }] });

const PEERS: readonly { readonly name: string; start(upstream: number): Promise<Started> }[] = [
  { name: '30-line node:net', start: startPipe },
  { name: 'faultline, auto', start: (upstream) => startFaultline(upstream, { protocol: 'auto' }) },
  {
    name: '  + latency 0 ms',
    start: (upstream) => faulty(upstream, 'latency', { delay: '0ms', match: { grpc: { service: 'shop.*' } } }),
  },
  { name: '  + grpc_status 0 %', start: (upstream) => faulty(upstream, 'grpc_status', { percent: '0%' }) },
  {
    name: '  + grpc_delay 0 ms',
    start: (upstream) => faulty(upstream, 'grpc_delay', { delay: '0ms', stream: 'both' }),
  },
  { name: 'nginx, grpc_pass', start: (upstream) => startNginx(upstream, 'grpc') },
];

async function serveUpstream(): Promise<void> {
  const server = new grpc.Server();
  server.addService(
    { unary: UNARY },
    {
      unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => done(null, call.request),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  process.send?.(port);
}

async function call(client: grpc.Client, count: number, inFlight: number): Promise<void> {
  let left = count;
  const run = async (): Promise<void> => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        client.makeUnaryRequest(UNARY.path, UNARY.requestSerialize, UNARY.responseDeserialize, MESSAGE, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, run));
}

async function main(calls: number, inFlight: number): Promise<void> {
  const upstream = await startRole(import.meta.filename, 'upstream');
  const figures = PEERS.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, peer] of PEERS.entries()) {
      const proxy = await peer.start(upstream.port);
      const client = new grpc.Client(`127.0.0.1:${proxy.port}`, grpc.credentials.createInsecure());
      await call(client, 3000, inFlight);
      const before = cpuNs(proxy.pids());
      await call(client, calls, inFlight);
      figures[index]!.push((cpuNs(proxy.pids()) - before) / calls / 1000);
      client.close();
      await proxy.stop();
    }
  }
  await upstream.stop();
  console.log(`CPU µs per unary call, ${inFlight} in flight on one connection (median of ${ROUNDS}; all)`);
  const base = median(figures[0]!);
  for (const [index, { name }] of PEERS.entries()) {
    const us = median(figures[index]!);
    const all = figures[index]!.map((value) => value.toFixed(1)).join(' ');
    console.log(`${name.padEnd(20)} ${us.toFixed(1).padStart(7)}  ${(us / base).toFixed(2)}x  (${all})`);
  }
}

const [first, second] = process.argv.slice(2);
if (first === 'upstream') await serveUpstream();
else await main(Number(first ?? 10_000), Number(second ?? 1));
