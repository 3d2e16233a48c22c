import type { Socket } from 'node:net';
import type { Dice, StreamMachine, StreamPart } from '../filter.ts';
import type { ConnectionChoice, InstalledFilter } from '../installed-filter.ts';
import type { ConnectionView, Direction } from '../views.ts';
import type { Connection, Front } from './front.ts';
import { Lane, type LaneOwner } from './lane.ts';
import { disownSocket, ownSocket, type SocketOwner } from './socket-owner.ts';
import { readAccepted, SocketReader, stopReadingAccepted } from './socket-reader.ts';
import { resetSocket } from './sockets.ts';
import type { LaneItem, Mark } from './stage.ts';

/** How long a connection that we end stays readable: closing on bytes that are still coming would reset it and lose our answer. */
const LINGER_MS = 2000;

/** Who makes sense of a client's bytes. */
export interface WireOwner {
  /** True when the bytes are not needed any more after the return. */
  onWireData(chunk: Buffer): boolean;
  /** The client has ended its side, or reset the connection; everything that it sent before has been handed on. */
  onWireEnd(): void;
  onWireReset(): void;
  /** There is room for writing again. */
  onWireDrain(): void;
  /** A fault closes the connection in order: to the service as well. */
  onWireCut(): void;
  /** Nothing more comes or goes. Comes once, last. */
  onWireGone(): void;
}

/** A fault that has been asked about this connection. */
interface Decided {
  readonly choice: ConnectionChoice | undefined;
  readonly mark: Mark;
}

/**
 * A client's socket, with the faults that act on its bytes between it and whoever makes sense of them:
 *
 *     client ══▶ socket ══▶ lane upstream ══▶ owner         without such a fault there is no lane
 *            ◀══        ◀══ lane downstream ◀══
 */
export class ClientWire implements Connection, LaneOwner, SocketOwner {
  readonly front: Front;
  #view: ConnectionView;
  readonly #socket: Socket;
  /** The TCP socket: below TLS another than `#socket`. */
  readonly #tcp: Socket;
  #owner: WireOwner | undefined;
  #up: Lane | undefined;
  #down: Lane | undefined;
  #decided: Map<InstalledFilter, Decided> | undefined;
  /** The owner sees bytes as they arrive, before any fault; until `hand`. */
  #isPeeking = true;
  #isRaw = false;
  #ended: 'end' | 'reset' | undefined;
  #isClosed = false;
  #isGone = false;
  #halted = false;
  #upFull = false;
  #paused = false;

