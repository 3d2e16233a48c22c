import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createOtlpHttpExporter } from '../../../../src/lib/logship/exporters/otlp-http.ts';
import { parseRetryAfterMs } from '../../../../src/lib/logship/exporters/http-outcome.ts';
import type { OtlpEndpoint } from '../../../../src/lib/logship/otlp-endpoint.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { ProtobufWriter } from '../../../../src/lib/wire/protobuf-writer.ts';

const BATCH = { bytes: Buffer.from('a batch '.repeat(100)), records: 3 };

interface Sink {
  readonly url: URL;
  readonly requests: { readonly request: IncomingMessage; readonly body: Buffer }[];
  readonly connections: () => number;
}

async function sink(answer: (response: ServerResponse) => void): Promise<Sink> {
  const requests: Sink['requests'] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ request, body: Buffer.concat(chunks) });
      answer(response);
    });
  });
  server.on('connection', () => connections++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/v1/logs`), requests, connections: () => connections };
}

function exporter(url: URL, more: Partial<OtlpEndpoint> = {}) {
  const made = createOtlpHttpExporter(
    { url, headers: {}, compression: 'none', timeoutMs: 5_000, tls: {}, ...more },
    realClock,
  );
  onTestFinished(() => made.close());
  return made;
}

const never = new AbortController().signal;

describe('OTLP over HTTP', () => {
  it('posts the bytes as they are, with the headers that were asked for, over one connection', async () => {
    const { url, requests, connections } = await sink((response) => response.end());
    const made = exporter(url, { headers: { authorization: 'Bearer x' } });
    for (let i = 0; i < 3; i++)
      expect(await made.send(BATCH, never)).toEqual({ kind: 'accepted', rejected: 0, reason: undefined });
    expect(requests).toHaveLength(3);
    expect(connections()).toBe(1);
    const [{ request, body } = requests[0]!] = requests;
    expect(body.equals(BATCH.bytes)).toBe(true);
    expect([request.method, request.url]).toEqual(['POST', '/v1/logs']);
    expect(request.headers).toMatchObject({ 'content-type': 'application/x-protobuf', authorization: 'Bearer x' });
  });

  it.each([
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
  ] as const)('compresses by %s', async (compression, decompress) => {
    const { url, requests } = await sink((response) => response.end());
    await exporter(url, { compression }).send(BATCH, never);
    expect(requests[0]?.request.headers['content-encoding']).toBe(compression);
    expect(requests[0]?.body.length).toBeLessThan(BATCH.bytes.length / 2);
    expect(decompress(requests[0]?.body ?? '').equals(BATCH.bytes)).toBe(true);
  });

  it.each([
    [429, { 'Retry-After': '3' }, 'slow', { kind: 'later', afterMs: 3000, reason: 'HTTP 429: slow' }],
    [503, {}, '', { kind: 'later', afterMs: undefined, reason: 'HTTP 503' }],
    [502, {}, 'bad\ngateway', { kind: 'later', afterMs: undefined, reason: 'HTTP 502: bad gateway' }],
    [504, {}, '', { kind: 'later', afterMs: undefined, reason: 'HTTP 504' }],
    [400, {}, 'no', { kind: 'refused', reason: 'HTTP 400: no' }],
    [413, {}, '', { kind: 'refused', reason: 'HTTP 413' }],
    [500, {}, '', { kind: 'refused', reason: 'HTTP 500' }],
  ] as const)('takes a %d as it is meant', async (status, headers, body, expected) => {
    const { url } = await sink((response) => response.writeHead(status, headers).end(body));
    expect(await exporter(url).send(BATCH, never)).toEqual(expected);
  });

  it('hears of records that were not taken, in protobuf and in JSON', async () => {
    const partial = new ProtobufWriter().int(1, 2).string(2, 'too old').finish();
    const binary = await sink((response) => response.end(new ProtobufWriter().message(1, partial).finish()));
    expect(await exporter(binary.url).send(BATCH, never)).toEqual({ kind: 'accepted', rejected: 2, reason: 'too old' });
    const json = await sink((response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}'),
    );
    expect(await exporter(json.url).send(BATCH, never)).toMatchObject({ rejected: 2, reason: 'too old' });
  });

  it('gives up when nobody answers in time, when nobody listens, and when it is told to', async () => {
    const { url } = await sink(() => undefined);
    expect(await exporter(url, { timeoutMs: 50 }).send(BATCH, never)).toMatchObject({
      kind: 'later',
      reason: 'no answer in 50 ms',
    });
    const stop = new AbortController();
    const sent = exporter(url).send(BATCH, stop.signal);
    stop.abort();
    expect((await sent).kind).toBe('later');
    const nobody = await exporter(new URL('http://127.0.0.1:1/v1/logs')).send(BATCH, never);
    expect(nobody).toMatchObject({ kind: 'later', reason: 'connect ECONNREFUSED 127.0.0.1:1' });
  });
});

describe('parseRetryAfterMs', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Tue, 01 Dec 2026 12:00:10 GMT', 10_000],
    ['Tue, 01 Dec 2020 12:00:10 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
  ])('reads %s', (text, expected) => {
    expect(parseRetryAfterMs(text, Date.UTC(2026, 11, 1, 12))).toBe(expected);
  });
});
