import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { AppError, messageOf } from '../errors/app-error.ts';
import { isErrno } from '../runtime/files.ts';
import type { Clock } from '../runtime/clock.ts';
import { Chain } from './chain.ts';
import { createCounters, type Counters } from './counters.ts';
import type { Connection, Front } from './engine/front.ts';
import { HttpConnection } from './engine/http-connection.ts';
import { KEEP_ALIVE_PROBE_MS } from './engine/sockets.ts';
import { TcpConnection } from './engine/tcp-connection.ts';
import { UpstreamLink, type LinkOwner } from './engine/upstream-link.ts';
import type { Protocol } from './filter.ts';
import type { InstalledFilter } from './installed-filter.ts';

/** Connections held at once; one more is closed at once. Each costs two descriptors, and a process rarely may have more than these. */
const MAX_CONNECTIONS = 32_768;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ListenOptions {
  /** The service that is fronted; faults are added to it by this name. */
  readonly service: string;
  readonly protocol: Protocol;
  /** Port 0 takes any free one. */
  readonly listen: Address;
  /** The endpoints of the service; new connections go to them in turn. */
  readonly upstreams: readonly Address[];
}

/** A service's front: accepts connections and lets each be handled by its protocol. */
export class Listener {
  readonly service: string;
  readonly protocol: Protocol;
  readonly chain = new Chain();
  readonly counters: Counters = createCounters();
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #links = new Set<UpstreamLink>();
  readonly #front: Front;
  #nextUpstream = 0;

  constructor(options: ListenOptions, clock: Clock, dialTimeoutMs: number) {
    this.service = options.service;
    this.protocol = options.protocol;
    this.#server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#front = {
      clock,
      chain: this.chain,
      counters: this.counters,
      dial: (owner) => this.#dial(options.upstreams, clock, dialTimeoutMs, owner),
      forget: (connection) => this.#forget(connection),
    };
  }

  /** Resolves to the address listened on. Throws AppError `usage` when it cannot be had. */
  open(listen: Address): Promise<Address> {
    const server = this.#server;
    server.on('connection', (socket) => this.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(listenError(this.service, listen, error)));
      server.listen({ host: listen.host, port: listen.port, backlog: 1024 }, () => {
        // A failed accept (no descriptors left, say) concerns that connection only.
        server.on('error', () => this.counters.errors++);
        const { address, port } = server.address() as AddressInfo;
        resolve({ host: address, port });
      });
    });
  }

  /** Adds a filter, which decides about the open connections at once, oldest first. */
  addFilter(filter: InstalledFilter): void {
    this.chain.add(filter);
    for (const connection of [...this.#connections]) connection.consider(filter);
  }

  /** Stops listening and resets what is left. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of [...this.#connections]) connection.destroy();
    for (const link of this.#links) link.reset();
    this.chain.removeAll();
    return closed;
  }

  #accept(socket: Socket): void {
    this.counters.connections++;
    this.counters.openConnections++;
    const connection =
      this.protocol === 'http' ? new HttpConnection(socket, this.#front) : new TcpConnection(socket, this.#front);
    this.#connections.add(connection);
    connection.open();
  }

  #forget(connection: Connection): void {
    if (this.#connections.delete(connection)) this.counters.openConnections--;
  }

  #dial(upstreams: readonly Address[], clock: Clock, timeoutMs: number, owner: LinkOwner): UpstreamLink {
    const upstream = upstreams[this.#nextUpstream++ % upstreams.length];
    if (upstream === undefined) throw new Error(`service "${this.service}" has no endpoint`);
    const onClosed = (closed: UpstreamLink): void => void this.#links.delete(closed);
    const link = new UpstreamLink({ ...upstream, timeoutMs, clock, onClosed }, owner);
    this.#links.add(link);
    return link;
  }
}

function listenError(service: string, { host, port }: Address, error: Error): AppError {
  const where = `service "${service}" cannot listen on ${host}:${port}`;
  if (isErrno(error, 'EADDRINUSE')) {
    const hint = `Stop what listens there (\`ss -ltnp "sport = :${port}"\` shows it), or give the service another \`listen\` address.`;
    return new AppError('usage', `${where}: the address is in use`, { hint, cause: error });
  }
  if (isErrno(error, 'EACCES')) {
    const hint = 'Ports below 1024 need privileges; choose a higher one.';
    return new AppError('usage', `${where}: permission denied`, { hint, cause: error });
  }
  if (isErrno(error, 'EADDRNOTAVAIL') || isErrno(error, 'ENOTFOUND')) {
    const hint = 'Use an address of this machine, such as 127.0.0.1 or 0.0.0.0.';
    return new AppError('usage', `${where}: this machine has no such address`, { hint, cause: error });
  }
  return new AppError('usage', `${where}: ${messageOf(error)}`, { cause: error });
}
