import { connect, Socket } from 'node:net';
import type { Cancel, Clock } from '../../runtime/clock.ts';
import type { Destination } from '../protection.ts';
import { startRequest, type Lease } from '../../resilience/balance.ts';
import { formatHostPort } from '../../wire/host-port.ts';
import { SocketReader } from './socket-reader.ts';
import { ownSocket, type SocketOwner } from './socket-owner.ts';
import { KEEP_ALIVE_PROBE_MS, resetSocket } from './sockets.ts';

/** As long as the kernel waits for the other side's end (tcp_fin_timeout). */
const DETACHED_MS = 60_000;

/** How a connection to the service was lost: it never came about, or went away while in use. */
export type LinkLoss =
  | { readonly during: 'dial'; readonly timedOut: boolean; readonly why: string }
  /** `wasUsed`: it had been kept from an earlier request. `broken`: by an error and not in order. */
  | { readonly during: 'use'; readonly wasUsed: boolean; readonly broken: boolean };

/** Who uses a link. After `onLinkLost` the link is dead. */
export interface LinkOwner {
  /** True when the bytes are not needed any more after the return; then the next ones may be read into the same place. */
  onLinkData(chunk: Buffer): boolean;
  onLinkEnd(): void;
  onLinkDrain(): void;
  onLinkLost(loss: LinkLoss): void;
  /** The connection stands, and over TLS the protocol is agreed. */
  onLinkReady?(link: UpstreamLink): void;
}

/** Makes the socket: TCP, or TLS over it. */
export interface Dialled {
  readonly socket: Socket;
  /** The TCP socket: below TLS another than `socket`. */
  readonly tcp: Socket;
  /** The event that tells that it can be used. */
  readonly readyEvent: 'connect' | 'secureConnect';
  /** The protocol agreed on (ALPN), once it is ready. */
  alpn(): string | undefined;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly onClosed: (link: UpstreamLink) => void;
  /** How the dial came out, once; not told when nobody waited for it any longer. */
  readonly onDialled?: ((isReady: boolean) => void) | undefined;
  /** The endpoint that it goes to, where requests are counted. */
  readonly destination?: Destination | undefined;
  /** The name that the client asked for, over TLS. */
  readonly serverName?: string | undefined;
  /** There is no endpoint: it is lost before it begins. */
  readonly isRefused?: boolean | undefined;
  /** Over TLS; undefined: plain TCP. */
  readonly dialTls: (() => Dialled) | undefined;
}

/** One connection to an endpoint of the service. What is written before it is made waits in it. */
export class UpstreamLink implements SocketOwner {
  /** Whether it has been kept since an earlier request: then it may have been closed just as the next one was written. */
  wasUsed = false;
  readonly host: string;
  readonly port: number;
  /** Where it goes, as host:port. */
  readonly address: string;
  readonly serverName: string | undefined;
  /** Monotonic milliseconds. */
  readonly openedMs: number;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #dialled: Dialled;
  readonly #onClosed: (link: UpstreamLink) => void;
  readonly #onDialled: ((isReady: boolean) => void) | undefined;
  /** The endpoint that it goes to, where requests are counted. */
  readonly destination: Destination | undefined;
  #lease: Lease | undefined;
  #owner: LinkOwner | undefined;
  #cancelTimeout: Cancel;
  #isReady = false;

  constructor(options: DialOptions, owner: LinkOwner) {
    this.#owner = owner;
    this.#clock = options.clock;
    this.host = options.host;
    this.port = options.port;
    this.address = formatHostPort(options);
    this.#onClosed = options.onClosed;
    this.#onDialled = options.onDialled;
    this.destination = options.destination;
    this.serverName = options.serverName;
    this.openedMs = options.clock.monotonicMs();
    this.#dialled =
      options.isRefused === true
        ? dialNowhere()
        : (options.dialTls?.() ?? dialTcp(options, new SocketReader((chunk) => this.onData(chunk))));
    this.#socket = this.#dialled.socket;
    this.#cancelTimeout = options.clock.after(options.timeoutMs, () =>
      this.#lose({ during: 'dial', timedOut: true, why: 'it did not answer in time' }),
    );
    ownSocket(this.#socket, this, { reads: this.#dialled.readyEvent === 'secureConnect' });
    this.#socket.once(this.#dialled.readyEvent, () => this.#onReady());
  }

