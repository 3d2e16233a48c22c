import { connect, type Socket } from 'node:net';
import type { Cancel, Clock } from '../../runtime/clock.ts';
import { KEEP_ALIVE_PROBE_MS, resetSocket } from './sockets.ts';

/** How a connection to the service was lost: it never came about, or went away while in use. */
export type LinkLoss =
  | { readonly during: 'dial'; readonly timedOut: boolean }
  /** `wasUsed`: it had been kept from an earlier request. `broken`: by an error and not in order. */
  | { readonly during: 'use'; readonly wasUsed: boolean; readonly broken: boolean };

/** Who uses a link. After `onLinkLost` the link is dead. */
export interface LinkOwner {
  onLinkData(chunk: Buffer): void;
  onLinkEnd(): void;
  onLinkDrain(): void;
  onLinkLost(loss: LinkLoss): void;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly onClosed: (link: UpstreamLink) => void;
}

/** One connection to an endpoint of the service. What is written before it is made waits in it. */
export class UpstreamLink {
  /** Whether an earlier request went through it: then it may have been closed just as the next one was written. */
  wasUsed = false;
  readonly #socket: Socket;
  #owner: LinkOwner | undefined;
  #cancelTimeout: Cancel;
  #connected = false;

  constructor(options: DialOptions, owner: LinkOwner) {
    this.#owner = owner;
    const { host, port } = options;
    const socket = connect({
      host,
      port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    });
    this.#socket = socket;
    this.#cancelTimeout = options.clock.after(options.timeoutMs, () => this.#lose({ during: 'dial', timedOut: true }));
    socket.on('connect', () => {
      this.#connected = true;
      this.#cancelTimeout();
    });
    socket.on('data', (chunk: Buffer) => this.#owner?.onLinkData(chunk));
    socket.on('end', () => this.#owner?.onLinkEnd());
    socket.on('drain', () => this.#owner?.onLinkDrain());
    socket.on('error', () => this.#onError());
    socket.on('close', () => {
      this.#cancelTimeout();
      options.onClosed(this);
    });
  }

  /** False when the owner should wait for `onLinkDrain`. */
  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
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

  /** The owner hears nothing more; what was written before `end` still goes out. */
  detach(): void {
    this.#owner = undefined;
    this.#socket.resume();
  }

  destroy(): void {
    this.#owner = undefined;
    this.#socket.destroy();
  }

  reset(): void {
    this.#owner = undefined;
    resetSocket(this.#socket);
  }

  #onError(): void {
    if (this.#connected) this.#lose({ during: 'use', wasUsed: this.wasUsed, broken: true });
    else this.#lose({ during: 'dial', timedOut: false });
  }

  #lose(loss: LinkLoss): void {
    const owner = this.#owner;
    this.destroy();
    owner?.onLinkLost(loss);
  }
}
