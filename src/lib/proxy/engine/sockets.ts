import type { Socket } from 'node:net';

/** After this much silence the kernel asks whether the peer still exists, so that peers that vanished do not pile up. */
export const KEEP_ALIVE_PROBE_MS = 60_000;

/**
 * Ends a connection by RST. While a shutdown is on its way to the kernel a reset fails and would leave the descriptor open for ever
 * (libuv: `uv_tcp_close_reset` gives EINVAL), so it then follows the shutdown.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  const shuttingDown = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (shuttingDown) socket.once('finish', () => resetSocket(socket));
  else if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