  /** Nobody owns it at first. */
  constructor(socket: Socket, tcp: Socket, front: Front, view: ConnectionView) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.front = front;
    this.#view = view;
  }

  get view(): ConnectionView {
    return this.#view;
  }

  /** Begins: decides about the connection, and reads. */
  open(): void {
    const isTcp = this.#socket === this.#tcp;
    const reads = !(isTcp && readAccepted(this.#socket, new SocketReader((chunk) => this.onData(chunk))));
    ownSocket(this.#socket, this, { reads });
    for (const filter of this.front.chain.ofStreams) this.consider(filter);
  }

  /** Somebody looks at the bytes as they arrive, before any fault. */
  attach(owner: WireOwner): void {
    this.#owner = owner;
  }

  /** The peeking is over: another owner goes on, with the bytes that were seen and not used. */
  hand(owner: WireOwner, bytes: Buffer | undefined): void {
    this.#owner = owner;
    this.#isPeeking = false;
    if (this.#isGone) return;
    if (bytes !== undefined && bytes.length > 0) this.#arrive(bytes);
    if (this.#ended !== undefined) this.#arrive(this.#ended);
  }

  /** Which name the client asked for is known now; faults that ask for it are considered. */
  learnServerName(serverName: string | undefined): void {
    this.#view = { ...this.#view, serverName };
    this.#considerAll();
  }

  /** Nobody can make sense of the bytes: faults on raw streams act from here on. */
  becomeRaw(): void {
    if (this.#isRaw) return;
    this.#isRaw = true;
    this.#considerAll();
  }

  get isRaw(): boolean {
    return this.#isRaw;
  }

  /** The socket is somebody else's from now on: TLS is taken off it. */
  release(): void {
    disownSocket(this.#socket);
    stopReadingAccepted(this.#socket);
    this.#up?.dispose();
    this.#down?.dispose();
    this.#up = this.#down = undefined;
  }

  /** What was to become of a released socket came to nothing. */
  abandon(): void {
    this.#tcp.destroy();
    this.#leave();
  }

  /** The wire of what has been decrypted takes the place of this one, with the decisions that were taken. */
  over(decrypted: Socket): ClientWire {
    const inner = new ClientWire(decrypted, this.#tcp, this.front, this.#view);
    this.#isGone = true;
    this.front.forget(this);
    this.front.adopt(inner);
    inner.#inherit(this.#decided);
    inner.open();
    return inner;
  }

  consider(filter: InstalledFilter): void {
    const part = filter.filter.stream;
    if (part === undefined || this.#isGone) return;
    if (part.on === 'raw' && !this.#isRaw) return;
    this.#decided ??= new Map();
    if (this.#decided.get(filter)?.choice !== undefined) return;
    const choice = filter.decideConnection(this.#view);
    const mark: Mark = { isTouched: false };
    this.#decided.set(filter, { choice, mark });
    this.#installBoth(filter, part, { choice, mark });
  }

  retune(filter: InstalledFilter): void {
    const decided = this.#decided?.get(filter);
    if (decided?.choice === undefined) {
      this.consider(filter);
      return;
    }
    const { choice, mark } = decided;
    const part = filter.isStillHit(this.#view, choice) ? filter.filter.stream : undefined;
    for (const direction of ['upstream', 'downstream'] as const) {
      const machine = (carried: unknown): StreamMachine | undefined => part?.open(direction, choice.dice, carried);
      if (this.#lane(direction)?.retune(filter, machine) !== true)
        this.#install(direction, filter, machine, choice.dice, mark);
    }
  }

  /** Ends the connection at once by RST. */
  destroy(): void {
    this.reset();
  }

  // For the owner

  /** Whether it reads too slowly for more to be written to it. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Whether everything written has been taken by the kernel: then the bytes written last are not needed any more. */
  get isFlushed(): boolean {
    return this.#down === undefined && this.#socket.writableLength === 0;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** False when the writer should wait for `onWireDrain`. */
  write(bytes: Buffer): boolean {
    return this.#down === undefined ? this.#socket.write(bytes) : this.#depart(this.#down, bytes);
  }

  /** What is written until `uncork` goes out in one piece. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Half-close: the client has been told everything, and may still send. */
  end(): void {
    if (this.#down === undefined) this.#socket.end();
    else this.#depart(this.#down, 'end');
  }

  /** Ends the connection in order: everything written goes out, and what the client still sends is read for a while. */
  hangUp(): void {
    this.#halted = false;
    this.#steer();
    if (this.#socket.writableEnded) return;
    this.#socket.once('finish', () => this.#linger());
    this.end();
  }

  /** Ends the connection by RST, once everything written before has gone out. */
  resetAfterWrites(): void {
    if (this.#down === undefined) this.reset();
    else this.#depart(this.#down, 'reset');
  }

  /** Ends the connection by RST. */
  reset(): void {
    resetSocket(this.#tcp);
    if (this.#tcp !== this.#socket) this.#socket.destroy();
    this.#leave();
  }

  /** While halted, the client is not read: what it sends has nowhere to go. */
  halt(halted: boolean): void {
    this.#halted = halted;
    this.#steer();
  }

  // From the socket

  onData(chunk: Buffer): boolean {
    this.front.counters.bytesIn += chunk.length;
    if (this.#up === undefined && !this.#isPeeking) return this.#owner?.onWireData(chunk) ?? true;
    if (this.#isPeeking) this.#owner?.onWireData(chunk);
    else this.#arrive(chunk);
    return false;
  }

  onEnd(): void {
    this.#ended ??= 'end';
    if (this.#isPeeking) this.#owner?.onWireEnd();
    else this.#arrive('end');
  }

  onError(): void {
    this.#ended = 'reset';
    if (this.#isPeeking) this.#owner?.onWireReset();
    else this.#arrive('reset');
  }

  onDrain(): void {
    if (this.#down === undefined) this.#owner?.onWireDrain();
    else this.#down.onDrain();
  }

  onClose(): void {
    this.#isClosed = true;
    this.front.counters.sentDown += this.#tcp.bytesWritten;
    this.#down?.dispose();
    if (this.#up?.isFinishing !== true) this.#leave();
  }

  // From the lanes

  onLaneItem(direction: Direction, item: LaneItem): boolean {
    if (direction === 'upstream') {
      this.#toOwner(item);
      return true;
    }
    if (item === 'end') this.#socket.end();
    else if (item === 'reset') this.reset();
    else if (!this.#socket.destroyed) return this.#socket.write(item);
    return true;
  }

  onLaneFull(direction: Direction, isFull: boolean): void {
    if (direction === 'upstream') {
      this.#upFull = isFull;
      this.#steer();
    } else if (!isFull) this.#owner?.onWireDrain();
  }

  onLaneCut(_by: InstalledFilter, how: 'close' | 'reset'): void {
    if (this.#isGone) return;
    this.front.counters.errors++;
    if (how === 'reset') {
      this.reset();
      return;
    }
    this.#up?.dispose();
    this.#down?.dispose();
    this.#up = this.#down = undefined;
    if (this.#owner === undefined) this.hangUp();
    else this.#owner.onWireCut();
  }

  #arrive(item: LaneItem): void {
    if (this.#up === undefined) this.#toOwner(item);
    else if (this.#up.isIdle) {
      this.#up = undefined;
      this.#toOwner(item);
    } else this.#up.accept(item);
  }

  #toOwner(item: LaneItem): void {
    if (item === 'end') this.#owner?.onWireEnd();
    else if (item === 'reset') this.#owner?.onWireReset();
    else this.#owner?.onWireData(item);
    if (typeof item === 'string' && this.#isClosed) this.#leave();
  }

  #depart(lane: Lane, item: LaneItem): boolean {
    const goesOn = lane.accept(item);
    if (lane.isIdle && goesOn) this.#down = undefined;
    return goesOn;
  }

  #considerAll(): void {
    for (const filter of this.front.chain.ofStreams) this.consider(filter);
  }

  #lane(direction: Direction): Lane | undefined {
    return direction === 'upstream' ? this.#up : this.#down;
  }

  #inherit(decided: ReadonlyMap<InstalledFilter, Decided> | undefined): void {
    if (decided === undefined) return;
    this.#decided = new Map(decided);
    for (const [filter, earlier] of decided) {
      if (filter.filter.stream !== undefined && !filter.isRemoved)
        this.#installBoth(filter, filter.filter.stream, earlier);
    }
  }

  #installBoth(filter: InstalledFilter, part: StreamPart, { choice, mark }: Decided): void {
    if (choice?.isHit !== true) return;
    for (const direction of ['upstream', 'downstream'] as const) {
      this.#install(direction, filter, (carried) => part.open(direction, choice.dice, carried), choice.dice, mark);
    }
  }

  #install(
    direction: Direction,
    filter: InstalledFilter,
    open: (carried: unknown) => StreamMachine | undefined,
    dice: Dice,
    mark: Mark,
  ): void {
    const machine = this.#isGone ? undefined : open(undefined);
    if (machine === undefined) return;
    const { clock, budget } = this.front;
    const create = (): Lane => new Lane({ clock, budget, direction, owner: this });
    const lane = direction === 'upstream' ? (this.#up ??= create()) : (this.#down ??= create());
    lane.add(filter, machine, dice, mark);
  }

  #linger(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const cancel = this.front.clock.after(LINGER_MS, () => socket.destroy());
    socket.once('close', cancel);
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#up?.dispose();
    this.#down?.dispose();
    this.#owner?.onWireGone();
    this.front.forget(this);
  }

  /** Reads from the client only while there is room for it. */
  #steer(): void {
    const pause = this.#halted || this.#upFull;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }
}
