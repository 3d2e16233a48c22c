import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { Client, LOOPBACK, serve } from '../proxy/harness.ts';
import { serveApi, type Served } from './api-harness.ts';

/** What breaks Toxiproxy, asked of this API. */

const DATA = `${'x'.repeat(3999)}\n`;
/** An answer that waits for nothing comes within 10 ms on an idle machine; a machine that is busy with other tests gets more. */
const AT_ONCE_MS = 500;

async function open(options: Parameters<typeof serveApi>[0] = {}): Promise<Served & { connect: () => Client }> {
  const served = await serveApi(options);
  const { host, port } = await serve((socket) => void socket.pipe(socket));
  const { body } = await served.call('POST', '/proxies', {
    name: 'p',
    listen: '127.0.0.1:0',
    upstream: `${host}:${port}`,
  });
  const address = { host: LOOPBACK, port: Number((JSON.parse(body) as { listen: string }).listen.split(':')[1]) };
  return { ...served, connect: () => new Client(address) };
}

/** Waits until the metrics show it. */
async function metric(call: Served['call'], line: RegExp): Promise<void> {
  await until(String(line), async () => line.test((await call('GET', '/metrics')).body));
}

/** Toxics that kill Toxiproxy, or stall it for ever, once data comes. */
const DEADLY: readonly [toxic: object | string, field: string][] = [
  [{ type: 'slicer' }, 'attributes.average_size'],
  [{ type: 'bandwidth', attributes: { rate: -1 } }, 'attributes.rate'],
  [{ type: 'bandwidth' }, 'attributes.rate'],
  [{ type: 'slicer', attributes: { average_size: 2, size_variation: 50 } }, 'attributes.size_variation'],
  ['{"type":"latency","attributes":{"jitter":4611686018427387905}}', 'attributes.jitter'],
  [{ type: 'slicer', attributes: { average_size: 1, size_variation: -5 } }, 'attributes.size_variation'],
  [{ type: 'latency', toxicity: 7 }, 'toxicity'],
  [{ type: 'latency', toxicity: -1 }, 'toxicity'],
  [{ type: 'latency', attributes: { latency: -100 } }, 'attributes.latency'],
  [{ type: 'latency', attributes: { latencyy: 100 } }, '"latencyy"'],
];

describe('a toxic that nobody can mean', () => {
  it.each(DEADLY)('%j is refused, and the field is named', async (toxic, field) => {
    const { call } = await open();
    const { status, body } = await call('POST', '/proxies/p/toxics', toxic);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({ status: 400, error: expect.stringContaining(field) as string });
    expect((await call('GET', '/proxies/p/toxics')).body).toBe('[]');
  });

  it.each(DEADLY)('%j does no harm when leniency takes it', async (toxic) => {
    const { call, connect, notes } = await open({ lenient: true });
    expect((await call('POST', '/proxies/p/toxics', toxic)).status).toBe(200);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^POST \/proxies\/p\/toxics: /);
    const client = connect().send(DATA);
    if (!JSON.stringify(toxic).includes('bandwidth') && !JSON.stringify(toxic).includes('jitter'))
      await client.until(DATA);
    // What stalls, goes on when the toxic is taken away.
    await call('POST', '/reset');
    await client.until(DATA);
    await connect().send('alive\n').until('alive');
  });
});

describe('bandwidth with a rate of 0', () => {
  it('cuts the line, and what is held goes on when it is taken away', async () => {
    const { call, connect } = await open();
    expect((await call('POST', '/proxies/p/toxics', { type: 'bandwidth', attributes: { rate: 0 } })).status).toBe(200);
    const client = connect().send('held\n');
    await metric(call, /proxy_received_bytes_total\{direction="downstream",proxy="p".*\} 5$/m);
    expect(client.text).toBe('');
    await call('DELETE', '/proxies/p/toxics/bandwidth_downstream');
    await client.until('held');
  });
});

describe('an update with the same value', () => {
  it('decides the same about a live connection', async () => {
    const { call, connect, events } = await open({ seed: 7 });
    await call('POST', '/proxies/p/toxics', { type: 'latency', toxicity: 0.5, attributes: { latency: 150 } });
    const clients = Array.from({ length: 6 }, connect);
    const decide = async (): Promise<boolean[]> => {
      const took = clients.map(async (client, i) => {
        const startedMs = performance.now();
        const before = client.text.length;
        client.send(`${i}\n`);
        await until('the echo', () => client.text.length > before);
        return performance.now() - startedMs >= 149;
      });
      return Promise.all(took);
    };
    const first = await decide();
    expect(new Set(first).size, 'some are hit and some are not').toBe(2);
    for (let i = 0; i < 5; i++) {
      await call('PATCH', '/proxies/p/toxics/latency_downstream', { toxicity: 0.5 });
      expect(await decide()).toEqual(first);
    }
    expect(events.filter(({ type }) => type === 'fault.changed')).toHaveLength(5);
  });

  it('with the same seed, another process decides the same', async () => {
    const decisions: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const { call, connect, events } = await open({ seed: 99 });
      await call('POST', '/proxies/p/toxics', { type: 'latency', toxicity: 0.5, attributes: { latency: 1 } });
      for (let k = 0; k < 20; k++) await connect().send(`${k}\n`).until(`${k}`);
      await call('DELETE', '/proxies/p/toxics/latency_downstream');
      const removed = events.find((event) => event.type === 'fault.removed');
      decisions.push(removed?.type === 'fault.removed' ? removed.effect.decisions : undefined);
    }
    expect(decisions[0]).toMatchObject({ seen: 20 });
    expect(decisions[0]).toEqual(decisions[1]);
  });
});

describe('taking a timeout away', () => {
  it('closes the connections whose data is lost, and the event says how much was', async () => {
    const { call, connect, events } = await open();
    await call('POST', '/proxies/p/toxics', { type: 'timeout', attributes: { timeout: 0 } });
    const client = connect().send('lost\n');
    await metric(call, /deed="droppedBytes"\} 5$/m);
    expect((await call('DELETE', '/proxies/p/toxics/timeout_downstream')).status).toBe(204);
    await client.untilEnd();
    expect(events.find(({ type }) => type === 'fault.removed')).toMatchObject({
      fault: 'timeout_downstream',
      effect: { touched: 1, delivered: { droppedBytes: 5 } },
    });
  });
});

describe('a fault that sleeps', () => {
  it.each([
    ['reset_peer', { timeout: 6000 }],
    ['latency', { latency: 60_000 }],
    ['bandwidth', { rate: 0 }],
    ['slow_close', { delay: 60_000 }],
    ['timeout', { timeout: 60_000 }],
    ['slicer', { average_size: 1, delay: 1_000_000 }],
  ])('%s %j holds up neither its own DELETE nor anybody’s GET', async (type, attributes) => {
    const { call, connect } = await open();
    await call('POST', '/proxies/p/toxics', { type, attributes });
    const clients = Array.from({ length: 20 }, () => connect().end('sleeping\n'));
    await metric(call, /fault_hit_total\{.*\} 20$/m);
    const [list, removed, again] = await Promise.all([
      call('GET', '/proxies'),
      call('DELETE', `/proxies/p/toxics/${type}_downstream`),
      call('GET', '/proxies'),
    ]);
    expect([list.status, removed.status, again.status]).toEqual([200, 204, 200]);
    expect(Math.max(list.tookMs, removed.tookMs, again.tookMs)).toBeLessThan(AT_ONCE_MS);
    await Promise.all(clients.map((client) => client.untilClosed()));
  });
});