  get bytesWritten(): number {
    return this.#dialled.tcp.bytesWritten;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get alpn(): string | undefined {
    return this.#dialled.alpn();
  }

  /** Another owner goes on with it. */
  handTo(owner: LinkOwner): void {
    this.#owner = owner;
  }

  /** The connection itself counts as under way at its endpoint, as long as it is open: nobody sees requests in it. */
  countIn(): void {
    if (this.destination !== undefined) this.#lease ??= startRequest(this.destination);
  }

  /** What an earlier owner was told and could not use. */
  replay(chunk: Buffer): void {
    this.#owner?.onLinkData(chunk);
  }

  replayEnd(): void {
    this.#owner?.onLinkEnd();
  }

  /** False when the owner should wait for `onLinkDrain`. */
  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  /** Whether everything written has been taken by the kernel: then the bytes written last are not needed any more. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** Whether everything written has gone out, and more may be. */
  get isReusable(): boolean {
    return this.isFlushed && !this.isEnded && !this.#socket.destroyed;
  }

  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** What is written until `uncork` goes out in one piece. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Half-close: what the service still sends keeps coming. */
  end(): void {
    this.#socket.end();
  }

  get isEnded(): boolean {
    return this.#socket.writableEnded;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The owner hears nothing more; what was written before `end` still goes out, as long as the service takes it. */
  detach(): void {
    this.#owner = undefined;
    this.#socket.resume();
    this.#leaveAfter(this.#socket.bytesWritten - this.#socket.writableLength);
  }

  destroy(): void {
    this.#owner = undefined;
    this.#socket.destroy();
  }

  reset(): void {
    this.#owner = undefined;
    resetSocket(this.#dialled.tcp);
    if (this.#dialled.tcp !== this.#socket) this.#socket.destroy();
  }

  onData(chunk: Buffer): boolean {
    return this.#owner?.onLinkData(chunk) ?? true;
  }

  onEnd(): void {
    if (this.#isReady) this.#owner?.onLinkEnd();
    else this.#lose({ during: 'dial', timedOut: false, why: 'it closed the connection' });
  }

  onDrain(): void {
    this.#owner?.onLinkDrain();
  }

  onError(error: Error): void {
    if (this.#isReady) this.#lose({ during: 'use', wasUsed: this.wasUsed, broken: true });
    else this.#lose({ during: 'dial', timedOut: false, why: error.message });
  }

  onClose(): void {
    this.#cancelTimeout();
    this.#lease?.end();
    this.#onClosed(this);
  }

  /** A service that neither takes what is left nor ends its side is not waited for. */
  #leaveAfter(takenBytes: number): void {
    this.#cancelTimeout();
    this.#cancelTimeout = this.#clock.after(DETACHED_MS, () => {
      const nowTakenBytes = this.#socket.bytesWritten - this.#socket.writableLength;
      if (nowTakenBytes > takenBytes && this.#socket.writableLength > 0) this.#leaveAfter(nowTakenBytes);
      else this.destroy();
    });
  }

  #onReady(): void {
    this.#isReady = true;
    this.#cancelTimeout();
    this.#onDialled?.(true);
    this.#owner?.onLinkReady?.(this);
  }

  #lose(loss: LinkLoss): void {
    const owner = this.#owner;
    if (loss.during === 'dial') this.#onDialled?.(false);
    this.destroy();
    owner?.onLinkLost(loss);
  }
}

function dialNowhere(): Dialled {
  const socket = new Socket();
  socket.destroy(new Error('there is no endpoint that may be used'));
  return { socket, tcp: socket, readyEvent: 'connect', alpn: () => undefined };
}

function dialTcp({ host, port }: DialOptions, reader: SocketReader): Dialled {
  const socket = connect({
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    onread: reader.onread,
  });
  return { socket, tcp: socket, readyEvent: 'connect', alpn: () => undefined };
}
