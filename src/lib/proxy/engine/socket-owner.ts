import type { Socket } from 'node:net';

/** Who is told what happens on a socket. */
export interface SocketOwner {
  /** True when the bytes are not needed any more after the return; then the next ones may be read into the same place. */
  onData(chunk: Buffer): boolean;
  onEnd(): void;
  onDrain(): void;
  onError(error: Error): void;
  onClose(): void;
}

/** Set on sockets of ours, so that nine thousand of them share five functions instead of having 45,000 of their own. */
const OWNER = Symbol('owner');

type OwnedSocket = Socket & { [OWNER]?: SocketOwner | undefined };

/** From now on the owner hears of the socket; with `reads: false` all but its bytes, which arrive in another way. */
export function ownSocket(socket: Socket, owner: SocketOwner, { reads = true } = {}): void {
  (socket as OwnedSocket)[OWNER] = owner;
  if (reads) socket.on('data', passData);
  socket.on('end', passEnd);
  socket.on('drain', passDrain);
  socket.on('error', passError);
  socket.on('close', passClose);
}

/** The owner hears nothing more, but errors still have a listener. */
export function disownSocket(socket: Socket): void {
  (socket as OwnedSocket)[OWNER] = undefined;
  socket.off('data', passData);
}

function passData(this: OwnedSocket, chunk: Buffer): void {
  this[OWNER]?.onData(chunk);
}

function passEnd(this: OwnedSocket): void {
  this[OWNER]?.onEnd();
}

function passDrain(this: OwnedSocket): void {
  this[OWNER]?.onDrain();
}

function passError(this: OwnedSocket, error: Error): void {
  this[OWNER]?.onError(error);
}

function passClose(this: OwnedSocket): void {
  this[OWNER]?.onClose();
}
