import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { openProxy, type Proxy } from '../../../src/lib/proxy/proxy.ts';
import type { Address, ListenOptions, Upstream } from '../../../src/lib/proxy/listen-options.ts';
import type { ProxyEvent } from '../../../src/lib/events/proxy-events.ts';
import type { Protocol } from '../../../src/lib/proxy/views.ts';
import { until } from '../../support/until.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';

/** What the tests of the proxy share: servers, clients and a proxy that end with the test. */

export const LOOPBACK = '127.0.0.1';

/** A TCP server on a free port; its sockets are closed with the test. */
export async function serve(onSocket: (socket: Socket) => void): Promise<Address> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listenOn(server);
}

export async function listenOn(server: Server): Promise<Address> {
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

export interface Fronted {
  /** What the proxy has told. */
  readonly events: ProxyEvent[];
  readonly proxy: Proxy;
  readonly address: Address;
}

/** A proxy in front of the endpoints, as service `s`. */
export async function front(
  protocol: Protocol,
  upstreams: readonly Upstream[],
  dialTimeoutMs?: number,
  more: Partial<ListenOptions> = {},
): Promise<Fronted> {
  const events: ProxyEvent[] = [];
  const proxy = openProxy({
    clock: realClock,
    onEvent: (event) => void events.push(event),
    ...(dialTimeoutMs === undefined ? {} : { dialTimeoutMs }),
  });
  onTestFinished(() => proxy.close());
  const address = await proxy.listen({
    service: 's',
    protocol,
    listen: { host: LOOPBACK, port: 0 },
    upstreams,
    ...more,
  });
  return { proxy, address, events };
}

/** A client that keeps all it receives. */
export class Client {
  readonly socket: Socket;
  #received: Buffer[] = [];
  #ended = false;
  #closed = false;
  errorCode: string | undefined;

  constructor({ host, port }: Address) {
    this.socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#received.push(chunk));
    this.socket.on('end', () => (this.#ended = true));
    this.socket.on('close', () => (this.#closed = true));
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.errorCode = error.code));
    onTestFinished(() => void this.socket.destroy());
  }

  get text(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get hasEnd(): boolean {
    return this.#ended;
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  end(text = ''): this {
    this.socket.end(text, 'latin1');
    return this;
  }

  /** Everything received, once it holds `part` `times` times. */
  async until(part: string, times = 1): Promise<string> {
    await until(`"${part}" ${times} times, but got: ${this.text}`, () => this.text.split(part).length > times);
    return this.text;
  }

  /** Everything received until the server ended its side. */
  async untilEnd(): Promise<string> {
    await until(`the end, but got: ${this.text}`, () => this.#ended || this.#closed);
    return this.text;
  }

  async untilClosed(): Promise<void> {
    await until('the connection to be closed', () => this.#closed);
  }
}

export function nowMs(): number {
  return realClock.monotonicMs();
}

/** Splits the bytes at pseudo-random places, at most `maxPieces`. */
export function splitAt(bytes: Buffer, fractions: readonly number[]): Buffer[] {
  const cuts = [
    0,
    ...fractions.map((fraction) => Math.floor(fraction * bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ];
  return cuts
    .slice(1)
    .map((cut, i) => bytes.subarray(cuts[i], cut))
    .filter((piece) => piece.length > 0);
}
