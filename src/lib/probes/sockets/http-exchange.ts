import { request as requestHttp, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { formatSizeBytes } from '../../wire/quantities.ts';
import { LIMIT_TEXT_BYTES, type Text } from '../expect/text.ts';
import { cutReason } from '../measure.ts';
import { socketErrorMessage } from './socket-error.ts';

export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Whether a certificate that cannot be verified is accepted. */
  readonly insecure: boolean;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Text;
}

/**
 * One HTTP/1.1 exchange on a connection of its own, to the last byte of the body. Rejects when it fails or the signal is aborted, with how
 * far it came:
 *
 *   resolve ─▶ connect ─▶ TLS ─▶ head ─▶ body ─▶ done
 */
export function exchangeHttp(wanted: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let stage = firstStage(wanted.url);
    const request = openRequest(wanted);
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', onAbort);
      reject(new Error(socketErrorMessage(error), { cause: error }));
      request.destroy();
    };
    const onAbort = (): void => fail(new Error(`${cutReason(signal)} while ${stage}`));
    signal.addEventListener('abort', onAbort, { once: true });

    request.on('error', fail);
    request.on('close', () => fail(new Error(`the connection was closed while ${stage}`)));
    request.on('upgrade', (_response, socket: Socket) => {
      socket.destroy();
      fail(new Error('the server switched to another protocol'));
    });
    request.on('socket', (socket) => followConnection(socket, wanted.url, (next) => (stage = next)));
    request.on('response', (response) => {
      stage = 'reading the body (0B received)';
      readBody(response, (receivedBytes) => (stage = `reading the body (${formatSizeBytes(receivedBytes)} received)`))
        .then((body) => {
          signal.removeEventListener('abort', onAbort);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        })
        .catch((error: unknown) => fail(error instanceof Error ? new Error(`${error.message} while ${stage}`) : error));
    });
    request.end(wanted.body);
  });
}

function openRequest({ url, method, headers, insecure }: HttpRequest): ClientRequest {
  const options = {
    method,
    headers: { 'user-agent': 'faultline', accept: '*/*', 'accept-encoding': 'identity', ...lowerCased(headers) },
    // A new connection each time: one kept alive would hide that new ones are refused.
    agent: false,
  } as const;
  return url.protocol === 'https:'
    ? requestHttps(url, { ...options, rejectUnauthorized: !insecure })
    : requestHttp(url, options);
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function firstStage({ hostname, host }: URL): string {
  return isIP(hostname.replace(/^\[|\]$/g, '')) ? `connecting to ${host}` : `resolving ${hostname}`;
}

function followConnection(socket: Socket, url: URL, enter: (stage: string) => void): void {
  socket.once('lookup', () => enter(`connecting to ${url.host}`));
  socket.once('connect', () => enter(url.protocol === 'https:' ? 'negotiating TLS' : 'waiting for the response'));
  socket.once('secureConnect', () => enter('waiting for the response'));
}

/** Reads to the end; keeps the first part only, so that an endless body costs time but no memory. */
async function readBody(response: IncomingMessage, onReceived: (bytes: number) => void): Promise<Text> {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let receivedBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    receivedBytes += chunk.length;
    onReceived(receivedBytes);
    const part = chunk.subarray(0, LIMIT_TEXT_BYTES - keptBytes);
    keptBytes += part.length;
    if (part.length > 0) kept.push(part);
  }
  return { name: 'body', text: Buffer.concat(kept).toString('utf8'), isCut: receivedBytes > keptBytes };
}
