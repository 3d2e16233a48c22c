import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ScriptedServer {
  readonly port: number;
  /** Connections so far, and requests on each. */
  readonly requests: number[];
  readonly heads: string[];
  readonly sockets: Socket[];
  close(): Promise<void>;
}

/** A server on loopback whose every answer is the test's: called once for each request, with its number over all connections. */
export async function serveScript(answer: (socket: Socket, request: number) => void): Promise<ScriptedServer> {
  const requests: number[] = [];
  const heads: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const mine = requests.push(0) - 1;
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      heads.push(chunk.toString('latin1'));
      requests[mine]!++;
      answer(socket, heads.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, requests, heads, sockets, close };
}
