import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Address } from '../../../src/lib/proxy/listen-options.ts';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import { listenOn, splitAt } from './harness.ts';

/** A TCP relay that cuts what it passes on at places that chance chooses: nobody behind it may rely on how bytes come together. */
export async function chop(to: Address, seed: string): Promise<Address> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ ...to, allowHalfOpen: true, noDelay: true });
    const number = connections++;
    for (const socket of [client, upstream]) sockets.add(socket);
    passOn(client, upstream, `${seed} ${number} up`);
    passOn(upstream, client, `${seed} ${number} down`);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listenOn(server);
}

const CUTS = 3;

function passOn(from: Socket, to: Socket, salt: string): void {
  const waiting: Buffer[] = [];
  let chunks = 0;
  let hasEnded = false;
  let isGoing = false;
  const go = (): void => {
    const next = waiting.shift();
    if (next === undefined) {
      isGoing = false;
      from.resume();
      if (hasEnded) to.end();
      return;
    }
    // The next piece in a turn of its own, so that the other side really gets two.
    to.write(next, () => setImmediate(go));
  };
  from.on('data', (chunk: Buffer) => {
    const number = chunks++;
    waiting.push(
      ...splitAt(
        chunk,
        Array.from({ length: CUTS }, (_, i) => hashFraction(salt, number, i)),
      ),
    );
    from.pause();
    if (isGoing) return;
    isGoing = true;
    go();
  });
  from.on('end', () => {
    hasEnded = true;
    if (!isGoing) to.end();
  });
  from.on('error', () => to.destroy());
  from.on('close', () => {
    if (from.errored) to.resetAndDestroy();
  });
}
