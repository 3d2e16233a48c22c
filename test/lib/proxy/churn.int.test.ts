import { fork, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer as createHttp, request } from 'node:http';
import {
  connect as connectHttp2,
  createServer as createHttp2,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { Address } from '../../../src/lib/proxy/listen-options.ts';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { until } from '../../support/until.ts';
import type { Order, Report } from './churn-proxy.ts';
import { listenOn, LOOPBACK } from './harness.ts';

/** Five minutes of it in full (npm run soak); here as long as it takes to have done everything once. */
const CHURN_MS = process.env.FAULTLINE_SOAK === '1' ? 300_000 : 8_000;
/** What a process may take on that has only just begun to work. */
const ALLOWED_GROWTH_BYTES = 60 * 1_048_576;

let throws = 0;
const chance = (): number => hashFraction('churn', throws++);
const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(chance() * values.length)]!;
const pause = (ms: number): Promise<void> => realClock.sleep(ms);

/** The proxy's process, told what to do. */
class ProxyProcess {
  readonly child: ChildProcess;
  readonly problems: string[] = [];
  #next = 0;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();

  constructor() {
    const file = new URL('./churn-proxy.ts', import.meta.url).pathname;
    this.child = fork(file, { execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.child.stderr?.on('data', (chunk: Buffer) => this.problems.push(chunk.toString()));
    this.child.on('exit', (code, signal) => this.problems.push(`ended with ${code ?? signal ?? '?'}`));
    this.child.on('message', (message: { id: number; result?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.result);
      else waiting?.reject(new Error(message.error));
    });
    onTestFinished(() => void this.child.kill());
  }

  tell(order: Order): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.child.send({ id, order });
    });
  }

  report(): Promise<Report> {
    return this.tell({ do: 'report' }) as Promise<Report>;
  }
}

/** Services that answer, stall, reset, and end in the middle. */
async function serveAll(): Promise<{
  readonly ports: Readonly<Record<'raw' | 'http' | 'http2' | 'udp', number>>;
  /** Ends every connection: what stalled would stall for ever. */
  readonly endAll: () => void;
}> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  const raw = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    const fate = chance();
    if (fate < 0.1) socket.resetAndDestroy();
    else if (fate < 0.2) socket.end('bye');
    else if (fate < 0.3) socket.pause();
    else socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end());
  });
  const http = createHttp((incoming, response) => {
    const fate = chance();
    if (fate < 0.05) incoming.socket.destroy();
    else if (fate < 0.1) response.write('half of');
    else incoming.resume().on('end', () => response.end('x'.repeat(Math.floor(chance() * 5000))));
  });
  const http2 = createHttp2();
  http2.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined);
    const fate = chance();
    if (fate < 0.05) stream.close(2);
    else if (fate < 0.08) stream.session?.destroy();
    else if (fate > 0.15) {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('data', (chunk) => stream.write(chunk)).on('end', () => stream.end());
    }
  });
  http2.on('sessionError', () => undefined);
  const udp = createSocket('udp4');
  udp.on('message', (datagram, { port, address }) => udp.send(datagram, port, address, () => undefined));
  await new Promise<void>((resolve) => udp.bind(0, LOOPBACK, resolve));
  onTestFinished(() => {
    udp.close();
    for (const server of [raw, http, http2]) server.close();
    http.closeAllConnections();
  });
  for (const server of [raw, http, http2]) server.on('connection', keep);
  const portOf = async (server: typeof raw | Http2Server): Promise<number> => (await listenOn(server)).port;
  const ports = {
    raw: await portOf(raw),
    http: await portOf(http),
    http2: await portOf(http2),
    udp: udp.address().port,
  };
  return {
    ports,
    endAll: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Each ends by itself within about a second, whatever the other side does. */
const CLIENTS: Readonly<Record<string, (address: Address) => Promise<void>>> = {
  raw: ({ host, port }) =>
    useSocket(connect({ host, port, allowHalfOpen: true }), Buffer.alloc(Math.floor(chance() * 20_000), 1)),
  http: ({ host, port }) =>
    chance() < 0.2
      ? useSocket(
          connect({ host, port }),
          Buffer.from('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nnot all of it'),
        )
      : new Promise((resolve) => {
          const method = pick(['GET', 'POST', 'HEAD']);
          const asked = request({ host, port, path: pick(['/a', '/b?c=d']), method, timeout: 800 }, (response) => {
            response.resume();
            response.on('close', resolve);
          });
          asked.on('timeout', () => asked.destroy());
          asked.on('error', () => resolve());
          asked.on('close', () => resolve());
          asked.end(method === 'POST' ? 'y'.repeat(Math.floor(chance() * 50_000)) : undefined);
        }),
  http2: ({ host, port }) =>
    new Promise((resolve) => {
      const session = connectHttp2(`http://${host}:${port}`);
      session.on('error', () => undefined);
      session.on('close', () => resolve());
      for (let i = 0; i < 5; i++) {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/a.B/c',
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('error', () => undefined);
        stream.resume();
        stream.write(Buffer.from([0, 0, 0, 0, 3, 1, 2, 3]));
        const fate = chance();
        if (fate < 0.2) stream.close(8);
        else if (fate < 0.8) stream.end();
      }
      void pause(chance() * 600).then(() => session.destroy());
    }),
  udp: ({ host, port }) =>
    new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.on('error', () => undefined);
      for (let i = 0; i < 5; i++) socket.send(`${i}`, port, host, () => undefined);
      void pause(chance() * 200).then(() => socket.close(() => resolve()));
    }),
};

