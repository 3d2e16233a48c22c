import { createServer as createHttp } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Effect } from '../../../src/lib/events/run-events.ts';
import type { ListenOptions } from '../../../src/lib/proxy/listen-options.ts';
import { UNPROTECTED } from '../../../src/lib/proxy/protection.ts';
import { front, listenOn, LOOPBACK, nowMs, type Fronted } from './harness.ts';

/** What the service saw of a request, and what the client got of its answer. */
interface Exchanged {
  readonly seen: { readonly line: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: string };
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Service extends Fronted {
  ask(asked?: Asked): Promise<Exchanged>;
}

/** A service that answers with JSON about what it was asked; `/gzip` compresses unless told not to, `/empty` has no body. */
function answerOf(
  path: string,
  body: string,
  encoding: string,
): { status: number; headers: Record<string, string>; body: Buffer } {
  const json = Buffer.from(JSON.stringify({ total: 7, items: ['a'], echo: body }));
  if (path.startsWith('/empty')) return { status: 204, headers: {}, body: Buffer.alloc(0) };
  if (path.startsWith('/text'))
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('hello') };
  if (path.startsWith('/gzip') && !encoding.includes('identity'))
    return { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(json) };
  return { status: 200, headers: { 'content-type': 'application/json', 'x-old': 'yes' }, body: json };
}

