import * as grpc from '@grpc/grpc-js';
import { connect as connectHttp2, createSecureServer as createHttp2 } from 'node:http2';
import { createServer as createHttps, get, type RequestOptions as PlainOptions } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ListenOptions } from '../../../src/lib/proxy/listen-options.ts';
import type { LocalCa } from '../../../src/lib/proxy/local-ca.ts';
import { openLocalCa } from '../../../src/lib/proxy/local-ca.ts';
import { DEFAULT_TLS_UPSTREAM, type TlsFront } from '../../../src/lib/proxy/tls-options.ts';
import { UNPROTECTED } from '../../../src/lib/proxy/protection.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { until } from '../../support/until.ts';
import { EchoClient, serveEcho } from './grpc-harness.ts';
import { front, listenOn, LOOPBACK, nowMs, serve, type Fronted } from './harness.ts';

/** The proxy's own authority, and another one that the services' certificates come from. */
let ownCa: LocalCa;
let serviceCa: LocalCa;

const directory = mkdtempSync(join(tmpdir(), 'faultline-tls-'));
afterAll(() => rmSync(directory, { recursive: true }));

beforeAll(() => {
  ownCa = openLocalCa(join(directory, 'own'), realClock);
  serviceCa = openLocalCa(join(directory, 'service'), realClock);
});

const terminating = (alpn?: readonly string[]): TlsFront => ({
  certify: (serverName) => ownCa.certify(serverName ?? 'localhost'),
  alpn,
  routes: [],
});

const reoriginating = (more: Partial<ListenOptions> = {}): Partial<ListenOptions> => ({
  tls: terminating(),
  tlsUpstream: { ...DEFAULT_TLS_UPSTREAM, ca: serviceCa.certificatePem },
  ...more,
});

const passing = (routes: TlsFront['routes'] = []): TlsFront => ({ certify: undefined, alpn: undefined, routes });

function ended<Closing extends Pick<Server, 'close'>>(server: Closing & { closeAllConnections?: () => void }): Closing {
  onTestFinished(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return server;
}

/** The name of SNI. Node says `false` when there was none. */
function nameAskedOf(socket: object): string {
  const name: unknown = Reflect.get(socket, 'servername');
  return typeof name === 'string' ? name : 'no name';
}

/** HTTPS with HTTP/1.1 only; says which name it was asked for. */
function serveHttps(name = 'shop.test') {
  const server = createHttps(serviceCa.certify(name), (request, response) => {
    response.end(`${name} ${nameAskedOf(request.socket)} ${request.url}`);
  });
  return listenOn(ended(server));
}

/** HTTP/2 over TLS, and HTTP/1.1 for those who cannot. */
function serveHttp2(name = 'shop.test') {
  const server = createHttp2({ ...serviceCa.certify(name), allowHTTP1: true }, (request, response) => {
    response.end(`HTTP/${request.httpVersion} ${request.url}`);
  });
  return listenOn(ended(server));
}

type RequestOptions = PlainOptions & { readonly ALPNProtocols?: string[] };

function ask({ address }: Fronted, ca: LocalCa, more: RequestOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      host: LOOPBACK,
      port: address.port,
      servername: 'shop.test',
      path: '/x',
      ca: ca.certificatePem,
      agent: false,
    } as const;
    get({ ...options, ...more }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

function askHttp2({ address }: Fronted, ca: LocalCa, path = '/x'): Promise<string> {
  const session = connectHttp2(`https://${LOOPBACK}:${address.port}`, {
    ca: ca.certificatePem,
    servername: 'shop.test',
  });
  onTestFinished(() => session.destroy());
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':path': path });
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.on('error', reject);
    stream.on('end', () => resolve(text));
  });
}

function add({ proxy }: Fronted, kind: string, params: unknown, id = kind): void {
  proxy.addFilter({ service: 's', id, kind, params, seed: 42 });
}

