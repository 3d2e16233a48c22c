import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A program: HTTP servers that die, stall, refuse and come back as they are told by their parent. */

export interface ChurnOrder {
  readonly id: number;
  readonly endpoint: number;
  /** `die`: no listener, all connections cut. `stall`: connections are taken, nothing is answered. `refuse`: 503 for all. */
  readonly to: 'die' | 'stall' | 'refuse' | 'heal';
}

export type ChurnReport =
  | { readonly type: 'ready'; readonly ports: readonly number[] }
  /** `requests` has come to each so far, without health checks. */
  | { readonly type: 'done'; readonly id: number; readonly requests: readonly number[] };

class Instance {
  state: ChurnOrder['to'] = 'heal';
  requests = 0;
  port = 0;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  listen(): Promise<void> {
    const server = createServer((request, response) => {
      if (request.url !== '/health') this.requests++;
      if (this.state === 'stall') return;
      response.writeHead(this.state === 'refuse' ? 503 : 200).end('ok');
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    return new Promise((resolve) => {
      server.listen(this.port, '127.0.0.1', () => {
        this.port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  async become(state: ChurnOrder['to']): Promise<void> {
    const before = this.state;
    this.state = state;
    if (state === 'die') {
      this.#server?.close();
      for (const socket of this.#sockets) socket.destroy();
    } else if (before === 'die') await this.listen();
    // What stalled would otherwise hang for ever.
    else if (before === 'stall') for (const socket of this.#sockets) socket.destroy();
  }
}

const COUNT = Number(process.argv[2]);
const instances = Array.from({ length: COUNT }, () => new Instance());
await Promise.all(instances.map((instance) => instance.listen()));
const tell = (report: ChurnReport): void => void process.send?.(report);

process.on('message', ({ id, endpoint, to }: ChurnOrder) => {
  void instances[endpoint]
    ?.become(to)
    .then(() => tell({ type: 'done', id, requests: instances.map(({ requests }) => requests) }));
});
tell({ type: 'ready', ports: instances.map(({ port }) => port) });