async function frontHttp1(): Promise<Service> {
  let seen: Exchanged['seen'] | undefined;
  const server = createHttp((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen = { line: `${request.method} ${request.url}`, headers: request.headers, body };
      const answer = answerOf(request.url ?? '', body, request.headers['accept-encoding'] ?? '');
      response.writeHead(answer.status, answer.headers);
      // In pieces, so that it is chunked.
      for (let at = 0; at < answer.body.length; at += 10) response.write(answer.body.subarray(at, at + 10));
      response.end();
    });
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const fronted = await front('auto', [await listenOn(server)]);
  return {
    ...fronted,
    async ask({ method = 'GET', path = '/a?x=1', headers = {}, body } = {}) {
      const response = await fetch(`http://${LOOPBACK}:${fronted.address.port}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      if (seen === undefined) throw new Error('the service saw nothing');
      return { seen, status: response.status, headers: Object.fromEntries(response.headers), body: text };
    },
  };
}

async function frontHttp2(more: Partial<ListenOptions> = {}): Promise<Service> {
  let seen: Exchanged['seen'] | undefined;
  const server = createHttp2();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    let body = '';
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
    stream.on('end', () => {
      const path = headers[':path'] ?? '';
      seen = { line: `${headers[':method'] ?? ''} ${path}`, headers, body };
      const answer = answerOf(path, body, headers['accept-encoding'] ?? '');
      stream.respond({ ':status': answer.status, ...answer.headers });
      for (let at = 0; at < answer.body.length; at += 10) stream.write(answer.body.subarray(at, at + 10));
      stream.end();
    });
    stream.on('error', () => undefined);
  });
  const fronted = await front('auto', [await listenOn(server)], undefined, more);
  const session = connectHttp2(`http://${LOOPBACK}:${fronted.address.port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  return {
    ...fronted,
    ask({ method = 'GET', path = '/a?x=1', headers = {}, body } = {}) {
      return new Promise((resolve, reject) => {
        const stream = session.request({ ':method': method, ':path': path, 'accept-encoding': 'gzip', ...headers });
        let text = '';
        let got: Record<string, unknown> = {};
        stream.on('response', (response) => (got = { ...response }));
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        stream.on('error', reject);
        stream.on('end', () => {
          if (seen === undefined) reject(new Error('the service saw nothing'));
          else resolve({ seen, status: Number(got[':status']), headers: got, body: text });
        });
        stream.end(body);
      });
    },
  };
}

function add({ proxy }: Fronted, kind: string, params: unknown, id = kind): void {
  proxy.addFilter({ service: 's', id, kind, params, seed: 42 });
}

function effectOf({ proxy }: Fronted, id: string): Effect {
  const effect = proxy.filterEffect('s', id);
  if (effect === undefined) throw new Error(`no filter ${id}`);
  return effect;
}

describe.each([
  ['HTTP/1.1', frontHttp1],
  ['HTTP/2', () => frontHttp2()],
  ['HTTP/2 to a protected service', () => frontHttp2({ protection: UNPROTECTED })],
])('over %s', (_name, frontService) => {
  it('replace changes what the service sees', async () => {
    const service = await frontService();
    const request = { method: 'PUT', path: '/b', query: { y: '2 3' }, headers: { 'X-New': 'v' }, body: 'new body' };
    add(service, 'replace', { request });
    for (const asked of [{}, { method: 'POST', body: 'old body that is longer', headers: { 'x-new': 'old' } }]) {
      const { seen, status } = await service.ask(asked);
      expect([seen.line, seen.headers['x-new'], seen.body, status]).toEqual(['PUT /b?y=2%203', 'v', 'new body', 200]);
      expect(seen.headers['content-length']).toBe('8');
    }
    expect(effectOf(service, 'replace')).toMatchObject({ touched: 2, delivered: { edits: 2 } });
  });

  it('replace changes what the client gets, whatever the length, and the connection goes on', async () => {
    const service = await frontService();
    add(service, 'replace', { response: { status: 418, headers: { 'x-old': 'no', 'x-new': '1' }, body: 'short' } });
    for (const path of ['/a', '/gzip', '/a']) {
      const { status, headers, body } = await service.ask({ path });
      expect([status, headers['x-old'], headers['x-new'], body]).toEqual([418, 'no', '1', 'short']);
      expect(headers['content-encoding']).toBeUndefined();
    }
    expect(service.proxy.counters('s')).toMatchObject({ requests: 3, inFlight: 0 });
  });

  it('patch merges into JSON bodies, headers and query', async () => {
    const service = await frontService();
    add(service, 'patch', {
      request: {
        headers: { 'x-gone': null, 'x-in': '1' },
        query: { x: null, z: '9' },
        body: { user: { id: 8, tmp: null } },
      },
      response: { headers: { 'x-old': null }, body: { total: 0, items: null, extra: [1] } },
    });
    const { seen, headers, body } = await service.ask({
      method: 'POST',
      headers: { 'x-gone': 'bye', 'content-type': 'application/json' },
      body: JSON.stringify({ user: { name: 'n', tmp: 1 } }),
    });
    expect([seen.line, seen.headers['x-gone'], seen.headers['x-in']]).toEqual(['POST /a?z=9', undefined, '1']);
    expect(JSON.parse(seen.body)).toEqual({ user: { name: 'n', id: 8 } });
    expect(JSON.parse(body)).toEqual({ total: 0, echo: seen.body, extra: [1] });
    expect(headers['x-old']).toBeUndefined();
  });

  it('patch asks for bodies that are not compressed, and leaves what is no JSON as it is', async () => {
    const service = await frontService();
    add(service, 'patch', { response: { body: { total: 1 } } });
    expect(JSON.parse((await service.ask({ path: '/gzip' })).body)).toMatchObject({ total: 1 });
    expect((await service.ask({ path: '/text' })).body).toBe('hello');
    expect(await service.ask({ path: '/empty' })).toMatchObject({ status: 204, body: '' });
    expect(effectOf(service, 'patch')).toMatchObject({ touched: 3, delivered: { unchangeable: 2 } });
  });

  it('a body too long to be kept passes as it is', async () => {
    const service = await frontService();
    add(service, 'patch', { request: { headers: { 'x-in': '1' }, body: { a: 1 } } });
    const body = JSON.stringify({ text: 'x'.repeat(1_500_000) });
    const { seen } = await service.ask({ method: 'POST', body });
    expect([seen.body === body, seen.headers['x-in']]).toEqual([true, '1']);
    expect(effectOf(service, 'patch')).toMatchObject({ delivered: { unchangeable: 1 } });
  });

  it('delay of the body delays its chunks, and the next request waits its turn', async () => {
    const service = await frontService();
    add(service, 'delay', { delay: '60ms', at: 'body', first: 1 });
    const startedMs = nowMs();
    const first = await service.ask();
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(59);
    const second = await service.ask();
    expect(JSON.parse(first.body)).toEqual(JSON.parse(second.body));
    expect((effectOf(service, 'delay').delivered.delayMs as { p50: number }).p50).toBeGreaterThanOrEqual(59);
  });

  it('delay of the request’s body delays it on its way up', async () => {
    const service = await frontService();
    add(service, 'delay', { delay: '60ms', at: 'body', stream: 'upstream' });
    const startedMs = nowMs();
    const { seen } = await service.ask({ method: 'POST', body: 'some body' });
    expect([seen.body, nowMs() - startedMs >= 59]).toEqual(['some body', true]);
  });

  it('several edits add up, later ones over earlier ones', async () => {
    const service = await frontService();
    add(service, 'replace', { request: { headers: { a: '1', b: '1' } } }, 'first');
    add(service, 'patch', { request: { headers: { b: '2', c: '2' } } }, 'second');
    add(service, 'latency', { delay: '10ms' }, 'third');
    const { seen } = await service.ask();
    expect([seen.headers.a, seen.headers.b, seen.headers.c]).toEqual(['1', '2', '2']);
  });
});
