import { Socket, type OnReadOpts } from 'node:net';

/** What one read takes at most in general: as much as Node reads by itself. */
const SMALL_BYTES = 65_536;
/** What one read of a busy socket takes: a quarter of the system calls, and 512 MiB cost half the CPU. */
const LARGE_BYTES = 262_144;
/** Reads as full as this, so many in a row, are the sign of a bulk transfer. */
const BUSY_BYTES = 49_152;
const BUSY_READS = 2;

/** All sockets read into this one; what was read is copied out before the next of them reads. */
let shared: Buffer | undefined;

/**
 * Reads a socket with few copies and little memory:
 *
 *     a little at a time    into one place shared by all, and a copy of just that size is handed on
 *     in bulk               into a place of its own, which is handed on as it is, and used again when the bytes are not needed any more
 *
 * Node's own way allocates 64 KiB for each read.
 */
export class SocketReader {
  readonly onread: OnReadOpts;
  readonly #take: (chunk: Buffer) => boolean;
  #own: Buffer | undefined;
  #busyReads = 0;

  /** `take` gives back whether the bytes are not needed any more. */
  constructor(take: (chunk: Buffer) => boolean) {
    this.#take = take;
    this.onread = {
      buffer: () => this.#own ?? (shared ??= Buffer.allocUnsafeSlow(SMALL_BYTES)),
      callback: (bytes, place) => this.#onRead(bytes, place),
    };
  }

  #onRead(bytes: number, place: Uint8Array): boolean {
    const read = Buffer.from(place.buffer, place.byteOffset, bytes);
    if (place === this.#own) this.#onBulk(read);
    else {
      this.#take(Buffer.from(read));
      this.#busyReads = bytes >= BUSY_BYTES ? this.#busyReads + 1 : 0;
      if (this.#busyReads >= BUSY_READS) this.#own = Buffer.allocUnsafeSlow(LARGE_BYTES);
    }
    return true;
  }

  #onBulk(read: Buffer): void {
    const isDone = this.#take(read);
    if (read.length < SMALL_BYTES) {
      this.#busyReads = 0;
      this.#own = undefined;
    } else if (!isDone) this.#own = Buffer.allocUnsafeSlow(LARGE_BYTES);
  }
}

/** The names under which a socket keeps what its option `onread` says, found on one that was given it. */
const KEPT = findKept();

/**
 * Lets an accepted socket be read by a reader. Node has the option `onread` for sockets that connect only, so that an accepted one is given
 * what the option would have given it. False when this Node keeps it elsewhere: then the socket is to be read as usual.
 */
export function readAccepted(socket: Socket, { onread }: SocketReader): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  const { buffer: generate } = onread;
  if (KEPT === undefined || !isHandle(handle) || typeof generate !== 'function') return false;
  const place = generate();
  Reflect.set(socket, KEPT.buffer, place);
  Reflect.set(socket, KEPT.callback, Reflect.get(onread, 'callback'));
  Reflect.set(socket, KEPT.generator, generate);
  handle.useUserBuffer(place);
  return true;
}

/** The socket is somebody else's from now on: nothing is read for us any more. */
export function stopReadingAccepted(socket: Socket): void {
  if (KEPT === undefined) return;
  for (const name of [KEPT.buffer, KEPT.callback, KEPT.generator]) Reflect.set(socket, name, null);
}

interface Kept {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly generator: symbol;
}

function findKept(): Kept | undefined {
  const probe = new Socket({ onread: { buffer: Buffer.alloc(1), callback: () => true } });
  const find = (name: string): symbol | undefined =>
    Object.getOwnPropertySymbols(probe).find(({ description }) => description === name);
  const [buffer, callback, generator] = [find('kBuffer'), find('kBufferCb'), find('kBufferGen')];
  probe.destroy();
  if (buffer === undefined || callback === undefined || generator === undefined) return undefined;
  return { buffer, callback, generator };
}

function isHandle(value: unknown): value is { useUserBuffer(place: Uint8Array): void } {
  return (
    typeof value === 'object' && value !== null && 'useUserBuffer' in value && typeof value.useUserBuffer === 'function'
  );
}
