import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { resetSocket } from '../../../../src/lib/proxy/engine/sockets.ts';
import { until } from '../../../support/until.ts';
import { Client, serve } from '../harness.ts';

/** Runs `act` on the server's side of a connection; how the client's side ended. */
async function endedBy(act: (socket: Socket) => void): Promise<Client> {
  const client = new Client(
    await serve((socket) => {
      socket.resume();
      act(socket);
    }),
  );
  await until('the end', () => client.isClosed || client.hasEnd);
  return client;
}

it('a socket is reset by RST, also with bytes that were not sent yet', async () => {
  for (const bytes of [0, 8_000_000]) {
    const client = await endedBy((socket) => {
      if (bytes > 0) socket.write(Buffer.alloc(bytes));
      resetSocket(socket);
    });
    await client.untilClosed();
    expect(client.errorCode).toBe('ECONNRESET');
  }
});

/** At once, or a little later in the turn of the event loop. */
const LATER: readonly ((act: () => void) => void)[] = [
  (act) => act(),
  (act) => queueMicrotask(act),
  (act) => process.nextTick(act),
  (act) => void setImmediate(act),
];

it('a socket that is just being shut down is reset without leaving its descriptor open', async () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (const later of LATER) {
    let failed = false;
    let isClosed = false;
    const client = await endedBy((socket) => {
      socket.on('error', () => (failed = true));
      socket.on('close', () => (isClosed = true));
      socket.end('bye');
      later(() => {
        resetSocket(socket);
        resetSocket(socket);
      });
    });
    client.socket.destroy();
    await until('the socket to close', () => isClosed);
    expect(failed).toBe(false);
  }
  // The four listeners stay until the test is over.
  await until('the descriptors to be given back', () => descriptors() <= before + 4);
});
