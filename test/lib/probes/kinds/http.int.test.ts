import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { httpProbe } from '../../../../src/lib/probes/kinds/http.ts';
import type { ProbeHost, ProbeOutcome } from '../../../../src/lib/probes/probe.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';

const host: ProbeHost = { clock: realClock, servicePids: () => undefined, directory: '/' };
const servers: (Server | TcpServer)[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server | TcpServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (listener: RequestListener): Promise<string> => listen(createServer(listener));

/** A server that answers every connection with the same bytes and leaves it open. */
function serveRaw(bytes: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(bytes));
  });
  const url = listen(server);
  const close = server.close.bind(server);
  server.close = (done) => {
    for (const socket of sockets) socket.destroy();
    return close(done);
  };
  return url;
}

function probe(params: object, expected: object = {}, timeoutMs = 2_000): Promise<ProbeOutcome & { tookMs: number }> {
  return httpProbe.bind(params, expected)(host, timeoutMs);
}

describe('an http probe', () => {
  it('measures status and latency, on a connection of its own, saying who it is', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.connection, request.headers['user-agent'], request.method, request.headers['x-a']);
      response.end('fine');
    });
    const outcome = await probe({ url, method: 'post', headers: { 'X-A': '1' }, body: 'x' });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.value).toMatch(/^200 in [\d.]+(ms|us)$/);
    expect(seen).toEqual(['close', 'faultline', 'POST', '1']);
  });

  it.each([
    ['a status out of tolerance', 503, '', {}, 'status 503 is not in 200-399'],
    ['a status that was asked for', 503, '', { status: 503 }, undefined],
    ['a body that lacks a text', 200, 'no', { body: { contains: 'yes' } }, 'body does not contain "yes"'],
    ['a JSON value', 200, '{"status":"up"}', { body: { jsonpath: { path: '$.status', equals: 'up' } } }, undefined],
    ['a header that is missing', 200, '', { headers: { 'X-Gone': 'a' } }, 'header X-Gone is missing'],
    ['a header that differs', 200, '', { headers: { 'X-Kind': 'cold' } }, 'header X-Kind is "warm", not "cold"'],
    ['a header that matches', 200, '', { headers: { 'x-kind': { matches: '^w' } } }, undefined],
    ['several', 500, '', { body: { contains: 'a' } }, 'status 500 is not in 200-399; body does not contain "a"'],
  ])('judges %s', async (_name, status, body, expected, reason) => {
    const url = await serve((_request, response) => response.writeHead(status, { 'x-kind': 'warm' }).end(body));
    expect(await probe({ url }, expected)).toMatchObject({ ok: reason === undefined, ...(reason && { reason }) });
  });

  it('judges the latency of the whole exchange, body included', async () => {
    const url = await serve((_request, response) => {
      response.write('first');
      setTimeout(() => response.end('last'), 120);
    });
    const outcome = await probe({ url }, { latency: '50ms', body: { contains: 'last' } });
    expect(outcome.reason).toMatch(/^took [1-9]\d\dms, more than 50ms$/);
  });

  it('is a timeout when the body stalls, and says how much came', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '5000' });
      response.write('x'.repeat(1229));
    });
    const outcome = await probe({ url }, {}, 200);
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'timed out after 200ms while reading the body (1.2KiB received)',
    });
    expect(outcome.tookMs).toBeLessThan(1_500);
  });

  it('is a timeout when the body never ends', async () => {
    const url = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(100_000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    const outcome = await probe({ url }, { body: { contains: 'x' } }, 300);
    expect(outcome.reason).toMatch(/^timed out after 300ms while reading the body \(.*(MiB|KiB) received\)$/);
    expect(outcome.tookMs).toBeLessThan(1_500);
  });

  it('is a timeout when no answer comes', async () => {
    const url = await serve(() => undefined);
    const outcome = await probe({ url }, {}, 150);
    expect(outcome.reason).toBe('timed out after 150ms while waiting for the response');
  });

  it('names the address that refuses', async () => {
    const server = createServer();
    const url = await listen(server);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const { port } = new URL(url);
    expect((await probe({ url })).reason).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
    expect((await probe({ url: `http://localhost:${port}` })).reason).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
  });

  it('names a host that does not exist', async () => {
    expect((await probe({ url: 'http://no-such-host.invalid/' }, {}, 5_000)).reason).toContain('no-such-host.invalid');
  });

  it.each([
    ['closes without an answer', '', 'socket hang up'],
    ['answers something that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'Parse Error'],
    [
      'switches protocols',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      'another protocol',
    ],
  ])('fails when the server %s', async (_name, bytes, reason) => {
    const url =
      bytes === ''
        ? await listen(createTcpServer((socket) => socket.on('data', () => socket.end())))
        : await serveRaw(bytes);
    const outcome = await probe({ url });
    expect(outcome.ok).toBe(false);
    expect(outcome.reason).toContain(reason);
    expect(outcome.tookMs).toBeLessThan(1_000);
  });

  it('fails when the body is cut off', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '5000' });
      response.write('x'.repeat(100), () => response.destroy());
    });
    expect((await probe({ url })).reason).toContain('while reading the body (100B received)');
  });

  it('keeps a bounded part of a large body and says so', async () => {
    const url = await serve((_request, response) => response.end(`${'x'.repeat(3 * 1024 ** 2)}end`));
    expect(await probe({ url })).toMatchObject({ ok: true });
    expect((await probe({ url }, { body: { contains: 'end' } })).reason).toBe(
      'the first 1MiB of the body does not contain "end"',
    );
  });

  it('does not judge a body that came compressed unasked', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('up')),
    );
    expect((await probe({ url }, { body: { contains: 'up' } })).reason).toBe(
      'body is encoded (gzip) although that was not asked for: not read',
    );
  });

  it('follows redirects when asked to, becoming a GET after 303, and stops at a loop', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else if (request.url === '/old') response.writeHead(303, { location: '/new' }).end();
      else response.end(`${request.method ?? ''} ${request.url ?? ''}`);
    });
    expect((await probe({ url: `${url}/old` })).value).toMatch(/^303 /);
    const followed = { url: `${url}/old`, method: 'POST', body: 'x', followRedirects: true };
    expect(await probe(followed, { body: { contains: 'GET /new' } })).toMatchObject({ ok: true });
    expect((await probe({ url: `${url}/loop`, followRedirects: true })).reason).toBe(
      `more than 10 redirects, the last to ${url}/loop`,
    );
  });

  it('does not carry credentials to another origin', async () => {
    const seen: unknown[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization, request.headers['x-kept']);
      response.end();
    });
    const url = await serve((_request, response) => response.writeHead(302, { location: other }).end());
    const headers = { Authorization: 'Bearer secret', 'X-Kept': 'yes' };
    expect(await probe({ url, headers, followRedirects: true })).toMatchObject({ ok: true });
    expect(seen).toEqual([undefined, 'yes']);
  });
});
