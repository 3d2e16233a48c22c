import { once } from 'node:events';
import {
  connect as connectHttp2,
  createServer as createHttp2,
  type ClientHttp2Session,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UNPROTECTED, type Destination, type ProtectionOptions } from '../../../../src/lib/proxy/protection.ts';
import { until } from '../../../support/until.ts';
import { drain, EchoClient, serveEcho, type EchoServer } from '../grpc-harness.ts';
import { front, listenOn, serve, type Fronted } from '../harness.ts';

interface H2Endpoint extends Destination {
  readonly server: Http2Server;
  readonly sessions: Set<ServerHttp2Session>;
  readonly streams: ServerHttp2Stream[];
  handler: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
}

const FRESH = { weight: 1, isHealthy: true, inFlight: 0, healthySinceMs: -Infinity };

/** HTTP/2 endpoints in plain text, each of which answers with its letter. */
function h2Endpoints(count: number): Promise<H2Endpoint[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const id = String.fromCharCode(97 + index);
      const [sessions, streams] = [new Set<ServerHttp2Session>(), [] as ServerHttp2Stream[]];
      const server = createHttp2();
      server.on('session', (session) => {
        sessions.add(session);
        session.on('close', () => sessions.delete(session));
        session.on('error', () => undefined);
      });
      server.on('stream', (stream: ServerHttp2Stream, headers) => {
        streams.push(stream);
        stream.on('error', () => undefined);
        endpoint.handler(stream, headers);
      });
      const address = await listenOn(server);
      onTestFinished(() => {
        for (const session of sessions) session.destroy();
        server.close();
      });
      const endpoint: H2Endpoint = {
        ...{ ...address, ...FRESH, id, server, sessions, streams },
        handler: (stream) => {
          stream.respond({ ':status': 200 });
          stream.end(id);
        },
      };
      return endpoint;
    }),
  );
}

function frontOf(list: readonly Destination[], protection: Partial<ProtectionOptions> = {}): Promise<Fronted> {
  const options = { protection: { ...UNPROTECTED, ...protection }, destinations: () => list };
  return front('auto', list, undefined, options);
}

async function frontEchoes(count: number, protection: Partial<ProtectionOptions> = {}) {
  const servers = await Promise.all(Array.from({ length: count }, () => serveEcho()));
  const list = servers.map(({ address }, index): Destination => ({ ...address, ...FRESH, id: `e${index}` }));
  const fronted = await frontOf(list, protection);
  return { ...fronted, servers, list, client: new EchoClient(fronted.address) };
}

const callsOf = (servers: readonly EchoServer[]): number[] => servers.map(({ calls }) => calls.length);
const idle = (list: readonly Destination[]): Promise<boolean> =>
  until('all counts at 0', () => list.every(({ inFlight }) => inFlight === 0));

function openClient({ address }: Fronted): ClientHttp2Session {
  const client = connectHttp2(`http://${address.host}:${address.port}`);
  client.on('error', () => undefined);
  onTestFinished(() => client.destroy());
  return client;
}

interface Got {
  readonly headers: IncomingHttpHeaders & { ':status'?: number | undefined };
  readonly text: string;
  readonly code: number | undefined;
}

