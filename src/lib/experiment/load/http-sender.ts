import { Agent as HttpAgent, request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Cancel } from '../../runtime/clock.ts';
import type { LoadSpec, StatusRange } from '../../scenario/scenario.ts';
import { createHeads, type Identity } from './request-head.ts';

/**
 * How long a connection may lie unused before we close it. Servers close unused ones too (Node and Apache after 5 s, gunicorn after 2 s), and
 * a request that meets such a close fails with ECONNRESET through nobody's fault. It cannot simply be sent again: the very same
 * signs are those of an injected reset, which must be counted. Closing first, well before any server, avoids the race instead.
 */
const IDLE_LIMIT_MS = 1_000;

/** Sends the request of an arrival over HTTP/1.1 connections that are kept alive; `done` gets `ok` or what went wrong. */
export type HttpSender = (index: number, done: (outcome: string) => void) => Cancel;

export function createHttpSender(spec: LoadSpec, identity: Identity): HttpSender {
  const url = new URL(spec.url);
  const isSecure = url.protocol === 'https:';
  const body = spec.body === undefined ? undefined : Buffer.from(spec.body);
  const headsOf = createHeads({ url, method: spec.method, headers: spec.headers, bodyBytes: body?.length }, identity);
  const request = isSecure ? requestHttps : requestHttp;
  const pool = { keepAlive: true, timeout: IDLE_LIMIT_MS };
  const options: RequestOptions = {
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: `${url.pathname}${url.search}`,
    method: spec.method,
    agent: isSecure ? new HttpsAgent(pool) : new HttpAgent(pool),
  };

  return (index, done) => {
    try {
      const exchange = request({ ...options, headers: headsOf(index) });
      exchange.on('response', (response) => readResponse(response, spec.okStatus, done));
      exchange.on('error', (error) => done(outcomeOf(error)));
      exchange.on('close', () => done('closed'));
      exchange.end(body);
      return () => void exchange.destroy();
    } catch (error) {
      done(outcomeOf(error));
      return () => undefined;
    }
  };
}

/** Reads to the last byte, which nobody looks at. */
function readResponse(
  response: IncomingMessage,
  okStatus: readonly StatusRange[],
  done: (outcome: string) => void,
): void {
  const status = response.statusCode ?? 0;
  response.on('end', () => done(isWithin(status, okStatus) ? 'ok' : `http.${status}`));
  response.on('error', (error) => done(outcomeOf(error)));
  response.resume();
}

function isWithin(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ from, to }) => status >= from && status <= to);
}

/** The system's name for what went wrong: ECONNREFUSED, ECONNRESET, ENOTFOUND, HPE_INVALID_CONSTANT. */
function outcomeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'error';
}
