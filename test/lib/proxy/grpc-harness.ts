import * as grpc from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import type { Address } from '../../../src/lib/proxy/listen-options.ts';
import { LOOPBACK } from './harness.ts';

/** A real gRPC service and its client, whose messages are plain bytes. */

const bytes = { serialize: (value: Buffer): Buffer => value, deserialize: (value: Buffer): Buffer => value };

function method(path: string, requestStream: boolean, responseStream: boolean): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: bytes.serialize,
    requestDeserialize: bytes.deserialize,
    responseSerialize: bytes.serialize,
    responseDeserialize: bytes.deserialize,
  };
}

export const ECHO = {
  unary: method('/shop.v1.Echo/Unary', false, false),
  collect: method('/shop.v1.Echo/Collect', true, false),
  repeat: method('/shop.v1.Echo/Repeat', false, true),
  chat: method('/shop.v1.Echo/Chat', true, true),
};

export interface EchoServer {
  readonly address: Address;
  /** `METHOD` of every call that reached it, and calls that were cancelled. */
  readonly calls: string[];
  readonly cancelled: string[];
}

/** Unary echoes; Collect joins; Repeat answers n messages of the size asked for; Chat echoes each message. `fail` answers NOT_FOUND. */
export async function serveEcho(credentials = grpc.ServerCredentials.createInsecure()): Promise<EchoServer> {
  const server = new grpc.Server();
  const calls: string[] = [];
  const cancelled: string[] = [];
  const note = (call: { on(event: 'cancelled', listener: () => void): unknown }, name: string): void => {
    calls.push(name);
    call.on('cancelled', () => cancelled.push(name));
  };
  server.addService(ECHO, {
    unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
      note(call, 'unary');
      const text = call.request.toString();
      if (text === 'fail') {
        const trailers = new grpc.Metadata();
        trailers.set('why-bin', Buffer.from([0, 1, 255]));
        done({ code: grpc.status.NOT_FOUND, details: 'nichts da: 100 % ✗', metadata: trailers });
        return;
      }
      if (text === 'hang') return;
      const trailers = new grpc.Metadata();
      trailers.set('seen', String(call.metadata.get('token')[0] ?? 'none'));
      done(null, call.request, trailers);
    },
    collect(call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
      note(call, 'collect');
      const parts: Buffer[] = [];
      call.on('data', (part: Buffer) => parts.push(part));
      call.on('end', () => done(null, Buffer.concat(parts)));
    },
    repeat(call: grpc.ServerWritableStream<Buffer, Buffer>) {
      note(call, 'repeat');
      const [times = 0, size = 0] = call.request.toString().split('x').map(Number);
      let left = times;
      const go = (): void => {
        while (left-- > 0) {
          if (!call.write(Buffer.alloc(size, times - left))) {
            call.once('drain', go);
            return;
          }
        }
        call.end();
      };
      go();
    },
    chat(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
      note(call, 'chat');
      call.on('data', (part: Buffer) => call.write(part));
      call.on('end', () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${LOOPBACK}:0`, credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  onTestFinished(() => server.forceShutdown());
  return { address: { host: LOOPBACK, port }, calls, cancelled };
}

export class EchoClient {
  readonly #client: grpc.Client;

  constructor(
    { host, port }: Address,
    credentials = grpc.credentials.createInsecure(),
    options: grpc.ClientOptions = {},
  ) {
    this.#client = new grpc.Client(`${host}:${port}`, credentials, { 'grpc.enable_retries': 0, ...options });
    onTestFinished(() => this.#client.close());
  }

  unary(text: string | Buffer, options: grpc.CallOptions = {}, metadata = new grpc.Metadata()): Promise<Outcome> {
    return outcomeOf((done, onStatus) => {
      const { path, requestSerialize, responseDeserialize } = ECHO.unary;
      this.#client
        .makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.from(text), metadata, options, done)
        .on('status', onStatus);
    });
  }

  collect(parts: readonly Buffer[]): Promise<Outcome> {
    return outcomeOf((done, onStatus) => {
      const { path, requestSerialize, responseDeserialize } = ECHO.collect;
      const call = this.#client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, done);
      call.on('status', onStatus);
      for (const part of parts) call.write(part);
      call.end();
    });
  }

  repeat(times: number, size: number): grpc.ClientReadableStream<Buffer> {
    const { path, requestSerialize, responseDeserialize } = ECHO.repeat;
    return this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      Buffer.from(`${times}x${size}`),
    );
  }

  chat(): grpc.ClientDuplexStream<Buffer, Buffer> {
    const { path, requestSerialize, responseDeserialize } = ECHO.chat;
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  }
}

export interface Outcome {
  readonly code: grpc.status;
  readonly details: string;
  readonly body: Buffer | undefined;
  readonly trailers: grpc.Metadata | undefined;
}

function outcomeOf(
  start: (
    done: (error: grpc.ServiceError | null, value?: Buffer) => void,
    onStatus: (status: grpc.StatusObject) => void,
  ) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let body: Buffer | undefined;
    start(
      (_error, value) => (body = value),
      // The status comes after the callback, with the trailers.
      (status) =>
        setImmediate(() => resolve({ code: status.code, details: status.details, body, trailers: status.metadata })),
    );
  });
}

/** All messages of a stream, and how it ended. */
export function drain(call: grpc.ClientReadableStream<Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>): Promise<{
  readonly messages: Buffer[];
  readonly code: grpc.status;
  readonly details: string;
}> {
  return new Promise((resolve) => {
    const messages: Buffer[] = [];
    call.on('data', (message: Buffer) => messages.push(message));
    call.on('error', () => undefined);
    call.on('status', ({ code, details }: grpc.StatusObject) => resolve({ messages, code, details }));
  });
}
