import { Backlog } from './backlog.ts';
import type { ClientWire, WireOwner } from '../client-wire.ts';

/** Who makes sense of a client's bytes, one request after another. */
export interface ClientOwner {
  /** Whether it is the turn of further bytes; otherwise they wait until `pump`. */
  takesBytes(): boolean;
  /** Uses bytes; gives back those whose turn has not come. */
  feed(bytes: Buffer): Buffer | undefined;
  /** The client has ended its side, and all its bytes have been used. May come again after `pump`. */
  onClientEnd(): void;
  onClientDrain(): void;
  /** The client was reset. `onClientGone` follows. */
  onClientReset(): void;
  /** A fault closes the connection in order. */
  onClientCut(): void;
  /** The connection to the client is closed. Comes once. */
  onClientGone(): void;
}

/** A client's bytes in order and when their turn comes, in bounded memory. */
export class ClientSide implements WireOwner {
  readonly wire: ClientWire;
  readonly #owner: ClientOwner;
  readonly #backlog = new Backlog();
  #hasEnded = false;
  #halted = false;

  constructor(wire: ClientWire, owner: ClientOwner) {
    this.wire = wire;
    this.#owner = owner;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** While halted, the client is not read: what it sends has nowhere to go. */
  halt(halted: boolean): void {
    this.#halted = halted;
    this.#steer();
  }

  /** It may be the turn of bytes that waited. */
  pump(): void {
    while (this.#backlog.bytes > 0 && this.#owner.takesBytes()) {
      const chunk = this.#backlog.shift();
      const rest = chunk && this.#consume(chunk);
      if (rest !== undefined) this.#backlog.unshift(rest);
    }
    this.#steer();
    this.#passEnd();
  }

  onWireData(chunk: Buffer): boolean {
    const rest = this.#backlog.bytes === 0 ? this.#consume(chunk) : chunk;
    if (rest !== undefined) {
      this.#backlog.push(rest);
      this.#steer();
    }
    // Heads are kept as they were read.
    return false;
  }

  onWireEnd(): void {
    this.#hasEnded = true;
    this.#passEnd();
  }

  onWireReset(): void {
    this.#owner.onClientReset();
  }

  onWireDrain(): void {
    this.#owner.onClientDrain();
  }

  onWireCut(): void {
    this.#owner.onClientCut();
  }

  onWireGone(): void {
    this.#owner.onClientGone();
  }

  /** Hands on bytes as long as it is their turn; what is left has to wait. */
  #consume(bytes: Buffer): Buffer | undefined {
    let rest: Buffer | undefined = bytes;
    while (rest !== undefined && this.#owner.takesBytes()) rest = this.#owner.feed(rest);
    return rest;
  }

  #passEnd(): void {
    if (this.#hasEnded && this.#backlog.bytes === 0) this.#owner.onClientEnd();
  }

  #steer(): void {
    this.wire.halt(this.#halted || this.#backlog.isFull);
  }
}
