import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AppError, messageOf } from '../../errors/app-error.ts';
import type { Address } from '../../proxy/listen-options.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isErrno } from '../../runtime/files.ts';
import { formatHostPort } from '../../wire/host-port.ts';
import { ApiError } from './api-error.ts';
import { errorReply, type Reply } from './reply.ts';
import { readBody } from './request-body.ts';
import { createRequestIds } from './request-id.ts';

/** Toxiproxy's own limits: a whole request, an answer, a connection without a request. */
const REQUEST_TIMEOUT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 60_000;
/** How often requests that take too long are looked for. */
const LOOK_MS = 1000;
/** Clients of a control API are test processes. */
const MAX_CONNECTIONS = 1024;
/** How long requests that are being answered hold up the end. */
const END_GRACE_MS = 1000;

export interface HttpServerOptions {
  readonly clock: Clock;
  /** An answer before the body is read: who is turned away. */
  readonly admit: (request: IncomingMessage) => Reply | undefined;
  /** Throws ApiError. */
  readonly answer: (request: IncomingMessage, body: string) => Promise<Reply>;
  /** Something that should not be. */
  readonly onBug: (text: string) => void;
}

export interface HttpServer {
  readonly address: Address;
  /** Takes no more requests; resolves when those that are being answered have been. */
  close(): Promise<void>;
}

/** A small HTTP/1.1 server for control: every answer at once and whole. Throws AppError `usage` when the address cannot be had. */
export async function openHttpServer(listen: Address, options: HttpServerOptions): Promise<HttpServer> {
  const nextId = createRequestIds(() => options.clock.unixMs());
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      connectionsCheckingInterval: LOOK_MS,
    },
    (request, response) => {
      void reply(request, options).then((made) => send(request, response, made, nextId()));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = ANSWER_TIMEOUT_MS;
  server.on('timeout', (socket: Socket) => socket.destroy());
  const address = await listenOn(server, listen);
  return { address, close: () => closeServer(server, options.clock) };
}

async function reply(request: IncomingMessage, { admit, answer, onBug }: HttpServerOptions): Promise<Reply> {
  try {
    return admit(request) ?? (await answer(request, await readBody(request)));
  } catch (error) {
    if (error instanceof ApiError) return errorReply(error);
    if (!request.complete) return errorReply(new ApiError(400, `bad request body: ${messageOf(error)}`));
    onBug(`${request.method ?? ''} ${request.url ?? ''} failed by a bug of ours: ${messageOf(error)}`);
    return errorReply(new ApiError(500, messageOf(error)));
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Reply, id: string): void {
  response.writeHead(status, {
    'X-Toxiproxy-Request-Id': id,
    ...headers,
    ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...(request.complete ? {} : { Connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function listenOn(server: Server, { host, port }: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explain({ host, port }, error)));
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      // A failed accept concerns that connection only.
      server.on('error', () => undefined);
      const { address, port: taken } = server.address() as AddressInfo;
      resolve({ host: address, port: taken });
    });
  });
}

function explain(address: Address, error: Error): AppError {
  const where = `the API cannot listen on ${formatHostPort(address)}`;
  if (isErrno(error, 'EADDRINUSE')) {
    const hint = `stop what listens there (\`ss -ltnp "sport = :${address.port}"\` shows it), or choose another address by --api`;
    return new AppError('usage', `${where}: the address is in use`, { hint, cause: error });
  }
  const hint = 'give --api an address of this machine, such as 127.0.0.1:8474';
  return new AppError('usage', `${where}: ${messageOf(error)}`, { hint, cause: error });
}

async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cancel = clock.after(END_GRACE_MS, () => server.closeAllConnections());
  await closed;
  cancel();
}
