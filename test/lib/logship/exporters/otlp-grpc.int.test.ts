import { createServer as createHttp2 } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createOtlpGrpcExporter } from '../../../../src/lib/logship/exporters/otlp-grpc.ts';
import type { OtlpEndpoint } from '../../../../src/lib/logship/otlp-endpoint.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { encodeRpcDetail, encodeRpcStatus } from '../../../../src/lib/wire/grpc.ts';
import { ProtobufWriter } from '../../../../src/lib/wire/protobuf-writer.ts';

const BATCH = { bytes: Buffer.from('a batch '.repeat(100)), records: 3 };
const never = new AbortController().signal;
const bytes = { serialize: (value: Buffer): Buffer => value, deserialize: (value: Buffer): Buffer => value };
const EXPORT: grpc.MethodDefinition<Buffer, Buffer> = {
  path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
};

type Call = grpc.ServerUnaryCall<Buffer, Buffer>;
type Answer = (call: Call, done: grpc.sendUnaryData<Buffer>) => void;

/** A real gRPC server of logs. */
async function sink(answer: Answer): Promise<{ readonly url: URL; readonly calls: Call[] }> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  const calls: Call[] = [];
  server.addService(
    { export: EXPORT },
    {
      export(call: Call, done: grpc.sendUnaryData<Buffer>) {
        calls.push(call);
        answer(call, done);
      },
    },
  );
  onTestFinished(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { url: new URL(`http://127.0.0.1:${port}`), calls };
}

function exporter(url: URL, more: Partial<OtlpEndpoint> = {}) {
  const made = createOtlpGrpcExporter(
    { url, headers: {}, compression: 'none', timeoutMs: 5_000, tls: {}, ...more },
    realClock,
  );
  onTestFinished(() => made.close());
  return made;
}

const ok: Answer = (_call, done) => done(null, Buffer.alloc(0));

describe('OTLP over gRPC', () => {
  it('sends the bytes as they are to a real server, with the metadata that was asked for', async () => {
    const { url, calls } = await sink(ok);
    const made = exporter(url, { headers: { token: 'x' } });
    expect(await made.send(BATCH, never)).toEqual({ kind: 'accepted', rejected: 0, reason: undefined });
    expect(calls[0]?.request.equals(BATCH.bytes)).toBe(true);
    expect(calls[0]?.metadata.get('token')).toEqual(['x']);
  });

  it('sends four batches of 4 MiB at once', async () => {
    const { url, calls } = await sink(ok);
    const made = exporter(url);
    const batch = { bytes: Buffer.alloc(4 * 1_048_576, 7), records: 1 };
    const results = await Promise.all(Array.from({ length: made.window }, () => made.send(batch, never)));
    expect(results.map(({ kind, reason }) => [kind, reason])).toEqual(results.map(() => ['accepted', undefined]));
    expect(calls.every(({ request }) => request.equals(batch.bytes))).toBe(true);
  });

  it('compresses by gzip', async () => {
    const { url, calls } = await sink(ok);
    expect((await exporter(url, { compression: 'gzip' }).send(BATCH, never)).kind).toBe('accepted');
    expect(calls[0]?.request.equals(BATCH.bytes)).toBe(true);
  });

  it('hears of records that were not taken', async () => {
    const partial = new ProtobufWriter().int(1, 2).string(2, 'too old').finish();
    const { url } = await sink((_call, done) => done(null, new ProtobufWriter().message(1, partial).finish()));
    expect(await exporter(url).send(BATCH, never)).toEqual({ kind: 'accepted', rejected: 2, reason: 'too old' });
  });

  it.each([
    [grpc.status.UNAVAILABLE, 'later', 'UNAVAILABLE: nö'],
    [grpc.status.DEADLINE_EXCEEDED, 'later', 'DEADLINE_EXCEEDED: nö'],
    [grpc.status.ABORTED, 'later', 'ABORTED: nö'],
    [grpc.status.RESOURCE_EXHAUSTED, 'refused', 'RESOURCE_EXHAUSTED: nö'],
    [grpc.status.INVALID_ARGUMENT, 'refused', 'INVALID_ARGUMENT: nö'],
    [grpc.status.UNIMPLEMENTED, 'refused', 'UNIMPLEMENTED: nö'],
    [grpc.status.INTERNAL, 'refused', 'INTERNAL: nö'],
  ])('takes status %d as it is meant', async (code, kind, reason) => {
    const { url } = await sink((_call, done) => done({ code, details: 'nö' }));
    expect(await exporter(url).send(BATCH, never)).toMatchObject({ kind, reason });
  });

  it('waits as long as the server asks for', async () => {
    const detail = encodeRpcDetail({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' });
    const metadata = new grpc.Metadata();
    metadata.set('grpc-status-details-bin', encodeRpcStatus({ code: 8, message: 'full', details: [detail] }));
    const { url } = await sink((_call, done) =>
      done({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'full', metadata }),
    );
    expect(await exporter(url).send(BATCH, never)).toEqual({
      kind: 'later',
      afterMs: 2000,
      reason: 'RESOURCE_EXHAUSTED: full',
    });
  });

  it('tells the server its deadline, and gives up by itself as well', async () => {
    const deadlines: grpc.Deadline[] = [];
    const { url } = await sink((call) => deadlines.push(call.getDeadline()));
    const sent = await exporter(url, { timeoutMs: 200 }).send(BATCH, never);
    expect(sent.kind).toBe('later');
    expect(sent.reason).toMatch(/no answer in 200 ms|DEADLINE_EXCEEDED/);
    expect(Number(deadlines[0])).toBeGreaterThan(Date.now() - 5_000);
  });

  it('connects again after the server has gone and come back, and meanwhile says why not', async () => {
    const first = createHttp2((request, response) => request.stream.session?.destroy() ?? response.end());
    await once(first.listen(0, '127.0.0.1'), 'listening');
    const { port } = first.address() as AddressInfo;
    const made = exporter(new URL(`http://127.0.0.1:${port}`));
    expect((await made.send(BATCH, never)).kind).toBe('later');
    await new Promise((resolve) => first.close(resolve));
    expect(await made.send(BATCH, never)).toMatchObject({ kind: 'later', reason: /ECONNREFUSED/ });
    const second = createHttp2((request, response) => {
      request.resume();
      request.on('end', () => {
        response.addTrailers({ 'grpc-status': '0' });
        response.writeHead(200, { 'content-type': 'application/grpc' });
        response.end();
      });
    });
    await once(second.listen(port, '127.0.0.1'), 'listening');
    onTestFinished(() => void second.close());
    expect((await made.send(BATCH, never)).kind).toBe('accepted');
    await made.close();
  });

  it.each([
    [503, 'later', 'UNAVAILABLE: HTTP 503'],
    [404, 'refused', 'UNIMPLEMENTED: HTTP 404'],
    [200, 'later', 'UNAVAILABLE: HTTP 200'],
  ] as const)('understands an HTTP %d of somebody who speaks no gRPC', async (status, kind, reason) => {
    const server = createHttp2((request, response) => {
      request.resume();
      response.writeHead(status).end('hello');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const made = exporter(new URL(`http://127.0.0.1:${port}`));
    expect(await made.send(BATCH, never)).toMatchObject({ kind, reason });
    await made.close();
  });
});
