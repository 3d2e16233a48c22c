import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/lib/events/run-events.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { until } from '../../support/until.ts';
import { Client, front, nowMs, serve, type Fronted } from './harness.ts';

/** The faults on byte streams, on real sockets; what they decide is tested without any. */

function add({ proxy }: Fronted, kind: string, params: unknown, id = kind): void {
  proxy.addFilter({ service: 's', id, kind, params, seed: 42 });
}

function effectOf({ proxy }: Fronted, id: string): Effect {
  const effect = proxy.filterEffect('s', id);
  if (effect === undefined) throw new Error(`no filter ${id}`);
  return effect;
}

const echo = (): ReturnType<typeof serve> =>
  serve((socket) => {
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end());
  });

/** A service that sends so many bytes to whoever connects, and ends. */
const sender = (bytes: number): ReturnType<typeof serve> => serve((socket) => socket.end(Buffer.alloc(bytes, 'x')));

const open = (fronted: Fronted): Promise<boolean> =>
  until('the connection to end', () => fronted.proxy.counters('s')?.openConnections === 0);

describe('bandwidth', () => {
  it('passes bytes at its rate, and measures it', async () => {
    const fronted = await front('tcp', [await sender(100_000)]);
    add(fronted, 'bandwidth', { rate: '200KB/s' });
    const startedMs = nowMs();
    expect((await new Client(fronted.address).untilEnd()).length).toBe(100_000);
    const tookMs = nowMs() - startedMs;
    expect(tookMs).toBeGreaterThan(450);
    expect(tookMs).toBeLessThan(1500);
    const rate = effectOf(fronted, 'bandwidth').delivered.bytesPerSecond;
    expect(rate).toBeGreaterThan(150_000);
    expect(rate).toBeLessThan(215_000);
  });

  it('shared, divides the rate among all connections', async () => {
    const fronted = await front('tcp', [await sender(40_000)]);
    add(fronted, 'bandwidth', { rate: '200KB/s', shared: true });
    const startedMs = nowMs();
    const clients = Array.from({ length: 4 }, () => new Client(fronted.address));
    for (const client of clients) expect((await client.untilEnd()).length).toBe(40_000);
    expect(nowMs() - startedMs).toBeGreaterThan(700);
  });

  it('of zero lets nothing pass (C3), until it is taken away', async () => {
    const fronted = await front('tcp', [await sender(10)]);
    add(fronted, 'bandwidth', { rate: '0B/s' });
    const client = new Client(fronted.address);
    await until('it to act', () => effectOf(fronted, 'bandwidth').touched === 1);
    await realClock.sleep(30);
    expect(client.text).toBe('');
    fronted.proxy.removeFilter('s', 'bandwidth');
    expect(await client.untilEnd()).toBe('xxxxxxxxxx');
  });
});

describe('slow_close', () => {
  it('delays the end, and nothing else', async () => {
    const fronted = await front('tcp', [await sender(10)]);
    add(fronted, 'slow_close', { delay: '150ms' });
    const startedMs = nowMs();
    const client = new Client(fronted.address);
    await client.until('xxxxxxxxxx');
    const receivedMs = nowMs() - startedMs;
    await client.untilEnd();
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(149);
    expect(receivedMs).toBeLessThan(149);
  });
});

describe('timeout', () => {
  it('drops all data, and closes in order after its time', async () => {
    const fronted = await front('tcp', [await sender(10)]);
    add(fronted, 'timeout', { timeout: '120ms' });
    const startedMs = nowMs();
    const client = new Client(fronted.address);
    expect(await client.untilEnd()).toBe('');
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(119);
    expect(client.errorCode).toBeUndefined();
    client.end();
    await open(fronted);
    expect(effectOf(fronted, 'timeout')).toMatchObject({ touched: 1, delivered: { closes: 1, droppedBytes: 10 } });
  });

  it('of zero never ends by itself; taking it away closes connections that have lost data (C11)', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'timeout', {});
    const [loser, idle] = [new Client(fronted.address).send('lost'), new Client(fronted.address)];
    await until('the loss', () => effectOf(fronted, 'timeout').delivered.droppedBytes === 4);
    await until('both', () => fronted.proxy.counters('s')?.openConnections === 2);
    fronted.proxy.removeFilter('s', 'timeout');
    await loser.untilEnd();
    await idle.send('kept').until('kept');
    expect(fronted.events.at(-1)).toMatchObject({ type: 'fault.removed', fault: 'timeout' });
  });
});