async function ask(client: ClientHttp2Session, headers: Record<string, string> = {}, body?: string): Promise<Got> {
  const stream = client.request({ ':path': '/', ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  let got: Got['headers'] = {};
  const parts: Buffer[] = [];
  stream.on('response', (response) => (got = response));
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('error', () => undefined);
  await once(stream, 'close');
  return { headers: got, text: Buffer.concat(parts).toString(), code: stream.rstCode };
}

const RETRIES = { attempts: 3, statuses: [503], alsoMethods: [], budget: {} };

describe('balancing of HTTP/2 by request', () => {
  it('spreads the gRPC calls of one connection over all endpoints in turn', async () => {
    const { servers, list, client, proxy } = await frontEchoes(3);
    for (let i = 0; i < 9; i++) expect((await client.unary(`${i}`)).body?.toString()).toBe(`${i}`);
    expect(callsOf(servers)).toEqual([3, 3, 3]);
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => client.unary(`${i}`)));
    expect(answers.map(({ body }) => body?.toString())).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`));
    expect(callsOf(servers)).toEqual([23, 23, 23]);
    await idle(list);
    expect(proxy.counters('s')).toMatchObject({ connections: 1, requests: 69, inFlight: 0, errors: 0 });
  });

  it('takes calls of all four kinds, with messages larger than a window', async () => {
    const { servers, list, client } = await frontEchoes(3);
    const parts = Array.from({ length: 30 }, (_, i) => Buffer.alloc(20_000, i));
    const [unary, collected, repeated] = await Promise.all([
      client.unary('fail'),
      client.collect(parts),
      drain(client.repeat(20, 100_000)),
    ]);
    expect([unary.code, unary.details]).toEqual([5, 'nichts da: 100 % ✗']);
    expect(collected.body?.equals(Buffer.concat(parts))).toBe(true);
    expect(repeated.messages.map(({ length }) => length)).toEqual(Array(20).fill(100_000));
    const chat = client.chat();
    const answers: string[] = [];
    chat.on('data', (message: Buffer) => answers.push(message.toString()));
    for (const text of ['a', 'b', 'c']) {
      chat.write(Buffer.from(text));
      await until('the echo', () => answers.at(-1) === text);
    }
    chat.end();
    expect((await drain(chat)).code).toBe(0);
    expect(callsOf(servers).toSorted()).toEqual([1, 1, 2]);
    await idle(list);
  });

  it('goes on with the others when an endpoint dies, and sends again what may be sent again', async () => {
    const list = await h2Endpoints(3);
    const fronted = await frontOf(list, { retries: RETRIES });
    const client = openClient(fronted);
    for (let i = 0; i < 3; i++) expect((await ask(client)).text).toMatch(/[abc]/);
    for (const one of list) one.handler = (stream) => void setTimeout(() => stream.end(one.id), 50);
    list[0]!.handler = () => undefined;
    const gets = Array.from({ length: 6 }, () => ask(client));
    const posts = Array.from({ length: 3 }, () => ask(client, { ':method': 'POST' }, 'x'));
    await until('all requests', () => list.reduce((sum, { streams }) => sum + streams.length, 0) === 12);
    for (const session of list[0]!.sessions) session.destroy();
    for (const { headers } of await Promise.all(gets)) expect(headers[':status']).toBe(200);
    const statuses = (await Promise.all(posts)).map(({ headers }) => headers[':status']);
    expect(statuses.toSorted()).toEqual([200, 200, 502]);
    expect(client.closed).toBe(false);
    await idle(list);
    expect(fronted.proxy.counters('s')).toMatchObject({ connections: 1, inFlight: 0 });
  });

  it('sends a call elsewhere that no endpoint has looked at, without being told to retry', async () => {
    const { servers, list, client } = await frontEchoes(2);
    list.unshift({ ...FRESH, host: '127.0.0.1', port: 1, id: 'nobody' });
    for (let i = 0; i < 6; i++) expect((await client.unary(`${i}`)).body?.toString()).toBe(`${i}`);
    expect(callsOf(servers).reduce((sum, calls) => sum + calls)).toBe(6);
    await idle(list);
  });

  it('sends a request elsewhere that was refused, or that a GOAWAY has left out, with its body', async () => {
    const list = await h2Endpoints(2);
    const [a, b] = [list[0]!, list[1]!];
    const echo: H2Endpoint['handler'] = (stream) => void stream.pipe(stream);
    b.handler = echo;
    a.handler = (stream) => stream.close(7);
    const fronted = await frontOf(list);
    const client = openClient(fronted);
    for (let i = 0; i < 4; i++) expect((await ask(client, { ':method': 'POST' }, `${i}`)).text).toBe(`${i}`);
    expect(a.streams.length).toBe(2);
    a.handler = (stream) => {
      stream.session?.goaway(0, (stream.id ?? 0) - 2);
      a.handler = echo;
    };
    for (let i = 0; i < 4; i++) expect((await ask(client, { ':method': 'POST' }, `${i}`)).text).toBe(`${i}`);
    expect(a.streams.length).toBe(4);
    expect(client.closed).toBe(false);
    await idle(list);
  });

  it('gives a try that hangs up for another', async () => {
    const list = await h2Endpoints(2);
    list[0]!.handler = () => undefined;
    const client = openClient(await frontOf(list, { retries: { ...RETRIES, tryTimeoutMs: 50 } }));
    for (let i = 0; i < 4; i++) expect((await ask(client)).text).toBe('b');
    await until(
      'the tries to be cancelled',
      () => list[0]!.streams.length === 2 && list[0]!.streams.every((it) => it.destroyed),
    );
    await idle(list);
  });

  it('gives a drained endpoint nothing new, lets it end what it has, and then closes its connection', async () => {
    const list = await h2Endpoints(2);
    const [a, b] = [list[0]!, list[1]!];
    a.handler = (stream) => stream.respond({ ':status': 200 });
    const client = openClient(await frontOf(list));
    const long = ask(client);
    await until('the stream', () => a.streams.length === 1);
    a.weight = 0;
    for (let i = 0; i < 4; i++) expect((await ask(client)).text).toBe('b');
    a.streams[0]!.end('at last');
    expect((await long).text).toBe('at last');
    await until('its connection closed', () => a.sessions.size === 0);
    expect(b.sessions.size).toBe(1);
    await idle(list);
  });

  it('keeps to the number of streams that an endpoint allows', async () => {
    const [a] = await h2Endpoints(1);
    let [open, most] = [0, 0];
    a!.server.updateSettings({ maxConcurrentStreams: 2 });
    a!.handler = (stream) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        stream.end('a');
      }, 5);
    };
    const client = openClient(await frontOf([a!]));
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(client)));
    expect(answers.map(({ text }) => text)).toEqual(Array(20).fill('a'));
    expect(most).toBe(2);
    await idle([a!]);
  });
});

describe('windows of HTTP/2 over several endpoints', () => {
  it('let 50 MiB through each way beside a stream that is not read', async () => {
    const list = await h2Endpoints(2);
    const chunk = Buffer.alloc(1_048_576, 'x');
    let stalledBytes = 0;
    list[0]!.handler = (stream) => {
      const more = (): void => {
        if (stream.destroyed) return;
        stalledBytes += chunk.length;
        stream.write(chunk, more);
      };
      more();
    };
    let received = 0;
    list[1]!.handler = (stream) => {
      stream.on('data', (part: Buffer) => (received += part.length));
      let left = 50;
      const more = (): void => {
        if (left-- === 0) stream.end();
        else stream.write(chunk, more);
      };
      more();
    };
    const client = openClient(await frontOf(list));
    const stalled = client.request({ ':path': '/' });
    stalled.on('error', () => undefined);
    stalled.pause();
    await until('the stalled stream', () => list[0]!.streams.length === 1);
    const moving = client.request({ ':path': '/', ':method': 'POST' });
    list[0]!.weight = 0;
    let got = 0;
    moving.on('data', (part: Buffer) => (got += part.length));
    for (let i = 0; i < 50; i++) await new Promise((resolve) => void moving.write(chunk, resolve));
    moving.end();
    await once(moving, 'close');
    expect([received, got]).toEqual([50 * chunk.length, 50 * chunk.length]);
    // Its windows and sockets hold some of it, and then its service has to wait.
    expect(stalledBytes).toBeLessThan(8 * chunk.length);
    stalled.close();
    await idle(list);
  });

  it.each([1_000, 1_000_000])(
    'are those of each endpoint from the first request on (%d bytes)',
    async (initialWindowSize) => {
      const [a] = await h2Endpoints(1);
      a!.server.updateSettings({ initialWindowSize });
      a!.handler = (stream) => void stream.pipe(stream);
      const client = openClient(await frontOf([a!]));
      const body = 'x'.repeat(200_000);
      for (let i = 0; i < 2; i++) expect((await ask(client, { ':method': 'POST' }, body)).text).toBe(body);
      await idle([a!]);
    },
  );

  it('and a client that reads nothing at all make its own services wait, and no other client', async () => {
    const [a] = await h2Endpoints(1);
    const chunk = Buffer.alloc(1_048_576, 'x');
    let sentBytes = 0;
    a!.handler = (stream, headers) => {
      if (headers[':path'] === '/small') {
        stream.end('small');
        return;
      }
      const more = (): void => {
        if (stream.destroyed) return;
        sentBytes += chunk.length;
        stream.write(chunk, more);
      };
      more();
    };
    const fronted = await frontOf([a!]);
    const { address, proxy } = fronted;
    let stopReading = (): void => undefined;
    const relay = await serve((socket) => {
      const upstream = connect(address);
      upstream.on('error', () => undefined).on('data', (part) => socket.write(part));
      socket.on('data', (part) => upstream.write(part)).on('end', () => upstream.destroy());
      stopReading = () => void upstream.pause();
    });
    const deaf = connectHttp2(`http://${relay.host}:${relay.port}`, { settings: { initialWindowSize: 2 ** 31 - 1 } });
    deaf.on('error', () => undefined);
    await once(deaf, 'connect');
    deaf.setLocalWindowSize(2 ** 31 - 1);
    const downloads = Array.from({ length: 4 }, () => deaf.request({ ':path': '/' }));
    for (const download of downloads) download.on('error', () => undefined).on('data', () => undefined);
    await until('the downloads', () => a!.streams.length === 4 && sentBytes > 8 * chunk.length);
    stopReading();
    let [seenBytes, looks] = [-1, 0];
    await until('its services to wait', () => {
      looks = seenBytes === sentBytes ? looks + 1 : 0;
      seenBytes = sentBytes;
      return looks === 10;
    });
    expect((await ask(openClient(fronted), { ':path': '/small' })).text).toBe('small');
    deaf.destroy();
    await idle([a!]);
    expect(proxy.counters('s')?.inFlight).toBe(0);
  });
});

