import type { Socket } from 'node:net';
import { Backlog } from './backlog.ts';
import type { Front } from './front.ts';
import { resetSocket } from './sockets.ts';

/** How long a connection that we end stays readable: closing on bytes that are still coming would reset it and lose our answer. */
const LINGER_MS = 2000;

/** Who makes sense of a client's bytes. */
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
  /** The connection to the client is closed. Comes once. */
  onClientGone(): void;
}

/** A client's socket: its bytes in order and when their turn comes, in bounded memory, and an orderly or a sudden end. */
export class ClientSide {
  readonly #socket: Socket;
  readonly #front: Front;
  readonly #owner: ClientOwner;
  readonly #backlog = new Backlog();
  #hasEnded = false;
  #isGone = false;
  #halted = false;
  #paused = false;

  constructor(socket: Socket, front: Front, owner: ClientOwner) {
    this.#socket = socket;
    this.#front = front;
    this.#owner = owner;
  }

  /** Begins to read. */
  open(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#owner.onClientDrain());
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#passEnd();
    });
    socket.on('error', () => this.#owner.onClientReset());
    socket.on('close', () => this.#leave());
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether it reads too slowly for more to be written to it. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** False when the writer should wait for `onClientDrain`. */
  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
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

  /** Half-close: the client has been told everything, and may still send. */
  end(): void {
    this.#socket.end();
  }

  /** Ends the connection in order: everything written goes out, and what the client still sends is read for a while. */
  hangUp(): void {
    const socket = this.#socket;
    if (socket.writableEnded) return;
    socket.end(() => {
      if (socket.destroyed) return;
      const cancel = this.#front.clock.after(LINGER_MS, () => socket.destroy());
      socket.once('close', cancel);
    });
  }

  /** Ends the connection by RST. */
  reset(): void {
    resetSocket(this.#socket);
    this.#leave();
  }

  #onData(chunk: Buffer): void {
    this.#front.counters.bytesIn += chunk.length;
    const rest = this.#backlog.bytes === 0 ? this.#consume(chunk) : chunk;
    if (rest === undefined) return;
    this.#backlog.push(rest);
    this.#steer();
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

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#owner.onClientGone();
  }

  /** Reads from the client only while there is room for it. */
  #steer(): void {
    const pause = this.#halted || this.#backlog.isFull;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }
}
