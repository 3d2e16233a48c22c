import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Clock } from '../runtime/clock.ts';
import { Chain } from './chain.ts';
import { createCounters, type Counters } from './counters.ts';
import { admit, type Admission } from './engine/admit.ts';
import { inTurns } from './engine/in-turns.ts';
import type { Connection, DialOffer, Front } from './engine/front.ts';
import { LinkPool } from './engine/http1/link-pool.ts';
import type { QueueBudget } from './engine/queue-budget.ts';
import { KEEP_ALIVE_PROBE_MS } from './engine/sockets.ts';
import { dialTls } from './engine/tls/dial-tls.ts';
import { UpstreamLink, type LinkOwner } from './engine/upstream-link.ts';
import { Exchange, type ExchangeContext } from './exchange.ts';
import type { InstalledFilter } from './installed-filter.ts';
import type { Address, ListenOptions, Upstream } from './listen-options.ts';
import { listenError } from './listen-error.ts';
import { RequestMetrics } from './request-metrics.ts';
import { DEFAULT_TLS_UPSTREAM, lookupRoute, SecureContexts } from './tls-options.ts';
import type { ProtectionChange } from './protection.ts';
import { createGuard, hasSameProtection } from './protection/create-guard.ts';
import type { Guard } from './protection/guard.ts';
import type { ProxyTracer } from './tracing.ts';

/** Connections held at once; one more is closed at once. Each costs two descriptors, and a process rarely may have more than these. */
const MAX_CONNECTIONS = 32_768;

/** For a link that is refused, since there is no endpoint for it. */
const NOWHERE: Upstream = { host: '', port: 0 };

/** What a listener is given beside its own options. */
export interface ListenerContext {
  readonly clock: Clock;
  readonly budget: QueueBudget;
  readonly dialTimeoutMs: number;
  readonly tracer: ProxyTracer | undefined;
  readonly note: (text: string) => void;
  /** Hears what happens to the protection of a service. */
  readonly onProtection: (service: string, change: ProtectionChange) => void;
}

/** What listens for a service, whatever it speaks. */
export interface ServiceListener {
  readonly chain: Chain;
  readonly counters: Counters;
  readonly metrics: RequestMetrics;
  /** What protects the service, if anything does. */
  readonly guard: Guard | undefined;
  /** Resolves to the address listened on. Throws AppError `usage` when it cannot be had. */
  open(listen: Address): Promise<Address>;
  /** Other endpoints, for new connections. */
  redirect(options: ListenOptions): void;
  addFilter(filter: InstalledFilter): void;
  /** A filter has taken other parameters. */
  retuneFilter(filter: InstalledFilter): void;
  /** Harmless when there is no such filter; what it holds back goes on. */
  removeFilter(id: string): void;
  /** Stops listening; what is open is reset, or left to end by itself. */
  close(open: 'reset' | 'leave'): Promise<void>;
}

/** A service's front over TCP: accepts connections and lets each be handled by what it speaks. */
export class Listener implements ServiceListener {
  readonly chain = new Chain();
  readonly counters: Counters = createCounters();
  readonly metrics = new RequestMetrics();
  readonly #context: ListenerContext;
  readonly #connections = new Set<Connection>();
  readonly #links = new Set<UpstreamLink>();
  readonly #front: Front;
  #server: Server | undefined;
  #options: ListenOptions;
  #admission: Admission;
  #nextUpstream = 0;
  #guard: Guard | undefined;
  #pool: LinkPool<UpstreamLink>;

  constructor(options: ListenOptions, context: ListenerContext) {
    this.#options = options;
    this.#context = context;
    const { clock, budget, tracer, note } = context;
    const { chain, counters, metrics } = this;
    const exchanges: ExchangeContext = { service: options.service, clock, counters, metrics, tracer };
    this.#guard = createGuard(options, context.onProtection);
    this.#pool = this.#createPool();
    this.#front = {
      pool: () => this.#pool,
      guardFor: (serverName) => (this.#lookupRoute(serverName) === undefined ? this.#guard : undefined),
      clock,
      chain,
      counters,
      budget,
      note,
      beginExchange: (protocol, request, connection) =>
        new Exchange(exchanges, protocol, request, connection, clock.monotonicMs()),
      dial: (owner, offer) => this.#dial(owner, offer),
      adopt: (connection) => this.#adopt(connection),
      forget: (connection) => this.#forget(connection),
    };
    this.#admission = admissionOf(options, this.#front);
  }

