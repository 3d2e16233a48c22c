import type { RequestHead } from '../../../wire/http1-head.ts';
import type { ClientWire } from '../client-wire.ts';
import { WebSocketTunnel } from '../websocket-tunnel.ts';
import type { ServiceLinks } from './service-links.ts';

/** What a tunnel may use of its connection. */
export interface TunnelHost {
  readonly wire: ClientWire;
  toClient(bytes: Buffer): void;
  toLink(bytes: Buffer): void;
  hangUp(): void;
}

/** A connection that has become one of bytes, or of WebSocket messages, in both directions. */
export class Tunnel {
  readonly #host: TunnelHost;
  readonly #links: ServiceLinks;
  readonly #websocket: WebSocketTunnel | undefined;

  /** `websocket`: the request that asked for one. */
  constructor(host: TunnelHost, links: ServiceLinks, websocket: RequestHead | undefined) {
    const { wire } = host;
    this.#host = host;
    this.#links = links;
    this.#websocket =
      websocket &&
      new WebSocketTunnel(wire.front, wire.view, websocket, {
        toClient: (bytes) => host.toClient(bytes),
        toService: (bytes) => host.toLink(bytes),
        endClient: () => wire.end(),
        endService: () => links.current?.end(),
        leaveService: () => links.leave(),
        hangUp: () => host.hangUp(),
      });
  }

  fromClient(bytes: Buffer): void {
    if (this.#websocket === undefined) this.#host.toLink(bytes);
    else this.#websocket.fromClient(bytes);
  }

  /** True when the bytes are not needed any more: what a WebSocket's queue still needs must not be read over. */
  fromService(chunk: Buffer): boolean {
    if (this.#websocket === undefined) this.#host.toClient(chunk);
    else this.#websocket.fromService(chunk);
    return this.#websocket === undefined && this.#host.wire.isFlushed;
  }

  onClientEnd(): void {
    if (this.#websocket === undefined) this.#links.current?.end();
    else this.#websocket.onClientEnd();
  }

  onServiceEnd(): void {
    if (this.#websocket === undefined) this.#host.wire.end();
    else this.#websocket.onServiceEnd();
  }

  dispose(): void {
    this.#websocket?.dispose();
  }
}
