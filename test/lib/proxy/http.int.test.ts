import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Address } from '../../../src/lib/proxy/listen-options.ts';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { until } from '../../support/until.ts';
import { chop } from './chopping-relay.ts';
import { Client, front, LOOPBACK, listenOn, serve, splitAt } from './harness.ts';

/** A real HTTP server that answers with what it was asked, in several framings. */
async function serveHttp(): Promise<Address> {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const { pathname } = new URL(incoming.url ?? '/', 'http://x');
      response.sendDate = false;
      response.setHeader('x-seen', `${incoming.method} ${incoming.url} ${body.length}`);
      switch (pathname) {
        case '/empty':
          response.writeHead(204).end();
          return;
        case '/not-modified':
          response.writeHead(304, { 'content-length': '5' }).end();
          return;
        case '/until-close':
          response.writeHead(200, { connection: 'close' });
          response.write(body);
          response.end('!');
          return;
        case '/chunked':
          response.writeHead(200, incoming.method === 'HEAD' ? {} : { trailer: 'x-sum' });
          response.write('part one, ');
          response.write(body.length > 0 ? body : 'part two');
          if (incoming.method !== 'HEAD') response.addTrailers({ 'x-sum': String(body.length) });
          response.end();
          return;
        case '/hints':
          response.writeEarlyHints({ link: '</a.css>; rel=preload' });
          response.end('after hints');
          return;
        case '/error':
          response.writeHead(500, { 'content-length': '4' }).end('oops');
          return;
        default:
          response.writeHead(200, { 'content-length': String(body.length) }).end(body);
      }
    });
  });
  return openHttp(server);
}

async function openHttp(server: Server): Promise<Address> {
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return listenOn(server);
}

