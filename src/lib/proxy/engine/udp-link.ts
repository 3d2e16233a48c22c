import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Address } from '../listen-options.ts';

/** Datagrams that wait while the service's name is looked up; as with any full queue on the way, the next ones are lost. */
const MAX_PENDING = 256;

/** One client's socket to the service. Connected, so that nobody else's datagrams are taken for answers. */
export class UdpLink {
  readonly #address: Address;
  readonly #socket: Socket;
  readonly #onFailure: () => void;
  #pending: Buffer[] | undefined = [];
  #isClosed = false;

  /** `onFailure`: nobody listens there (ICMP port unreachable), or the name cannot be resolved. */
  constructor(address: Address, onFailure: () => void) {
    this.#address = address;
    this.#onFailure = onFailure;
    this.#socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4');
  }

  open(onDatagram: (datagram: Buffer) => void): void {
    const socket = this.#socket;
    socket.on('error', () => this.#onFailure());
    socket.on('message', onDatagram);
    socket.connect(this.#address.port, this.#address.host, () => {
      const pending = this.#pending ?? [];
      this.#pending = undefined;
      for (const datagram of pending) this.send(datagram);
    });
  }

  send(datagram: Buffer): void {
    if (this.#isClosed) return;
    if (this.#pending === undefined) this.#socket.send(datagram, () => undefined);
    else if (this.#pending.length < MAX_PENDING) this.#pending.push(datagram);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }
}
