import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { cpuNs, median, residentKiB, startRole, type Started } from './processes.ts';
import { nginxHasStream, startFaultline, startHaproxy, startNginx, startPipe } from './peers.ts';

/**
 * Raw TCP through this proxy, a 30-line node:net proxy, haproxy and nginx, in one run:
 *
 *     node bench/proxy/tcp.ts requests      CPU per request of 64 bytes, on 50 and on 1,000 connections
 *     node bench/proxy/tcp.ts bulk          CPU-seconds for 512 MiB, down and up
 *     node bench/proxy/tcp.ts idle          resident memory per idle connection, up to 9,000, and what a request costs meanwhile
 *
 *     this process (load) ──▶ proxy under test ──▶ upstream
 */

const MESSAGE = Buffer.alloc(64, 'm');
const BULK_BYTES = 512 * 1_048_576;
const CHUNK = Buffer.alloc(262_144, 'c');
const ROUNDS = 3;

interface Peer {
  readonly name: string;
  start(upstream: number): Promise<Started>;
}

const PEERS: readonly Peer[] = [
  { name: '30-line node:net', start: startPipe },
  { name: 'faultline, tcp', start: (upstream) => startFaultline(upstream, { protocol: 'tcp' }) },
  { name: 'faultline, auto', start: (upstream) => startFaultline(upstream, { protocol: 'auto' }) },
  { name: 'haproxy, tcp', start: (upstream) => startHaproxy(upstream, 'tcp') },
  ...(nginxHasStream() ? [{ name: 'nginx, stream', start: (upstream: number) => startNginx(upstream, 'tcp') }] : []),
];

/** Answers 64 bytes with as many; `D` sends 512 MiB, `U` takes them. */
function serveUpstream(): void {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end('.'));
    let mode: string | undefined;
    socket.on('data', (chunk: Buffer) => {
      mode ??= String.fromCharCode(chunk[0] ?? 0);
      if (mode === 'm') socket.write(chunk);
      else if (mode === 'D') pour(socket);
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () =>
    process.send?.((server.address() as AddressInfo).port),
  );
}

function pour(socket: Socket): void {
  let left = BULK_BYTES;
  const go = (): void => {
    while (left > 0) {
      left -= CHUNK.length;
      if (!socket.write(CHUNK)) {
        socket.once('drain', go);
        return;
      }
    }
    socket.end();
  };
  go();
}

/** Sends one message after another on each connection, until `count` are answered. */
async function exchange(sockets: readonly Socket[], count: number): Promise<void> {
  let left = count;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          const next = (): void => {
            if (left-- > 0) socket.write(MESSAGE);
            else {
              socket.removeAllListeners('data');
              resolve();
            }
          };
          socket.on('data', next);
          socket.once('error', reject);
          next();
        }),
    ),
  );
}

async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(100, count - sockets.length) }, (_, i) => {
      // More connections than one address has ports.
      const localAddress = `127.0.0.${2 + ((sockets.length + i) % 100)}`;
      const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
      return new Promise<Socket>((resolve, reject) => {
        socket.once('connect', () => resolve(socket));
        socket.once('error', reject);
      });
    });
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

async function requests(upstream: number): Promise<void> {
  for (const connections of [50, 1000]) {
    const figures = PEERS.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, peer] of PEERS.entries()) {
        const proxy = await peer.start(upstream);
        const sockets = await open(proxy.port, connections);
        await exchange(sockets, 20_000);
        const before = cpuNs(proxy.pids());
        await exchange(sockets, 60_000);
        figures[index]!.push((cpuNs(proxy.pids()) - before) / 60_000 / 1000);
        for (const socket of sockets) socket.destroy();
        await proxy.stop();
      }
    }
    print(`CPU µs per request of 64 bytes, ${connections} connections`, figures, 1);
  }
}

async function bulk(upstream: number): Promise<void> {
  for (const direction of ['D', 'U'] as const) {
    const figures = PEERS.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, peer] of PEERS.entries()) {
        const proxy = await peer.start(upstream);
        const before = cpuNs(proxy.pids());
        await transfer(proxy.port, direction);
        figures[index]!.push((cpuNs(proxy.pids()) - before) / 1e9);
        await proxy.stop();
      }
    }
    print(`CPU seconds for 512 MiB ${direction === 'D' ? 'down' : 'up'}`, figures, 2);
  }
}

function transfer(port: number, direction: 'D' | 'U'): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.once('error', reject);
    socket.resume().once('end', () => {
      socket.end();
      resolve();
    });
    socket.write(direction);
    if (direction === 'U') pour(socket);
  });
}

async function idle(upstream: number): Promise<void> {
  console.log('resident KiB per idle connection (CPU µs per request on 50 of them)');
  for (const peer of PEERS) {
    const proxy = await peer.start(upstream);
    // What the process needs by itself is there before.
    const warm = await open(proxy.port, 50);
    await exchange(warm, 20_000);
    await settle();
    const base = residentKiB(proxy.pids());
    const sockets: Socket[] = [];
    const cells: string[] = [];
    for (const count of [100, 1000, 3000, 9000]) {
      sockets.push(...(await open(proxy.port, count - sockets.length)));
      await exchange(sockets.slice(-50), 50);
      await settle();
      const perConnection = (residentKiB(proxy.pids()) - base) / count;
      const before = cpuNs(proxy.pids());
      await exchange(warm, 20_000);
      const perRequest = (cpuNs(proxy.pids()) - before) / 20_000 / 1000;
      cells.push(`${count}: ${perConnection.toFixed(1)} (${perRequest.toFixed(1)})`);
    }
    console.log(`${peer.name.padEnd(20)} ${cells.join('   ')}`);
    for (const socket of [...sockets, ...warm]) socket.destroy();
    await proxy.stop();
  }
}

const settle = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 700));

function print(title: string, figures: readonly (readonly number[])[], digits: number): void {
  console.log(`${title} (median of ${ROUNDS}; all)`);
  const base = median(figures[0]!);
  for (const [index, { name }] of PEERS.entries()) {
    const value = median(figures[index]!);
    const all = figures[index]!.map((figure) => figure.toFixed(digits)).join(' ');
    console.log(`${name.padEnd(20)} ${value.toFixed(digits).padStart(7)}  ${(value / base).toFixed(2)}x  (${all})`);
  }
}

if (process.argv[2] === 'upstream') serveUpstream();
else {
  const upstream = await startRole(import.meta.filename, 'upstream');
  const what = process.argv[2];
  if (what === undefined || what === 'requests') await requests(upstream.port);
  if (what === undefined || what === 'bulk') await bulk(upstream.port);
  if (what === undefined || what === 'idle') await idle(upstream.port);
  await upstream.stop();
}