/** One raw request of a fixed series; `close` asks for the end of the connection. */
function rawRequest(number: number, close: boolean): Buffer {
  const pick = <T>(salt: string, values: readonly T[]): T =>
    values[Math.floor(hashFraction('request', number, salt) * values.length)]!;
  const path = pick('path', ['/echo', '/chunked', '/empty', '/not-modified', '/hints', '/error', '/until-close']);
  const method = pick('method', ['GET', 'POST', 'HEAD', 'PUT', 'DELETE']);
  const body = 'b'.repeat(Math.floor(hashFraction('request', number, 'size') * 3000));
  const framing = method === 'GET' || method === 'HEAD' ? 'none' : pick('framing', ['length', 'chunked']);
  const head = `${method} ${path}?n=${number} HTTP/1.1\r\nHost: x\r\n${close ? 'Connection: close\r\n' : ''}`;
  if (framing === 'none') return Buffer.from(`${head}\r\n`);
  if (framing === 'length') return Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
  const middle = body === '' ? '' : `${body.length.toString(16)};ext="a"\r\n${body}\r\n`;
  return Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${middle}0\r\nX-Trailer: t\r\n\r\n`);
}

/** Sends the pieces, each in a write of its own, and gives back all bytes of the answer. */
async function exchange(address: Address, pieces: readonly Buffer[]): Promise<string> {
  const client = new Client(address);
  for (const piece of pieces) {
    client.socket.write(piece);
    await new Promise(setImmediate);
  }
  const text = await client.untilEnd();
  client.socket.destroy();
  return text;
}

/** Ten thousand requests take a while where others use the machine too. */
const MANY = { timeout: 180_000 };

describe('an HTTP request through the proxy', () => {
  it('gets the same answer as without it, however its bytes are split (10,000 requests)', MANY, async () => {
    const upstream = await serveHttp();
    const { proxy, address } = await front('http', [await chop(upstream, 'behind')]);
    const total = 10_000;
    const lanes = 16;
    const differing: number[] = [];
    const lane = async (first: number): Promise<void> => {
      for (let number = first; number < total; number += lanes) {
        const bytes = rawRequest(number, true);
        const cuts = Array.from({ length: 4 }, (_, i) => hashFraction('cut', number, i));
        const [direct, proxied] = await Promise.all([
          exchange(upstream, [bytes]),
          exchange(address, splitAt(bytes, cuts)),
        ]);
        if (direct !== proxied || direct === '') differing.push(number);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)));
    expect(differing).toEqual([]);
    expect(proxy.counters('s')).toMatchObject({ requests: total, inFlight: 0, fallbacks: 0, dialFailures: 0 });
  });

  it('gets the same answers in order when many are sent at once on one connection', async () => {
    const upstream = await serveHttp();
    const { proxy, address } = await front('http', [upstream]);
    const numbers = Array.from({ length: 200 }, (_, i) => i).filter(
      (number) => !rawRequest(number, false).includes('/until-close'),
    );
    const bytes = Buffer.concat([...numbers.map((number) => rawRequest(number, false)), rawRequest(5000, true)]);
    const direct = await exchange(upstream, [bytes]);
    const cuts = Array.from({ length: 50 }, (_, i) => hashFraction('pipeline', i));
    expect(await exchange(address, splitAt(bytes, cuts))).toBe(direct);
    expect(await exchange(address, [bytes])).toBe(direct);
    expect(proxy.counters('s')?.requests).toBe(2 * (numbers.length + 1));
  });

  it('passes a request byte by byte', async () => {
    const upstream = await serveHttp();
    const { address } = await front('http', [upstream]);
    const bytes = Buffer.from(
      'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    );
    const pieces = [...bytes].map((byte) => Buffer.from([byte]));
    expect(await exchange(address, pieces)).toBe(await exchange(upstream, [bytes]));
  });

  it('waits for 100 Continue when the client does', async () => {
    const { address } = await front('http', [await serveHttp()]);
    const client = new Client(address);
    client.send('POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    expect(await client.until('hello')).toContain('HTTP/1.1 200 OK');
    client.send('GET /echo HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('x-seen: GET /echo 0');
  });

  it('closes when the service refuses to continue, as nobody can know whether the body still comes', async () => {
    const upstream = await serve((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n')),
    );
    const { address } = await front('http', [upstream]);
    const client = new Client(address);
    client.send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect(await client.untilEnd()).toBe('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n');
  });

  it('goes on with the next request when the service answers before the body is sent', async () => {
    const upstream = await serve((socket) => {
      let received = 0;
      socket.on('data', (chunk) => {
        if (received === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly');
        received += chunk.length;
        if (chunk.includes('GET /next')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
      });
    });
    const { address } = await front('http', [upstream]);
    const client = new Client(address);
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345');
    await client.until('early');
    client.send('67890GET /next HTTP/1.1\r\n\r\n');
    await client.until('next');
  });

  it('is given up when the service answers twice while the body is still being sent', async () => {
    const upstream = await serve((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    });
    const { proxy, address } = await front('http', [upstream]);
    const client = new Client(address).send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345');
    await client.until('ok');
    client.send('678');
    await client.untilEnd();
    client.end();
    await until('the connection to be forgotten', () => proxy.counters('s')?.openConnections === 0);
  });

  it('becomes a tunnel after an upgrade, in both directions and with half-close', async () => {
    const upstream = await serve((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nwelcome ');
        socket.on('data', (chunk) => socket.write(chunk));
        socket.on('end', () => socket.end('bye'));
      });
    });
    const { proxy, address } = await front('http', [upstream]);
    const client = new Client(address);
    client.send('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.until('welcome ');
    client.send('GET / HTTP/1.1\r\n\r\n\0\xff raw');
    await client.until(' raw');
    expect((await client.end().untilEnd()).endsWith('\0\xff rawbye')).toBe(true);
    expect(proxy.counters('s')).toMatchObject({ requests: 1, inFlight: 0, fallbacks: 0 });
  });

  it('becomes a tunnel after CONNECT', async () => {
    const upstream = await serve((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 Connected\r\n\r\n');
        socket.on('data', (chunk) => socket.write(chunk));
      });
    });
    const { address } = await front('http', [upstream]);
    const client = new Client(address).send('CONNECT a:1 HTTP/1.1\r\n\r\n');
    await client.until('Connected');
    await client.send('anything').until('anything');
  });

  it.each([
    ['TLS', '\x16\x03\x01\x00\x05hello'],
    ['a bare line feed in the first line', 'GET / HTTP/1.0\n\n'],
    ['a line protocol', 'PING\r\n'],
  ])('falls back to raw bytes for %s, and counts it', async (_name, bytes) => {
    const upstream = await serve((socket) => socket.on('data', (chunk) => socket.write(chunk)));
    const { proxy, address } = await front('http', [upstream]);
    const client = new Client(address).send(bytes);
    await client.until(bytes);
    await client.send('more').until(`${bytes}more`);
    expect(proxy.counters('s')).toMatchObject({ fallbacks: 1, requests: 0 });
  });

  it('falls back to raw bytes when the client ends in the middle of a head', async () => {
    const upstream = await serve((socket) => {
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end('.'));
    });
    const { address } = await front('http', [upstream]);
    expect(await new Client(address).end('HELLO').untilEnd()).toBe('HELLO.');
  });

  it('passes an answer that is not HTTP on as raw bytes, and counts it', async () => {
    const upstream = await serve((socket) => socket.on('data', () => socket.end('ICY 200 OK\r\n\r\nmusic')));
    const { proxy, address } = await front('http', [upstream]);
    const client = new Client(address).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await client.untilEnd()).toBe('ICY 200 OK\r\n\r\nmusic');
    expect(proxy.counters('s')).toMatchObject({ fallbacks: 1, inFlight: 0 });
  });

  it.each([
    ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', 400, 'ambiguous-length'],
    ['Content-Length: 5\r\nContent-Length: 6\r\n', 400, 'differing-content-lengths'],
    ['Transfer-Encoding : chunked\r\n', 400, 'space-before-colon'],
    ['A: b\r\n c\r\n', 400, 'obs-fold'],
    [`A: ${'b'.repeat(70_000)}\r\n`, 431, 'head-too-large'],
    ['A: b\r\n'.repeat(300), 431, 'too-many-headers'],
  ])('refuses a head that two readers could read differently: %.30j', async (lines, status, reason) => {
    let reached = false;
    const { address } = await front('http', [await serve(() => (reached = true))]);
    const client = new Client(address).send(`POST / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
    const text = await client.untilEnd();
    expect(text).toContain(`HTTP/1.1 ${status} `);
    expect(text).toContain(`x-faultline: refused; reason=${reason}\r\n`);
    expect(text).toContain('connection: close\r\n');
    expect(reached).toBe(false);
  });

  it('goes to the endpoints in turn, one connection each', async () => {
    const named = (name: string): Promise<Address> =>
      serve((socket) => socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${name}`)));
    const { address } = await front('http', [await named('a'), await named('b'), await named('c')]);
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) {
      const client = new Client(address).send('GET / HTTP/1.1\r\n\r\n');
      seen.push((await client.until('\r\n\r\n')).at(-1)!);
      client.socket.destroy();
    }
    expect(seen.join('')).toBe('abcabc');
  });
});

describe('a service that goes away', () => {
  it('refusing the connection gives 502 with a mark, and the client may go on', async () => {
    const dead = await serve(() => undefined);
    const gone = { ...dead, port: await freePort() };
    const { proxy, address } = await front('http', [gone]);
    const client = new Client(address);
    for (const times of [1, 2]) {
      client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc');
      const text = await client.until('refused the connection\n', times);
      expect(text).toContain('HTTP/1.1 502 Bad Gateway\r\n');
      expect(text).toContain('x-faultline: upstream-unreachable\r\n');
      expect(text).toContain('connection: keep-alive\r\n');
    }
    expect(proxy.counters('s')).toMatchObject({ requests: 2, errors: 2, dialFailures: 2, inFlight: 0 });
  });

  it('between two requests is dialled anew, and the client notices nothing', async () => {
    const sockets: { destroy(): void }[] = [];
    const upstream = await serve((socket) => {
      sockets.push(socket);
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    });
    const { address } = await front('http', [upstream]);
    const client = new Client(address);
    for (let times = 1; times <= 3; times++) {
      client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx');
      await client.until('\r\n\r\nok', times);
      sockets.at(-1)?.destroy();
      // The end of the service's side has to arrive before the next request does.
      await realClock.sleep(20);
    }
    expect(sockets).toHaveLength(3);
  });

  it.each([
    ['GET', '', true],
    ['DELETE', '', true],
    ['POST', '', false],
    ['PUT', 'Content-Length: 1\r\n\r\nx', true],
  ])('just as a kept connection is used again: %s is sent again: %s', async (method, rest, again) => {
    let served = 0;
    const upstream = await serve((socket) => {
      // Each connection answers once, and closes when it is asked a second time.
      let mine = 0;
      socket.on('data', () => {
        if (++mine > 1) socket.destroy();
        else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n#${++served}`);
      });
    });
    const { address } = await front('http', [upstream]);
    const client = new Client(address).send('GET / HTTP/1.1\r\n\r\n');
    await client.until('#1');
    client.send(`${method} / HTTP/1.1\r\n${rest === '' ? '\r\n' : rest}`);
    if (again) await client.until('#2');
    else expect(await client.until('before it answered\n')).toContain('x-faultline: upstream-closed\r\n');
  });

  it('in the middle of a body ends what the client gets at the same byte', async () => {
    const upstream = await serve((socket) =>
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')),
    );
    const { proxy, address } = await front('http', [upstream]);
    const client = new Client(address).send('GET / HTTP/1.1\r\n\r\n');
    expect((await client.untilEnd()).endsWith('\r\n\r\nhalf')).toBe(true);
    expect(client.errorCode).toBeUndefined();
    expect(proxy.counters('s')).toMatchObject({ errors: 1, inFlight: 0 });
  });

  it('by a reset in the middle of a body resets the client', async () => {
    const upstream = await serve((socket) =>
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
        void realClock.sleep(30).then(() => socket.resetAndDestroy());
      }),
    );
    const { address } = await front('http', [upstream]);
    const client = new Client(address).send('GET / HTTP/1.1\r\n\r\n');
    await client.untilClosed();
    expect(client.errorCode).toBe('ECONNRESET');
  });
});