describe('TLS that is passed through', () => {
  it('reaches the service untouched, with its own certificate', async () => {
    const fronted = await front('auto', [await serveHttps()]);
    expect(await ask(fronted, serviceCa)).toBe('shop.test shop.test /x');
    expect(fronted.proxy.counters('s')).toMatchObject({
      spoken: { tls: 1 },
      requests: 0,
      fallbacks: 0,
      tlsFailures: 0,
    });
  });

  it('goes to the endpoint for the name that is asked for', async () => {
    const [shop, other] = [await serveHttps('shop.test'), await serveHttps('api.other.test')];
    const fronted = await front('auto', [shop], undefined, {
      tls: passing([{ serverName: '*.other.test', upstreams: [other] }]),
    });
    expect(await ask(fronted, serviceCa)).toContain('shop.test');
    expect(await ask(fronted, serviceCa, { servername: 'api.other.test' })).toBe('api.other.test api.other.test /x');
  });

  it('is passed through to a service that speaks TLS even where plain text would be encrypted', async () => {
    const upstream = { ...(await serveHttps()), tls: true };
    const fronted = await front('auto', [upstream], undefined, {
      tlsUpstream: { ...DEFAULT_TLS_UPSTREAM, ca: serviceCa.certificatePem },
    });
    expect(await ask(fronted, serviceCa)).toBe('shop.test shop.test /x');
  });

  it('is hurt as bytes, and told apart by the name', async () => {
    const fronted = await front('auto', [await serveHttps()]);
    add(fronted, 'latency', { delay: '100ms', stream: 'downstream', match: { serverName: 'shop.*' } });
    const startedMs = nowMs();
    await ask(fronted, serviceCa);
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(200);
    const other = nowMs();
    await ask(fronted, serviceCa, { servername: 'other.test', checkServerIdentity: () => undefined });
    expect(nowMs() - other).toBeLessThan(200);
    expect(fronted.proxy.filterEffect('s', 'latency')).toMatchObject({ touched: 1 });
  });
});

