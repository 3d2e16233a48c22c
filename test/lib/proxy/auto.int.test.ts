import { createServer as createHttp } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/until.ts';
import { Client, front, listenOn, LOOPBACK, nowMs, serve, type Fronted } from './harness.ts';

function add({ proxy }: Fronted, kind: string, params: unknown, id = kind): void {
  proxy.addFilter({ service: 's', id, kind, params, seed: 42 });
}

const echo = (): ReturnType<typeof serve> =>
  serve((socket) => {
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end());
  });

describe('a listener that finds out what is spoken', () => {
  it('passes on a service that speaks first, without waiting for the client', async () => {
    const upstream = await serve((socket) => {
      socket.write('220 ready\r\n');
      socket.on('data', (chunk) => socket.write(`250 ${chunk.toString()}`));
    });
    const { proxy, address } = await front('auto', [upstream]);
    const startedMs = nowMs();
    const client = new Client(address);
    await client.until('220 ready\r\n');
    expect(nowMs() - startedMs).toBeLessThan(1000);
    await client.send('EHLO x\r\n').until('250 EHLO x\r\n');
    expect(proxy.counters('s')).toMatchObject({ spoken: { raw: 1 }, fallbacks: 0 });
  });

  it.each([
    ['a Redis command', '*1\r\n$4\r\nPING\r\n'],
    ['a memcached command', 'get key\r\n'],
    ['a STOMP frame', 'CONNECT\naccept-version:1.2\n\n\0'],
    ['an AMQP header', 'AMQP\0\0\t\u0001'],
    ['MQTT', '\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0'],
    ['an HTTP-like line of another protocol', 'GET / RTSP/1.0\r\n\r\n'],
    ['a TLS-like byte and rubbish', '\x16\x03\x09\xff\xff\xff'],
  ])('passes on %s as raw bytes', async (_name, bytes) => {
    const { proxy, address } = await front('auto', [await echo()]);
    const client = new Client(address).send(bytes);
    await client.until(bytes);
    await client.send('more').until(`${bytes}more`);
    expect(proxy.counters('s')).toMatchObject({ spoken: { raw: 1 }, requests: 0 });
    client.end();
    await client.untilEnd();
  });

  it.each(['HELLO', '\x16\x03\x01', 'PRI * HT', 'GET /without-an-end'])(
    'passes on %j after a while, when nothing follows that would tell',
    async (bytes) => {
      const { address } = await front('auto', [await echo()]);
      const client = new Client(address).send(bytes);
      await client.until(bytes);
    },
  );

  it.each(['HELLO', 'GET / HTT', ''])('passes on %j when the client ends behind it', async (bytes) => {
    let received = '';
    const upstream = await serve((socket) => {
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('end', () => socket.end('the end'));
    });
    const { address } = await front('auto', [upstream]);
    expect(await new Client(address).end(bytes).untilEnd()).toBe('the end');
    expect(received).toBe(bytes);
  });

  it('takes HTTP/1, HTTP/2 and raw bytes on one port, byte by byte', async () => {
    const http = createHttp((_request, response) => response.end('one'));
    const http2 = createHttp2((_request, response) => response.end('two'));
    onTestFinished(() => {
      http.closeAllConnections();
      http.close();
      http2.close();
    });
    const { proxy, address } = await front('auto', [await listenOn(http), await listenOn(http2), await echo()]);
    const slowly = async (text: string): Promise<Client> => {
      const client = new Client(address);
      for (const byte of text) {
        client.send(byte);
        await new Promise(setImmediate);
      }
      return client;
    };
    await (await slowly('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).until('one');
    const session = connectHttp2(`http://${LOOPBACK}:${address.port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':path': '/' });
    const body = await new Promise<string>((resolve) =>
      stream.on('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    expect(body).toBe('two');
    await (await slowly('\0\x01raw')).until('\0\x01raw');
    expect(proxy.counters('s')?.spoken).toMatchObject({ http1: 1, http2: 1, raw: 1 });
  });

  it('answers 502 to HTTP, and resets others, when nobody listens', async () => {
    const { proxy, address } = await front('auto', [{ host: LOOPBACK, port: 1 }]);
    await new Client(address).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n').until('502 Bad Gateway');
    const silent = new Client(address);
    await silent.untilClosed();
    expect(silent.errorCode).toBe('ECONNRESET');
    await until('all to be forgotten', () => proxy.counters('s')?.openConnections === 1);
  });
});

describe('faults on what turned out to be spoken', () => {
  it('that are for requests leave raw connections alone, and say so', async () => {
    const fronted = await front('auto', [await echo()]);
    add(fronted, 'error', {});
    await new Client(fronted.address).send('\0raw').until('\0raw');
    expect(fronted.proxy.filterEffect('s', 'error')).toMatchObject({
      touched: 0,
      note: 'no request reached the service while the fault was in force',
    });
  });

  it('that are for both hurt either: latency waits before a request, and delays raw chunks', async () => {
    const http = createHttp((_request, response) => response.end('answer'));
    onTestFinished(() => {
      http.closeAllConnections();
      http.close();
    });
    const fronted = await front('auto', [await listenOn(http), await echo()]);
    add(fronted, 'latency', { delay: '80ms' });
    for (const [bytes, answer] of [
      ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'answer'],
      ['\0raw', '\0raw'],
    ] as const) {
      const startedMs = nowMs();
      await new Client(fronted.address).send(bytes).until(answer);
      const tookMs = nowMs() - startedMs;
      expect(tookMs).toBeGreaterThanOrEqual(79);
    }
    expect(fronted.proxy.filterEffect('s', 'latency')).toMatchObject({ touched: 2, decisions: { seen: 2, hit: 2 } });
  });

  it('act on the bytes of a connection from its first moment: timeout closes one on which nothing is said', async () => {
    const fronted = await front('auto', [await echo()]);
    add(fronted, 'timeout', { timeout: '100ms' });
    const startedMs = nowMs();
    const client = new Client(fronted.address);
    await client.untilEnd();
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(99);
    expect(client.errorCode).toBeUndefined();
  });
});
