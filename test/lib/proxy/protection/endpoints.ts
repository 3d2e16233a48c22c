import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Address, ListenOptions } from '../../../../src/lib/proxy/listen-options.ts';
import { UNPROTECTED, type Destination, type ProtectionOptions } from '../../../../src/lib/proxy/protection.ts';
import { Traffic } from '../../../../src/lib/services/traffic.ts';
import { front, listenOn, LOOPBACK, type Fronted } from '../harness.ts';

/** Services of several endpoints behind a proxy that protects them. */

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface Endpoint extends Destination {
  handler: Handler;
  requests: number;
  readonly sockets: Set<Socket>;
}

/** An HTTP service of so many endpoints, each of which answers with its letter. */
export async function endpoints(count: number, handler?: Handler): Promise<Endpoint[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const id = String.fromCharCode(97 + index);
      const sockets = new Set<Socket>();
      const server = createHttp((request, response) => {
        endpoint.requests++;
        endpoint.handler(request, response);
      });
      server.on('connection', (socket) => sockets.add(socket));
      const address = await listenOn(server);
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      const endpoint: Endpoint = {
        ...address,
        ...{ id, weight: 1, isHealthy: true, inFlight: 0, healthySinceMs: -Infinity, requests: 0, sockets },
        traffic: new Traffic(),
        handler: handler ?? ((_request, response) => response.end(id)),
      };
      return endpoint;
    }),
  );
}

export async function frontOf(
  list: readonly Destination[],
  protection: Partial<ProtectionOptions> = {},
  more: Partial<ListenOptions> = {},
): Promise<Fronted> {
  const options = { protection: { ...UNPROTECTED, ...protection }, destinations: () => list, ...more };
  return front('http', list.length === 0 ? [{ host: LOOPBACK, port: 9 }] : list, undefined, options);
}

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export async function get(address: Address, path = '/', init: RequestInit = {}): Promise<Got> {
  const response = await fetch(`http://${address.host}:${address.port}${path}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}