describe('TLS that ends at the proxy', () => {
  it('shows a certificate of our own for any name, and HTTP faults act inside', async () => {
    const http = await serve((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain')),
    );
    const fronted = await front('auto', [http], undefined, { tls: terminating() });
    expect(await ask(fronted, ownCa)).toBe('plain');
    expect(await ask(fronted, ownCa, { servername: 'another.test' })).toBe('plain');
    add(fronted, 'error', { status: 503, body: 'injected', match: { path: '/x', serverName: 'shop.test' } });
    expect(await ask(fronted, ownCa)).toBe('injected');
    expect(await ask(fronted, ownCa, { servername: 'another.test' })).toBe('plain');
    await expect(ask(fronted, serviceCa)).rejects.toThrow(/certificate|issuer|signed/);
    await until('the failure to be counted', () => fronted.proxy.counters('s')?.tlsFailures === 1);
  });

  it('speaks HTTP/2 where it is told to, gRPC included', async () => {
    const server = await serveEcho();
    const fronted = await front('auto', [server.address], undefined, { tls: terminating(['h2', 'http/1.1']) });
    const client = new EchoClient(fronted.address, grpc.credentials.createSsl(Buffer.from(ownCa.certificatePem)), {
      'grpc.ssl_target_name_override': 'shop.test',
    });
    expect((await client.unary('hello')).body?.toString()).toBe('hello');
    add(fronted, 'grpc_status', { code: 'ABORTED' });
    expect((await client.unary('hello')).code).toBe(grpc.status.ABORTED);
  });

  it('passes on what is neither: a line protocol inside TLS', async () => {
    const echo = await serve((socket) => socket.on('data', (chunk) => socket.write(chunk)));
    const fronted = await front('auto', [echo], undefined, { tls: terminating() });
    const socket = connectTls({
      host: LOOPBACK,
      port: fronted.address.port,
      servername: 'x.test',
      ca: ownCa.certificatePem,
    });
    onTestFinished(() => void socket.destroy());
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write('\0PING\r\n');
    await until('the echo', () => text === '\0PING\r\n');
    add(fronted, 'limit_data', { bytes: '4B' });
    socket.write('12345678');
    await until('the end', () => socket.readableEnded);
    expect(text).toBe('\0PING\r\n1234');
  });

  it('is reset by a true RST', async () => {
    const echo = await serve((socket) => socket.on('data', (chunk) => socket.write(chunk)));
    const fronted = await front('auto', [echo], undefined, { tls: terminating() });
    const socket = connectTls({
      host: LOOPBACK,
      port: fronted.address.port,
      servername: 'x.test',
      ca: ownCa.certificatePem,
    });
    let code: string | undefined;
    socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
    socket.write('\0x');
    await new Promise((resolve) => socket.once('data', resolve));
    add(fronted, 'reset_peer', {});
    socket.write('\0y');
    await until('the reset', () => code !== undefined);
    expect(code).toBe('ECONNRESET');
    await until('the connection to be forgotten', () => fronted.proxy.counters('s')?.openConnections === 0);
  });

  it('without a certificate for the name fails the handshake, and says so', async () => {
    const fronted = await front('auto', [await serveHttps()], undefined, {
      tls: {
        ...terminating(),
        certify: () => {
          throw new Error('not for this one');
        },
      },
    });
    await expect(ask(fronted, ownCa)).rejects.toThrow();
    expect(fronted.proxy.counters('s')).toMatchObject({ tlsFailures: 1 });
    expect(JSON.stringify(fronted.events)).toContain('no certificate for shop.test: not for this one');
  });

  it('is given up when a client begins a handshake and goes away', async () => {
    const fronted = await front('auto', [await serveHttps()], undefined, { tls: terminating() });
    const socket = connectTls({ host: LOOPBACK, port: fronted.address.port, servername: 'x.test' });
    socket.on('error', () => undefined);
    await until('the connection', () => fronted.proxy.counters('s')?.connections === 1);
    socket.destroy();
    await until('it to be forgotten', () => fronted.proxy.counters('s')?.openConnections === 0);
  });
});

describe('TLS on both sides', () => {
  it.each([
    { service: 'a service', more: {} },
    { service: 'a protected one', more: { protection: UNPROTECTED } },
  ])('agrees on HTTP/2 when $service does', async ({ more }) => {
    const upstreams = [{ ...(await serveHttp2()), tls: true }];
    const fronted = await front('auto', upstreams, undefined, reoriginating(more));
    expect(await askHttp2(fronted, ownCa)).toBe('HTTP/2.0 /x');
    expect(await ask(fronted, ownCa)).toBe('HTTP/1.1 /x');
    expect(fronted.proxy.counters('s')?.spoken).toMatchObject({ tls: 2, http1: 1, http2: 1 });
  });

  it('agrees on HTTP/1.1 when the service knows no other, and tells it the client’s name', async () => {
    const fronted = await front('auto', [{ ...(await serveHttps()), tls: true }], undefined, reoriginating());
    expect(await ask(fronted, ownCa, { ALPNProtocols: ['h2', 'http/1.1'] })).toBe('shop.test shop.test /x');
    add(fronted, 'patch', { request: { query: { a: '1' } } });
    expect(await ask(fronted, ownCa)).toBe('shop.test shop.test /x?a=1');
  });

  it('encrypts for clients that come in plain text', async () => {
    const tlsUpstream = { ...DEFAULT_TLS_UPSTREAM, ca: serviceCa.certificatePem, serverName: 'shop.test' };
    const fronted = await front('auto', [{ ...(await serveHttps()), tls: true }], undefined, { tlsUpstream });
    const response = await fetch(`http://${LOOPBACK}:${fronted.address.port}/plain`);
    expect(await response.text()).toBe('shop.test shop.test /plain');
  });

  it.each([
    ['whose certificate is not trusted', { tlsUpstream: DEFAULT_TLS_UPSTREAM }],
    ['whose certificate is for another name', { tlsUpstream: { ...DEFAULT_TLS_UPSTREAM, serverName: 'wrong.test' } }],
  ])('does not talk to a service %s', async (_name, more) => {
    const tlsUpstream = {
      ...more.tlsUpstream,
      ca:
        'serverName' in more.tlsUpstream && more.tlsUpstream.serverName !== undefined
          ? serviceCa.certificatePem
          : undefined,
    };
    const fronted = await front('auto', [{ ...(await serveHttps()), tls: true }], undefined, { tlsUpstream });
    const response = await fetch(`http://${LOOPBACK}:${fronted.address.port}/`);
    expect([response.status, response.headers.get('x-faultline')]).toEqual([502, 'upstream-unreachable']);
    expect(fronted.proxy.counters('s')?.dialFailures).toBe(1);
  });

  it('shows the service a certificate of its own when it asks for one', async () => {
    const seen: string[] = [];
    const server = createTls(
      { ...serviceCa.certify('shop.test'), requestCert: true, rejectUnauthorized: false },
      (socket) => {
        seen.push(String(socket.getPeerCertificate().subjectaltname));
        socket.on('error', () => undefined);
        socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      },
    );
    const tlsUpstream = {
      serverName: 'shop.test',
      ca: serviceCa.certificatePem,
      client: ownCa.certify('client.test'),
      insecure: false,
    };
    const fronted = await front('auto', [{ ...(await listenOn(ended(server))), tls: true }], undefined, {
      tlsUpstream,
    });
    const response = await fetch(`http://${LOOPBACK}:${fronted.address.port}/`);
    expect([response.status, seen]).toEqual([200, ['DNS:client.test']]);
  });
});
