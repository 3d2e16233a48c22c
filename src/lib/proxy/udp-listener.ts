import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Cancel } from '../runtime/clock.ts';
import { Chain } from './chain.ts';
import { createCounters, type Counters } from './counters.ts';
import { inTurns } from './engine/in-turns.ts';
import { UdpFlow } from './engine/udp-flow.ts';
import { UdpLink } from './engine/udp-link.ts';
import type { InstalledFilter } from './installed-filter.ts';
import { listenError } from './listen-error.ts';
import type { Address, ListenOptions } from './listen-options.ts';
import type { ListenerContext, ServiceListener } from './listener.ts';
import { RequestMetrics } from './request-metrics.ts';

/** A client that has sent nothing, and been sent nothing, for so long has gone: UDP says no goodbye. */
const IDLE_MS = 60_000;
/** Clients at once; each costs a descriptor. A further one takes the place of the one silent for longest. */
const MAX_FLOWS = 8192;
/** How often silent ones are looked for. */
const SWEEP_MS = 10_000;

/** A service's front over UDP: a flow for each client, with a socket of its own to the service, so that answers find their way back. */
export class UdpListener implements ServiceListener {
  readonly chain = new Chain();
  readonly counters: Counters = createCounters();
  readonly metrics = new RequestMetrics();
  /** Datagrams have no end by which to judge a service. */
  readonly guard = undefined;
  readonly #context: ListenerContext;
  readonly #flows = new Map<string, UdpFlow>();
  #options: ListenOptions;
  #socket: Socket | undefined;
  #cancelSweep: Cancel | undefined;
  #nextUpstream = 0;

  constructor(options: ListenOptions, context: ListenerContext) {
    this.#options = options;
    this.#context = context;
  }

  open(listen: Address): Promise<Address> {
    const socket = createSocket({ type: isIPv6(listen.host) ? 'udp6' : 'udp4' });
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(listenError(this.#options.service, listen, error, 'udp'));
      });
      socket.bind({ port: listen.port, address: listen.host, exclusive: true }, () => {
        socket.removeAllListeners('error');
        // Such as a client that is gone by the time its answer comes (ICMP): nothing to do with the others.
        socket.on('error', () => this.counters.errors++);
        socket.on('message', (datagram, from) => this.#onMessage(socket, datagram, from));
        void this.close();
        this.#socket = socket;
        this.#cancelSweep = this.#context.clock.every(SWEEP_MS, () => this.#sweep());
        const { address, port } = socket.address();
        resolve({ host: address, port });
      });
    });
  }

  redirect(options: ListenOptions): void {
    this.#options = options;
  }

  addFilter(filter: InstalledFilter): void {
    this.chain.add(filter);
  }

  retuneFilter(): void {
    this.chain.sort();
  }

  removeFilter(id: string): void {
    const held = [...(this.chain.remove(id)?.held ?? [])];
    if (held.length > 0) inTurns(this.#context.clock, held, (one) => one.letGo());
  }

  /** There is no waiting for flows to end: they have no end. */
  close(): Promise<void> {
    this.#cancelSweep?.();
    for (const key of [...this.#flows.keys()]) this.#end(key);
    const socket = this.#socket;
    this.#socket = undefined;
    return new Promise((resolve) => {
      if (socket === undefined) resolve();
      else socket.close(() => resolve());
    });
  }

  #onMessage(socket: Socket, datagram: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    const flow = this.#flows.get(key) ?? this.#begin(socket, key, from);
    // A Map keeps the order of insertion: what is taken out and put back is the youngest.
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    flow.fromClient(datagram);
  }

  #begin(socket: Socket, key: string, { address, port }: RemoteInfo): UdpFlow {
    const { upstreams, service } = this.#options;
    const upstream = upstreams[this.#nextUpstream++ % upstreams.length];
    if (upstream === undefined) throw new Error(`service "${service}" has no endpoint`);
    if (this.#flows.size >= MAX_FLOWS) {
      const oldest = this.#flows.keys().next();
      if (!oldest.done) this.#end(oldest.value);
    }
    this.counters.connections++;
    this.counters.openConnections++;
    const link = new UdpLink(upstream, () => this.counters.dialFailures++);
    const flow = new UdpFlow({
      ...this.#context,
      chain: this.chain,
      counters: this.counters,
      view: { ordinal: this.counters.connections, source: address, serverName: undefined },
      toClient: (datagram) => socket.send(datagram, port, address, () => undefined),
      toService: (datagram) => link.send(datagram),
      onOver: () => link.close(),
    });
    link.open((datagram) => flow.fromService(datagram));
    this.#flows.set(key, flow);
    return flow;
  }

  #end(key: string): void {
    const flow = this.#flows.get(key);
    if (flow === undefined) return;
    this.#flows.delete(key);
    this.counters.openConnections--;
    flow.end();
  }

  #sweep(): void {
    const silentSinceMs = this.#context.clock.monotonicMs() - IDLE_MS;
    for (const [key, flow] of this.#flows) if (flow.lastSeenMs < silentSinceMs) this.#end(key);
  }
}
