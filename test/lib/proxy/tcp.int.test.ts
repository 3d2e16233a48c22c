import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Address } from '../../../src/lib/proxy/listen-options.ts';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { until } from '../../support/until.ts';
import { Client, front, LOOPBACK, nowMs, serve, splitAt, type Fronted } from './harness.ts';

const echo = (): Promise<Address> =>
  serve((socket) => {
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end());
  });

function add({ proxy }: Fronted, kind: string, params: unknown, id = kind): void {
  proxy.addFilter({ service: 's', id, kind, params, seed: 7 });
}

/** An address that accepts no connection and refuses none: a listener whose process is stopped and whose backlog is full. */
async function unanswering(): Promise<Address> {
  const script = `const s = require('net').createServer().listen({host:'${LOOPBACK}',port:0,backlog:1}, () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (line) => resolve(Number(line))));
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () => connect({ host: LOOPBACK, port }).on('error', () => undefined));
  onTestFinished(() => fillers.forEach((filler) => filler.destroy()));
  await until('a full backlog', () => fillers.some((filler) => !filler.connecting));
  await realClock.sleep(50);
  return { host: LOOPBACK, port };
}

describe('a raw TCP connection through the proxy', () => {
  it('gets the same bytes back, however they are split', async () => {
    const { address, proxy } = await front('tcp', [await echo()]);
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => Math.floor(hashFraction('byte', i) * 256)));
    const client = new Client(address);
    const cuts = Array.from({ length: 100 }, (_, i) => hashFraction('cut', i));
    for (const piece of splitAt(bytes, cuts)) client.socket.write(piece);
    client.end();
    expect(Buffer.from(await client.untilEnd(), 'latin1').equals(bytes)).toBe(true);
    expect(proxy.counters('s')).toMatchObject({ bytesIn: bytes.length, bytesOut: bytes.length, errors: 0 });
  });

  it('that the service speaks first on gets its greeting', async () => {
    const { address } = await front('tcp', [await serve((socket) => socket.write('220 hello\r\n'))]);
    await new Client(address).until('220 hello');
  });

  it('that the client half-closes still gets an answer that comes later (C13)', async () => {
    const upstream = await serve((socket) => {
      socket.resume();
      socket.on('end', () => void realClock.sleep(100).then(() => socket.end('late')));
    });
    const { address } = await front('tcp', [upstream]);
    expect(await new Client(address).end('ask').untilEnd()).toBe('late');
  });

  it('that the service half-closes still takes what the client sends later', async () => {
    let received = '';
    const upstream = await serve((socket) => {
      socket.end('done');
      socket.on('data', (chunk) => (received += chunk.toString()));
    });
    const { address } = await front('tcp', [upstream]);
    const client = new Client(address);
    expect(await client.untilEnd()).toBe('done');
    client.end('but I go on');
    await until('the rest', () => received === 'but I go on');
  });

  it('is reset when the service resets it', async () => {
    const upstream = await serve((socket) => socket.on('data', () => socket.resetAndDestroy()));
    const { address, proxy } = await front('tcp', [upstream]);
    const client = new Client(address).send('x');
    await client.untilClosed();
    expect(client.errorCode).toBe('ECONNRESET');
    expect(proxy.counters('s')).toMatchObject({ errors: 1, openConnections: 0 });
  });

  it('resets the service when the client resets it', async () => {
    let code: string | undefined;
    const upstream = await serve((socket) => socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code)));
    const { address } = await front('tcp', [upstream]);
    const client = new Client(address).send('x');
    await until('the connection', () => client.socket.bytesWritten === 1 && !client.socket.connecting);
    await realClock.sleep(20);
    client.socket.resetAndDestroy();
    await until('the reset', () => code === 'ECONNRESET');
  });

  it('is reset when nobody listens', async () => {
    const { address, proxy } = await front('tcp', [{ host: LOOPBACK, port: 1 }]);
    const client = new Client(address);
    await client.untilClosed();
    expect(client.errorCode).toBe('ECONNRESET');
    expect(proxy.counters('s')).toMatchObject({ dialFailures: 1, openConnections: 0 });
  });

  it('does not wait for another whose endpoint does not answer (C14)', async () => {
    const { address, proxy } = await front('tcp', [await unanswering(), await echo()], 400);
    const startedMs = nowMs();
    const stuck = new Client(address).send('x');
    for (let i = 0; i < 5; i++) {
      const client = new Client(address).send('quick');
      // The dead endpoint takes every second connection.
      if (i % 2 === 0) await client.until('quick');
    }
    expect(nowMs() - startedMs).toBeLessThan(400);
    expect(stuck.isClosed).toBe(false);
    await stuck.untilClosed();
    expect(stuck.errorCode).toBe('ECONNRESET');
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(390);
    expect(proxy.counters('s')?.dialFailures).toBeGreaterThanOrEqual(1);
  });

  it('on an HTTP listener gives 504 when the endpoint does not answer in time', async () => {
    const { address } = await front('http', [await unanswering()], 200);
    const client = new Client(address).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const text = await client.until('did not answer in time\n');
    expect(text).toContain('HTTP/1.1 504 Gateway Timeout\r\n');
    expect(text).toContain('x-faultline: upstream-unreachable\r\n');
  });
});

describe('abort on raw TCP', () => {
  it('resets new connections, and those that are open when it is added (C8)', async () => {
    const fronted = await front('tcp', [await echo()]);
    const live = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const client = new Client(fronted.address).send('up');
        await client.until('up');
        return client;
      }),
    );
    add(fronted, 'abort', {});
    await Promise.all(live.map((client) => client.untilClosed()));
    const fresh = new Client(fronted.address);
    await fresh.untilClosed();
    expect([...live, fresh].map((client) => client.errorCode)).toEqual(Array(6).fill('ECONNRESET'));
    expect(fronted.proxy.filterEffect('s', 'abort')).toMatchObject({
      touched: 6,
      delivered: { percent: 100, resets: 6 },
      decisions: { seen: 6, hit: 6 },
    });
    fronted.proxy.removeFilter('s', 'abort');
    await new Client(fronted.address).send('again').until('again');
  });

  it('at 0 % touches none (C16)', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'abort', { percent: '0%' });
    for (let i = 0; i < 20; i++) {
      const client = new Client(fronted.address).send('x');
      await client.until('x');
      client.socket.destroy();
    }
    const effect = fronted.proxy.filterEffect('s', 'abort');
    expect(effect).toMatchObject({ touched: 0, decisions: { seen: 20, hit: 0 } });
    expect(effect?.note).toBe('20 connections came, but the dice chose none of them');
  });

  it('chooses the same connections again with the same seed (C9)', async () => {
    const run = async (): Promise<string> => {
      const fronted = await front('tcp', [await echo()]);
      add(fronted, 'abort', { percent: '50%' });
      let fates = '';
      for (let i = 0; i < 30; i++) {
        const client = new Client(fronted.address).send('x');
        await until('an answer or a reset', () => client.isClosed || client.text === 'x');
        fates += client.isClosed ? 'x' : '.';
        client.socket.destroy();
      }
      return `${fates} ${fronted.proxy.filterEffect('s', 'abort')?.decisions.digest ?? ''}`;
    };
    const first = await run();
    expect(first).toMatch(/x/);
    expect(first).toMatch(/\./);
    expect(await run()).toBe(first);
  });
});

describe('latency on raw TCP', () => {
  it('delays each chunk, keeps the order, and costs no throughput', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'latency', { delay: '100ms', jitter: '50ms' });
    const client = new Client(fronted.address);
    const startedMs = nowMs();
    let sent = '';
    for (let i = 0; i < 20; i++) {
      client.send(`${i},`);
      sent += `${i},`;
      await realClock.sleep(10);
    }
    await until('everything', () => client.text.length === sent.length);
    // 20 chunks one after another would take 2 s.
    expect(nowMs() - startedMs).toBeLessThan(1000);
    expect(client.text).toBe(sent);
    const effect = fronted.proxy.filterEffect('s', 'latency');
    expect(effect).toMatchObject({ touched: 1, decisions: { seen: 1, hit: 1 }, delivered: { percent: 100 } });
  });

  it('stays with the connections that it chose while others come and go (C10)', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'latency', { delay: '200ms', percent: '50%' });
    const clients = Array.from({ length: 12 }, () => new Client(fronted.address));
    const isSlow = async (client: Client, word: string): Promise<boolean> => {
      const startedMs = nowMs();
      const before = client.text.split(word).length - 1;
      const arrived = new Promise<void>((resolve) => client.socket.once('data', () => resolve()));
      client.send(word);
      await arrived;
      expect(client.text.split(word).length - 1).toBe(before + 1);
      return nowMs() - startedMs > 190;
    };
    const first = await Promise.all(clients.map((client) => isSlow(client, 'a')));
    add(fronted, 'latency', { delay: '0ms' }, 'other');
    const second = await Promise.all(clients.map((client) => isSlow(client, 'b')));
    fronted.proxy.removeFilter('s', 'other');
    const third = await Promise.all(clients.map((client) => isSlow(client, 'c')));
    expect(new Set(first).size).toBe(2);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  it('lets go of what it holds back as soon as it is removed (C15)', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'latency', { delay: '30s' });
    const client = new Client(fronted.address).send('held').end();
    await until('the echo to be held', () => (fronted.proxy.counters('s')?.bytesOut ?? 0) === 4);
    const startedMs = nowMs();
    fronted.proxy.removeFilter('s', 'latency');
    expect(nowMs() - startedMs).toBeLessThan(10);
    expect(await client.untilEnd()).toBe('held');
    expect(nowMs() - startedMs).toBeLessThan(200);
  });

  it('upstream delays what the client sends, to the last byte, although the service has ended', async () => {
    let received = '';
    let ended = false;
    const upstream = await serve((socket) => {
      socket.end('bye');
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('end', () => (ended = true));
    });
    const fronted = await front('tcp', [upstream]);
    add(fronted, 'latency', { delay: '150ms', stream: 'upstream' });
    const client = new Client(fronted.address).end('last words');
    await client.untilClosed();
    expect(received).toBe('');
    await until('the last words', () => ended);
    expect(received).toBe('last words');
    await until('the end of the connection', () => fronted.proxy.counters('s')?.openConnections === 0);
  });

  it('holds at most a bounded number of bytes', async () => {
    const total = 64 * 1024 * 1024;
    let received = 0;
    const upstream = await serve((socket) => socket.on('data', (chunk) => (received += chunk.length)));
    const fronted = await front('tcp', [upstream]);
    add(fronted, 'latency', { delay: '30s', stream: 'upstream' });
    const client = new Client(fronted.address);
    client.socket.write(Buffer.alloc(total));
    const bytesIn = (): number => fronted.proxy.counters('s')?.bytesIn ?? 0;
    await until('the queue to fill', () => bytesIn() >= 16 * 1024 * 1024);
    expect(bytesIn() - received).toBeLessThan(17 * 1024 * 1024);
    fronted.proxy.removeFilter('s', 'latency');
    await until('everything', () => received === total);
  });
});
