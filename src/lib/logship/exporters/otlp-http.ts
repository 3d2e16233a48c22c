import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { messageOf } from '../../errors/app-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Exporter, ExportResult, OutgoingBatch } from '../exporter.ts';
import type { OtlpEndpoint } from '../otlp-endpoint.ts';
import { compress } from './compression.ts';
import { Deadline } from './deadline.ts';
import { outcomeOf, type HttpAnswer } from './http-outcome.ts';

/** Batches under way at once: while one is answered the next is on the wire; more only make a restart repeat more. */
const WINDOW = 4;
/** An answer is a few bytes; of one that goes on the rest is not read. */
const MAX_ANSWER_BYTES = 65_536;

/** OTLP over HTTP with protobuf bodies (OTLP specification 1.x, "OTLP/HTTP"). */
export function createOtlpHttpExporter(endpoint: OtlpEndpoint, clock: Clock): Exporter {
  return new OtlpHttpExporter(endpoint, clock);
}

class OtlpHttpExporter implements Exporter {
  readonly name: string;
  readonly window = WINDOW;
  readonly #endpoint: OtlpEndpoint;
  readonly #clock: Clock;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #isTls: boolean;

  constructor(endpoint: OtlpEndpoint, clock: Clock) {
    this.name = `otlp-http ${endpoint.url.href}`;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#isTls = endpoint.url.protocol === 'https:';
    const pool = { keepAlive: true, maxSockets: WINDOW };
    this.#agent = this.#isTls ? new HttpsAgent({ ...pool, ...endpoint.tls }) : new HttpAgent(pool);
  }

  async send({ bytes }: OutgoingBatch, signal: AbortSignal): Promise<ExportResult> {
    const { compression, timeoutMs } = this.#endpoint;
    const deadline = new Deadline(this.#clock, timeoutMs, signal);
    try {
      const body = await compress(bytes, compression);
      return outcomeOf(await this.#post(body, deadline.signal), this.#clock.unixMs());
    } catch (error) {
      return { kind: 'later', afterMs: undefined, reason: deadline.reason ?? messageOf(error) };
    } finally {
      deadline.end();
    }
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  #post(body: Buffer, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, headers, compression } = this.#endpoint;
    const options = {
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: {
        ...headers,
        'Content-Type': 'application/x-protobuf',
        'Content-Length': body.length,
        ...(compression === 'none' ? {} : { 'Content-Encoding': compression }),
      },
    };
    return new Promise((resolve, reject) => {
      const onResponse = (response: IncomingMessage): void => void readAnswer(response).then(resolve, reject);
      const request = this.#isTls ? requestHttps(url, options, onResponse) : requestHttp(url, options, onResponse);
      request.once('error', reject);
      request.end(body);
    });
  }
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) break;
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    contentType: response.headers['content-type'],
    body: Buffer.concat(chunks),
  };
}