describe('a client that goes away', () => {
  it('cancels the work of the service', async () => {
    let aborted = false;
    let asked: IncomingMessage | undefined;
    const upstream = await openHttp(
      createServer((incoming, response) => {
        asked = incoming;
        response.on('close', () => (aborted = !response.writableFinished));
      }),
    );
    const { proxy, address } = await front('http', [upstream]);
    const outgoing = request({ host: LOOPBACK, port: address.port, path: '/slow' });
    outgoing.on('error', () => undefined);
    outgoing.end();
    await until('the request', () => asked !== undefined);
    outgoing.destroy();
    await until('the service to see the end', () => aborted);
    await until('the connection to be forgotten', () => proxy.counters('s')?.openConnections === 0);
    expect(proxy.counters('s')).toMatchObject({ inFlight: 0, errors: 1 });
  });

  it('only in one direction still gets its answer', async () => {
    const upstream = await serve((socket) => {
      socket.on('data', () => undefined);
      socket.on('end', () => {
        void realClock.sleep(50).then(() => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate'));
      });
    });
    const { address } = await front('http', [upstream]);
    const client = new Client(address).end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await client.untilEnd()).toContain('\r\n\r\nlate');
  });
});

describe('slow readers', () => {
  const TOTAL_BYTES = 64 * 1024 * 1024;

  it('stop the service from sending, so that memory stays bounded', async () => {
    let sent = 0;
    const block = Buffer.alloc(65_536, 'x');
    const upstream = await serve((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL_BYTES}\r\n\r\n`);
        const more = (): void => {
          while (sent < TOTAL_BYTES) {
            sent += block.length;
            if (!socket.write(block)) return;
          }
        };
        socket.on('drain', more);
        more();
      });
    });
    const { proxy, address } = await front('http', [upstream]);
    const client = new Client(address);
    client.socket.pause();
    client.send('GET / HTTP/1.1\r\n\r\n');
    await standsStill(() => proxy.counters('s')?.bytesOut ?? 0);
    expect(sent).toBeLessThan(TOTAL_BYTES / 2);
    let received = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk) => (received += chunk.length));
    client.socket.resume();
    await until('the whole body', () => received > TOTAL_BYTES);
  });

  it('on the side of the service stop the client from sending', async () => {
    let paused: { resume(): void } | undefined;
    let received = 0;
    const upstream = await serve((socket) => {
      socket.pause();
      paused = socket;
      socket.on('data', (chunk) => (received += chunk.length));
      socket.pause();
    });
    const { proxy, address } = await front('http', [upstream]);
    const client = new Client(address).send(`POST / HTTP/1.1\r\nContent-Length: ${TOTAL_BYTES}\r\n\r\n`);
    client.socket.write(Buffer.alloc(TOTAL_BYTES));
    await standsStill(() => proxy.counters('s')?.bytesIn ?? 0);
    expect(proxy.counters('s')?.bytesIn).toBeLessThan(TOTAL_BYTES / 2);
    paused?.resume();
    await until('the whole body', () => received > TOTAL_BYTES);
  });
});

/** Waits until a positive number has not changed for a while. */
async function standsStill(value: () => number): Promise<void> {
  let last = -1;
  let since = 0;
  await until('a standstill', () => {
    since = value() === last && last > 0 ? since + 1 : 0;
    last = value();
    return since > 20;
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = await listenOn(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