describe('fallbacks over HTTP/2', () => {
  const cached = { cache: {}, fixed: undefined, on: ['failed', 'timeout', 'open'], match: undefined } as const;

  it('give the last good answer when the service fails or is gone', async () => {
    const [a] = await h2Endpoints(1);
    a!.handler = (stream) => {
      stream.respond({ ':status': 200, 'cache-control': 'max-age=60', 'x-own': 'yes' });
      stream.end('good');
    };
    const fronted = await frontOf([a!], { fallback: cached });
    const client = openClient(fronted);
    expect((await ask(client)).text).toBe('good');
    a!.handler = (stream) => {
      stream.respond({ ':status': 503 });
      stream.end('bad');
    };
    const stale = await ask(client);
    expect([stale.headers[':status'], stale.headers['x-own'], stale.text]).toEqual([200, 'yes', 'good']);
    expect(stale.headers['x-faultline']).toBe('fallback; reason=failed; from=cache');
    a!.handler = (stream) => stream.session?.destroy();
    expect((await ask(client)).text).toBe('good');
    expect((await ask(client, { ':path': '/other' })).headers['x-faultline']).toBe('upstream-closed');
    expect(fronted.proxy.counters('s')).toMatchObject({ connections: 1, inFlight: 0 });
    await idle([a!]);
  });

  it('give the fixed answer in time, and never to gRPC', async () => {
    const { servers, client, address, proxy, list, events } = await frontEchoes(1, {
      timeoutMs: 100,
      fallback: {
        ...{ cache: undefined, on: ['timeout', 'failed'], match: undefined },
        fixed: { status: 200, headers: [['Content-Type', 'text/plain']], body: Buffer.from('fixed') },
      },
    });
    expect((await client.unary('hang')).code).toBe(4);
    proxy.addFilter({ service: 's', id: 'down', kind: 'error', params: { status: 503 }, seed: 1 });
    const got = await ask(openClient({ proxy, address, events }));
    expect([got.text, got.headers['x-faultline']]).toEqual(['fixed', 'fallback; reason=failed; from=fixed']);
    expect(servers[0]!.calls).toEqual(['unary']);
    await idle(list);
  });
});