function useSocket(socket: Socket, bytes: Buffer): Promise<void> {
  socket.on('error', () => undefined);
  socket.write(bytes);
  const fate = chance();
  if (fate < 0.4) socket.resume();
  if (fate < 0.3) socket.end();
  const left = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void pause(chance() * 800).then(() => (fate > 0.6 ? socket.resetAndDestroy() : socket.destroy()));
  return left;
}

const FAULTS: readonly (readonly [kind: string, ...params: readonly unknown[]])[] = [
  ['latency', { delay: '20ms', jitter: '20ms' }, { delay: '2s', stream: 'both' }, { delay: '5ms', percent: '30%' }],
  ['bandwidth', { rate: '50KB/s' }, { rate: '1MB/s', shared: true }, { rate: '0B/s' }],
  ['timeout', { timeout: '100ms' }, {}, { timeout: '5s', percent: '20%' }],
  ['reset_peer', {}, { timeout: '300ms', percent: '50%' }],
  ['slow_close', { delay: '300ms' }],
  ['limit_data', { bytes: '100B' }, { bytes: '10KiB', percent: '50%' }],
  ['slicer', { averageSize: '10B', delay: '1ms' }, { averageSize: '1KiB', sizeVariation: '100B' }],
  ['packet_loss', { loss: '20%' }, { loss: '50%', correlation: '50%' }],
  ['corrupt', { bytes: '1%' }],
  ['abort', { percent: '10%' }],
  ['error', { percent: '20%' }],
  ['delay', { delay: '50ms', at: 'body' }],
  ['replace', { response: { body: 'other' }, percent: '30%' }, { request: { body: 'new' }, percent: '30%' }],
  ['patch', { response: { body: { a: 1 } }, percent: '30%' }],
  ['grpc_status', { percent: '20%' }, { after: 1, percent: '20%' }],
  ['rst_stream', { percent: '20%' }],
  ['goaway', { percent: '5%' }, { percent: '5%', cut: true }],
  ['grpc_delay', { delay: '30ms' }],
  ['duplicate', { percent: '20%' }],
  ['reorder', { percent: '20%' }],
];

it(
  `${CHURN_MS / 1000} s of connects, resets, stalls and changing faults leak neither memory nor descriptors, and break nothing`,
  async () => {
    const proxy = new ProxyProcess();
    const { ports, endAll } = await serveAll();
    const addresses = new Map<string, Address>();
    for (const [service, port] of Object.entries(ports)) {
      const protocol = service === 'udp' ? 'udp' : 'auto';
      addresses.set(service, (await proxy.tell({ do: 'listen', service, protocol, port })) as Address);
    }
    const idle = await proxy.report();
    const untilMs = realClock.monotonicMs() + CHURN_MS;
    const goesOn = (): boolean => realClock.monotonicMs() < untilMs && proxy.problems.length === 0;
    let used = 0;

    const client = async (service: string): Promise<void> => {
      while (goesOn()) {
        await CLIENTS[service]?.(addresses.get(service)!);
        used++;
      }
    };
    const editor = async (): Promise<void> => {
      while (goesOn()) {
        const service = pick([...addresses.keys()]);
        const [kind, ...params] = pick(FAULTS);
        const id = `${kind} ${Math.floor(chance() * 1e6)}`;
        // Not every fault makes sense on every service: those are refused, and that is all.
        const isAdded = await proxy.tell({ do: 'add', service, id, kind, params: pick(params) }).then(
          () => true,
          () => false,
        );
        await pause(chance() * 150);
        if (isAdded && chance() < 0.5)
          await proxy.tell({ do: 'update', service, id, params: pick(params) }).catch(() => undefined);
        await pause(chance() * 150);
        await proxy.tell({ do: 'remove', service, id });
      }
    };
    const reports: Report[] = [];
    const watcher = async (): Promise<void> => {
      while (goesOn()) {
        await pause(CHURN_MS / 20);
        if (goesOn()) reports.push(await proxy.report());
      }
    };
    const clients = Object.keys(CLIENTS).flatMap((service) => Array.from({ length: 6 }, () => client(service)));
    await Promise.all([...clients, editor(), editor(), editor(), watcher()]);

    expect(proxy.problems).toEqual([]);
    endAll();
    let ended = await proxy.report();
    const isClean = async (): Promise<boolean> => {
      ended = await proxy.report();
      // Flows of datagrams are forgotten after a minute of silence; until then each has its socket.
      return ended.inFlight === 0 && ended.heldBytes === 0 && ended.descriptors <= idle.descriptors + ended.flows;
    };
    await until('everything to be forgotten', isClean, 20_000).catch(() => expect(ended).toEqual(idle));
    expect(ended.edits).toBeGreaterThan(CHURN_MS / 200);
    expect(used).toBeGreaterThan(CHURN_MS / 50);
    const half = Math.floor(reports.length / 2);
    const highest = (of: readonly Report[]): number => Math.max(...of.map(({ residentBytes }) => residentBytes));
    expect(highest(reports.slice(half)) - highest(reports.slice(0, half))).toBeLessThan(ALLOWED_GROWTH_BYTES);
    if (process.env.FAULTLINE_SOAK === '1') {
      const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(0);
      console.log(
        `churn: ${used} clients, ${ended.edits} edits, slowest ${ended.slowestEditMs.toFixed(1)} ms; resident MiB ${mib(idle.residentBytes)} idle, ${reports.map(({ residentBytes }) => mib(residentBytes)).join(' ')}`,
      );
    }
  },
  CHURN_MS + 60_000,
);
