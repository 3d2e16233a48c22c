import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AppError, messageOf } from '../../errors/app-error.ts';
import type { Address } from '../../proxy/listen-options.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isErrno } from '../../runtime/files.ts';
import { formatHostPort } from '../../wire/host-port.ts';
import { ApiError } from './api-error.ts';
import { errorReply, type Reply } from './reply.ts';
import { readBody } from './request-body.ts';

/** Toxiproxy's own limits: a whole request, a connection without a request. */
const REQUEST_TIMEOUT_MS = 15_000;
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
  /** Throws ApiError. `gone` is aborted when nobody waits for the answer any more. */
  readonly answer: (request: IncomingMessage, body: string, gone: AbortSignal) => Promise<Reply>;
  /** What every answer has beside its own; undefined: nothing. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** A connection that hears nothing for so long is cut. */
  readonly answerTimeoutMs: number;
  /** Where the user says which address it is, for errors: `--api`. */
  readonly setting: string;
  /** Something that should not be. */
  readonly onBug: (text: string) => void;
}

/** A port, or a socket in the file system that only its owner can open. */
export type ListenOn = Address | { readonly path: string };

export interface HttpServer {
  readonly address: Address;
  /** Takes no more requests; resolves when those that are being answered have been. */
  close(): Promise<void>;
}

/** A small HTTP/1.1 server for control: every answer at once and whole. Throws AppError `usage` when the address cannot be had. */
export async function openHttpServer(listen: ListenOn, options: HttpServerOptions): Promise<HttpServer> {
  const { headers = () => ({}), answerTimeoutMs, setting } = options;
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      connectionsCheckingInterval: LOOK_MS,
    },
    (request, response) => {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      void reply(request, gone.signal, options).then((made) => send(request, response, made, headers()));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = answerTimeoutMs;
  server.on('timeout', (socket: Socket) => socket.destroy());
  const address = await listenOn(server, listen, setting);
  return { address, close: () => closeServer(server, options.clock) };
}

async function reply(
  request: IncomingMessage,
  gone: AbortSignal,
  { admit, answer, onBug }: HttpServerOptions,
): Promise<Reply> {
  try {
    return admit(request) ?? (await answer(request, await readBody(request), gone));
  } catch (error) {
    if (error instanceof ApiError) return errorReply(error);
    if (!request.complete) return errorReply(new ApiError(400, `bad request body: ${messageOf(error)}`));
    onBug(`${request.method ?? ''} ${request.url ?? ''} failed by a bug of ours: ${messageOf(error)}`);
    return errorReply(new ApiError(500, messageOf(error)));
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Reply,
  common: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    ...common,
    ...headers,
    ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...(request.complete ? {} : { Connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function listenOn(server: Server, listen: ListenOn, setting: string): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explain(listen, error, setting)));
    server.listen('path' in listen ? { path: listen.path } : { host: listen.host, port: listen.port }, () => {
      server.removeAllListeners('error');
      // A failed accept concerns that connection only.
      server.on('error', () => undefined);
      const bound = server.address();
      const isPort = bound !== null && typeof bound !== 'string';
      resolve(isPort ? { host: bound.address, port: bound.port } : { host: bound ?? '', port: 0 });
    });
  });
}

function explain(listen: ListenOn, error: Error, setting: string): AppError {
  if ('path' in listen)
    return new AppError('usage', `the API cannot listen on ${listen.path}: ${messageOf(error)}`, { cause: error });
  const where = `the API cannot listen on ${formatHostPort(listen)}`;
  if (isErrno(error, 'EADDRINUSE')) {
    const hint = `stop what listens there (\`ss -ltnp "sport = :${listen.port}"\` shows it), or choose another address by ${setting}`;
    return new AppError('usage', `${where}: the address is in use`, { hint, cause: error });
  }
  const hint = `give ${setting} an address of this machine, such as 127.0.0.1:8474`;
  return new AppError('usage', `${where}: ${messageOf(error)}`, { hint, cause: error });
}

async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cancel = clock.after(END_GRACE_MS, () => server.closeAllConnections());
  await closed;
  cancel();
}