describe('reset_peer', () => {
  it('resets live connections by a true RST (C8)', async () => {
    const fronted = await front('tcp', [await echo()]);
    const clients = Array.from({ length: 5 }, () => new Client(fronted.address).send('up'));
    await Promise.all(clients.map((client) => client.until('up')));
    add(fronted, 'reset_peer', {});
    for (const client of clients) client.send('x');
    await Promise.all(clients.map((client) => client.untilClosed()));
    expect(clients.map(({ errorCode }) => errorCode)).toEqual(Array(5).fill('ECONNRESET'));
  });

  it('at 0 % resets none (C16)', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'reset_peer', { percent: '0%' });
    for (let i = 0; i < 20; i++) {
      const client = new Client(fronted.address).send('x');
      await client.until('x');
      expect(client.errorCode).toBeUndefined();
      client.socket.destroy();
    }
  });

  it('that waits is taken away at once (C15), and what it held goes on', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'reset_peer', { timeout: '30s' });
    const client = new Client(fronted.address).send('held');
    await until('it to wait', () => effectOf(fronted, 'reset_peer').touched === 1);
    const startedMs = nowMs();
    fronted.proxy.removeFilter('s', 'reset_peer');
    expect(nowMs() - startedMs).toBeLessThan(10);
    await client.until('held');
  });
});

describe('slicer, limit_data, packet_loss and corrupt', () => {
  it('slicer cuts chunks into pieces, and loses nothing', async () => {
    const sizes: number[] = [];
    const upstream = await serve((socket) => {
      socket.on('data', (chunk) => sizes.push(chunk.length));
      socket.on('end', () => socket.end('done'));
    });
    const fronted = await front('tcp', [upstream]);
    add(fronted, 'slicer', { averageSize: '100B', sizeVariation: '20B', delay: '5ms', stream: 'upstream' });
    const client = new Client(fronted.address).end('y'.repeat(2000));
    await client.untilEnd();
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2000);
    expect(sizes.length).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBeLessThan(600);
  });

  it('limit_data passes so many bytes and closes; the count survives other parameters', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'limit_data', { bytes: '10B' });
    const client = new Client(fronted.address).send('123456');
    await client.until('123456');
    fronted.proxy.updateFilter('s', 'limit_data', { bytes: '12B' });
    client.send('7890123456');
    expect(await client.untilEnd()).toBe('123456789012');
  });

  it('packet_loss loses chunks for good', async () => {
    const fronted = await front('tcp', [await echo()]);
    add(fronted, 'packet_loss', { loss: '100%', stream: 'downstream' });
    const client = new Client(fronted.address).send('lost').end();
    expect(await client.untilEnd()).toBe('');
    expect(effectOf(fronted, 'packet_loss').delivered).toMatchObject({ droppedBytes: 4 });
  });

  it('corrupt changes bytes, the same ones for the same seed', async () => {
    const run = async (): Promise<string> => {
      const fronted = await front('tcp', [await sender(1000)]);
      add(fronted, 'corrupt', { bytes: '5%' });
      const text = await new Client(fronted.address).untilEnd();
      const changed = Number(effectOf(fronted, 'corrupt').delivered.changedBytes);
      expect(text.replaceAll('x', '').length).toBe(changed);
      return text;
    };
    const first = await run();
    expect(first.length).toBe(1000);
    expect(first).not.toBe('x'.repeat(1000));
    expect(await run()).toBe(first);
  });
});

describe('faults on many live connections', () => {
  it('are added, changed and taken away within 10 ms, and act on all', async () => {
    const fronted = await front('tcp', [await echo()]);
    const clients = Array.from({ length: 400 }, () => new Client(fronted.address).send('.'));
    await Promise.all(clients.map((client) => client.until('.')));
    const timed = (action: () => void): number => {
      const startedMs = nowMs();
      action();
      return nowMs() - startedMs;
    };
    const tookMs: number[][] = [];
    for (let round = 1; round <= 5; round++) {
      const id = `round ${round}`;
      const params = { delay: '30s', stream: 'downstream' };
      const added = timed(() => add(fronted, 'latency', params, id));
      const changed = timed(() => fronted.proxy.updateFilter('s', id, { ...params, delay: '40s' }));
      for (const client of clients) client.send(`${round}`);
      await until('all to be held', () => effectOf(fronted, id).touched === 400);
      tookMs.push([added, changed, timed(() => fronted.proxy.removeFilter('s', id))]);
      await Promise.all(clients.map((client) => client.until(`${round}`)));
    }
    // The best of five rounds: others use this machine as well.
    for (const i of [0, 1, 2]) expect(Math.min(...tookMs.map((times) => times[i] ?? Infinity))).toBeLessThan(10);
  });

  it('are in force on a stream of HTTP as well', async () => {
    const upstream = await serve((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
    );
    const fronted = await front('http', [upstream]);
    const client = new Client(fronted.address).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('ok');
    add(fronted, 'latency', { delay: '80ms', stream: 'both' });
    const startedMs = nowMs();
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('ok', 2);
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(159);
    fronted.proxy.removeFilter('s', 'latency');
    add(fronted, 'limit_data', { bytes: '20B' });
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await client.untilEnd()).split('ok').length).toBe(3);
  });
});