  open(listen: Address): Promise<Address> {
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.on('connection', (socket) => this.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(listenError(this.#options.service, listen, error)));
      server.listen({ host: listen.host, port: listen.port, backlog: 1024 }, () => {
        // A failed accept (no descriptors left, say) concerns that connection only.
        server.on('error', () => this.counters.errors++);
        // One that listened elsewhere until now: what it accepted goes on.
        this.#server?.close();
        this.#server = server;
        const { address, port } = server.address() as AddressInfo;
        resolve({ host: address, port });
      });
    });
  }

  redirect(options: ListenOptions): void {
    if (!hasSameProtection(this.#options, options)) {
      const before = this.#guard;
      this.#guard = createGuard(options, this.#context.onProtection);
      if (before !== undefined) this.#guard?.takeOrdersOf(before, this.#context.clock.monotonicMs());
    }
    this.#options = options;
    this.#admission = admissionOf(options, this.#front);
    // What was begun under other options is not for requests to come.
    this.#renewPool();
  }

  get guard(): Guard | undefined {
    return this.#guard;
  }

  /** Decides about the open connections at once, oldest first; when they are many, the rest in the next turns. */
  addFilter(filter: InstalledFilter): void {
    this.chain.add(filter);
    this.#tell((connection) => {
      if (!filter.isRemoved) connection.consider(filter);
    });
  }

  retuneFilter(filter: InstalledFilter): void {
    this.chain.sort();
    this.#tell((connection) => {
      if (!filter.isRemoved) connection.retune(filter);
    });
  }

  removeFilter(id: string): void {
    const held = [...(this.chain.remove(id)?.held ?? [])];
    if (held.length > 0) inTurns(this.#context.clock, held, (one) => one.letGo());
  }

  close(open: 'reset' | 'leave'): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#renewPool();
    if (open === 'reset') {
      for (const connection of [...this.#connections]) connection.destroy();
      for (const link of this.#links) link.reset();
    }
    if (server === undefined) return Promise.resolve();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    return open === 'reset' ? closed : Promise.resolve();
  }

  #createPool(): LinkPool<UpstreamLink> {
    return new LinkPool(this.#context.clock, () => this.#guard?.destinations.list ?? []);
  }

  #renewPool(): void {
    this.#pool.close();
    this.#pool = this.#createPool();
  }

  #tell(tell: (connection: Connection) => void): void {
    if (this.#connections.size > 0) inTurns(this.#context.clock, [...this.#connections], tell);
  }

  #accept(socket: Socket): void {
    this.counters.connections++;
    admit(
      socket,
      { ordinal: this.counters.connections, source: sourceOf(socket), serverName: undefined },
      this.#admission,
    );
  }

  #adopt(connection: Connection): void {
    this.#connections.add(connection);
    this.counters.openConnections++;
  }

  #forget(connection: Connection): void {
    if (this.#connections.delete(connection)) this.counters.openConnections--;
  }

  /** Where clients that ask for this name are sent, if elsewhere than others. */
  #lookupRoute(serverName: string | undefined): readonly Upstream[] | undefined {
    const routes = serverName === undefined ? undefined : this.#options.tls?.routes;
    return routes && lookupRoute(routes, serverName)?.upstreams;
  }

  #dial(owner: LinkOwner, offer: DialOffer = {}): UpstreamLink {
    const { upstreams, tlsUpstream = DEFAULT_TLS_UPSTREAM, service, protocol } = this.#options;
    const { clock, dialTimeoutMs } = this.#context;
    const route = this.#lookupRoute(offer.serverName);
    const guard = route === undefined ? this.#guard : undefined;
    const place =
      offer.destination === undefined ? guard?.pickForConnection(offer.source, clock.monotonicMs()) : undefined;
    const destination = offer.destination ?? place?.destination;
    const choices = route ?? upstreams;
    const upstream = destination ?? choices[this.#nextUpstream++ % choices.length] ?? (guard && NOWHERE);
    if (upstream === undefined) throw new Error(`service "${service}" has no endpoint`);
    const isTls = upstream.tls === true && offer.isPlain !== true;
    const onClosed = (closed: UpstreamLink): void => {
      this.#links.delete(closed);
      this.counters.sentUp += closed.bytesWritten;
    };
    const link = new UpstreamLink(
      {
        ...upstream,
        timeoutMs: dialTimeoutMs,
        clock,
        onClosed,
        onDialled: place && ((isReady) => guard?.endDial(place, isReady, protocol, clock.monotonicMs())),
        destination,
        serverName: isTls ? offer.serverName : undefined,
        isRefused: guard !== undefined && destination === undefined,
        dialTls: isTls ? () => dialTls(upstream, tlsUpstream, offer) : undefined,
      },
      owner,
    );
    this.#links.add(link);
    return link;
  }
}

function admissionOf({ protocol, upstreams, tls }: ListenOptions, front: Front): Admission {
  if (protocol === 'udp') throw new Error('datagrams have a listener of their own');
  return {
    front,
    protocol,
    reoriginates: upstreams.some((upstream: Upstream) => upstream.tls === true),
    tls,
    contexts: tls?.certify === undefined ? undefined : new SecureContexts(tls.certify),
  };
}

/** IPv4 clients of a socket of both families come as ::ffff:10.0.0.7. */
function sourceOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
