import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { messageOf } from '../../errors/app-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Exporter, ExportResult, OutgoingBatch } from '../exporter.ts';
import type { OtlpEndpoint } from '../otlp-endpoint.ts';
import { compress } from './compression.ts';
import { Deadline } from './deadline.ts';
import { outcomeOf, type GrpcAnswer } from './grpc-outcome.ts';

const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const WINDOW = 4;
/** An answer is a few bytes; one that goes on is cut off. */
const MAX_ANSWER_BYTES = 65_536;
/** Nothing comes back but answers of a few bytes: only the receiver's windows matter, and those are its own. */
/** What waits to be sent counts; by default Node refuses further streams at 10 MB, which are two batches and a half. */
const MAX_SESSION_MEMORY_MB = 256;
const MAX_HEADER_LIST_BYTES = 65_536;

/**
 * OTLP over gRPC: messages framed by hand over `node:http2`, since a client library copies each batch several times over. Deadlines, statuses and
 * retry delays are those of gRPC.
 */
export function createOtlpGrpcExporter(endpoint: OtlpEndpoint, clock: Clock): Exporter {
  return new OtlpGrpcExporter(endpoint, clock);
}

class OtlpGrpcExporter implements Exporter {
  readonly name: string;
  readonly window = WINDOW;
  readonly #endpoint: OtlpEndpoint;
  readonly #clock: Clock;
  #session: ClientHttp2Session | undefined;

  constructor(endpoint: OtlpEndpoint, clock: Clock) {
    this.name = `otlp-grpc ${endpoint.url.origin}`;
    this.#endpoint = endpoint;
    this.#clock = clock;
  }

  async send({ bytes }: OutgoingBatch, signal: AbortSignal): Promise<ExportResult> {
    const { compression, timeoutMs } = this.#endpoint;
    const deadline = new Deadline(this.#clock, timeoutMs, signal);
    try {
      const message = await compress(bytes, compression);
      return outcomeOf(await this.#call(message, deadline.signal));
    } catch (error) {
      return { kind: 'later', afterMs: undefined, reason: deadline.reason ?? messageOf(error) };
    } finally {
      deadline.end();
    }
  }

  close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined || session.destroyed) return Promise.resolve();
    return new Promise((resolve) => session.close(() => resolve()));
  }

  #call(message: Buffer, signal: AbortSignal): Promise<GrpcAnswer> {
    signal.throwIfAborted();
    const { headers, compression, timeoutMs } = this.#endpoint;
    const stream = this.#open().request(
      {
        ...headers,
        ':method': 'POST',
        ':path': METHOD,
        'content-type': 'application/grpc+proto',
        te: 'trailers',
        'grpc-timeout': `${Math.min(99_999_999, Math.ceil(timeoutMs))}m`,
        ...(compression === 'none' ? {} : { 'grpc-encoding': compression }),
      },
      { signal },
    );
    const prefix = Buffer.alloc(5);
    prefix[0] = compression === 'none' ? 0 : 1;
    prefix.writeUInt32BE(message.length, 1);
    stream.write(prefix);
    stream.end(message);
    return readAnswer(stream);
  }

  /** The session that there is, or a new one where it is gone or about to go. */
  #open(): ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const { url, tls } = this.#endpoint;
    const session = connect(url.origin, {
      ...tls,
      maxSessionMemory: MAX_SESSION_MEMORY_MB,
      settings: { enablePush: false, maxHeaderListSize: MAX_HEADER_LIST_BYTES },
    });
    // What is wrong with it, each of its streams is told as well.
    session.on('error', () => undefined);
    session.on('goaway', () => session.close());
    this.#session = session;
    return session;
  }
}

function readAnswer(stream: ClientHttp2Stream): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    let head: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('response', (headers) => (head = headers));
    stream.on('trailers', (headers) => (trailers = headers));
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
      else stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.once('error', reject);
    stream.once('close', () => {
      const status = head[':status'];
      if (status === undefined) reject(new Error(`the stream was closed without an answer (code ${stream.rstCode})`));
      else resolve({ httpStatus: status, ...statusIn(trailers, head), data: Buffer.concat(chunks) });
    });
  });
}

/** In the trailers, or in the head when there is nothing else. */
function statusIn(trailers: IncomingHttpHeaders, head: IncomingHttpHeaders) {
  const read = (name: string): string | undefined => {
    const value = trailers[name] ?? head[name];
    return Array.isArray(value) ? value[0] : value;
  };
  return {
    status: read('grpc-status'),
    message: read('grpc-message'),
    details: read('grpc-status-details-bin'),
  };
}
