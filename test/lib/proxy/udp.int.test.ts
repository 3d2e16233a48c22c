import { createSocket, type Socket } from 'node:dgram';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Address } from '../../../src/lib/proxy/listen-options.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { until } from '../../support/until.ts';
import { front, LOOPBACK, nowMs, type Fronted } from './harness.ts';

/** A UDP service that echoes; what it received, in order. */
async function serveEcho(): Promise<{ readonly address: Address; readonly received: string[] }> {
  const socket = createSocket('udp4');
  const received: string[] = [];
  socket.on('message', (datagram, { port, address }) => {
    received.push(datagram.toString());
    socket.send(datagram, port, address);
  });
  onTestFinished(() => void socket.close());
  await bind(socket);
  const { address, port } = socket.address();
  return { address: { host: address, port }, received };
}

function bind(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.bind(0, LOOPBACK, resolve));
}

class Client {
  readonly received: string[] = [];
  readonly #socket = createSocket('udp4');
  readonly #address: Address;

  constructor({ address }: Fronted) {
    this.#address = address;
    this.#socket.on('message', (datagram) => this.received.push(datagram.toString()));
    onTestFinished(() => void this.#socket.close());
  }

  send(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.send(text, this.#address.port, this.#address.host, () => resolve());
    });
  }

  until(...texts: string[]): Promise<unknown> {
    return until(`${texts.join()}, but got ${this.received.join()}`, () => this.received.join() === texts.join());
  }
}

async function frontEcho(): Promise<Fronted & { readonly received: string[] }> {
  const { address, received } = await serveEcho();
  return { ...(await front('udp', [address])), received };
}

function add({ proxy }: Fronted, kind: string, params: unknown, id = kind): void {
  proxy.addFilter({ service: 's', id, kind, params, seed: 42 });
}

describe('datagrams through the proxy', () => {
  it('find their way to the service and back to whoever sent them', async () => {
    const echo = await frontEcho();
    const clients = Array.from({ length: 20 }, () => new Client(echo));
    for (const [i, client] of clients.entries()) await client.send(`from ${i}`);
    for (const [i, client] of clients.entries()) await client.until(`from ${i}`);
    expect(echo.proxy.counters('s')).toMatchObject({
      connections: 20,
      openConnections: 20,
      datagramsIn: 20,
      datagramsOut: 20,
      dialFailures: 0,
    });
  });

  it('to nobody are counted, and harm nothing', async () => {
    const probe = createSocket('udp4');
    await bind(probe);
    const { port } = probe.address();
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    const fronted = await front('udp', [{ host: LOOPBACK, port }]);
    const client = new Client(fronted);
    await until('the failure to be counted', async () => {
      await client.send('anybody?');
      return (fronted.proxy.counters('s')?.dialFailures ?? 0) > 0;
    });
  });
});

describe('faults on datagrams', () => {
  it('latency delays them, and lets go of what it holds when it is taken away', async () => {
    const echo = await frontEcho();
    const client = new Client(echo);
    add(echo, 'latency', { delay: '80ms' });
    const startedMs = nowMs();
    await client.send('a');
    await client.until('a');
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(79);
    echo.proxy.updateFilter('s', 'latency', { delay: '30s' });
    await client.send('b');
    await until('it to be held', () => echo.received.length === 2);
    await until('it to be held', () => echo.proxy.filterEffect('s', 'latency')?.touched === 2);
    echo.proxy.removeFilter('s', 'latency');
    await client.until('a', 'b');
    expect(nowMs() - startedMs).toBeLessThan(10_000);
  });

  it('packet_loss loses the very same ones for the same seed', async () => {
    const run = async (): Promise<string> => {
      const echo = await frontEcho();
      const client = new Client(echo);
      add(echo, 'packet_loss', { loss: '30%', stream: 'upstream' });
      for (let i = 0; i < 200; i++) {
        await client.send(`${i}`);
        if (i % 20 === 0) await realClock.sleep(1);
      }
      const lost = (): number => Number(echo.proxy.filterEffect('s', 'packet_loss')?.delivered.droppedDatagrams ?? 0);
      await until('all to be told apart', () => lost() + echo.received.length === 200);
      return echo.received.join();
    };
    const first = await run();
    expect(first.split(',').length).toBeGreaterThan(100);
    expect(first.split(',').length).toBeLessThan(180);
    expect(await run()).toBe(first);
  });

  it('duplicate sends copies', async () => {
    const echo = await frontEcho();
    const client = new Client(echo);
    add(echo, 'duplicate', { copies: 2, nth: 2 });
    for (const text of ['a', 'b', 'c']) {
      await client.send(text);
      await until('its answer', () => client.received.includes(text));
    }
    await until('the copies', () => client.received.length === 5);
    expect(client.received.join()).toBe('a,b,b,b,c');
    expect(echo.proxy.filterEffect('s', 'duplicate')).toMatchObject({ touched: 1, delivered: { duplicates: 2 } });
  });

  it('reorder lets later ones overtake', async () => {
    const echo = await frontEcho();
    const client = new Client(echo);
    add(echo, 'reorder', { gap: 2, delay: '10s', nth: 1, stream: 'upstream' });
    for (const text of ['a', 'b', 'c', 'd']) await client.send(text);
    await until('all', () => echo.received.length === 4);
    expect(echo.received.join()).toBe('b,c,a,d');
  });

  it('several act one after another, and a match on the source spares others', async () => {
    const echo = await frontEcho();
    const client = new Client(echo);
    add(echo, 'packet_loss', { loss: '100%', match: { source: '10.0.0.0/8' } });
    add(echo, 'duplicate', { stream: 'upstream' });
    add(echo, 'corrupt', { bytes: '100%', stream: 'downstream' });
    await client.send('aaaa');
    await until('two answers', () => client.received.length === 2);
    expect(echo.received).toEqual(['aaaa', 'aaaa']);
    expect(client.received.every((text) => text !== 'aaaa' && text.length === 4)).toBe(true);
    expect(echo.proxy.filterEffect('s', 'packet_loss')).toMatchObject({ touched: 0 });
  });

  it.each(['error', 'grpc_status', 'slow_close'])('%s makes no sense here, and is refused', async (kind) => {
    const echo = await frontEcho();
    expect(() => add(echo, kind, {})).toThrow(/udp/);
  });
});
