import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openMetricsServer } from '../../../src/lib/control/metrics-server.ts';
import { Client, LOOPBACK } from '../proxy/harness.ts';

const ANY = { host: LOOPBACK, port: 0 };

async function open(text: () => string) {
  const server = await openMetricsServer(ANY, text);
  onTestFinished(() => server.close());
  return { server, url: `http://${server.address.host}:${server.address.port}` };
}

describe('the server of metrics', () => {
  it('makes them anew for each request, in the Prometheus text format', async () => {
    let scrapes = 0;
    const { url } = await open(() => `scrapes_total ${++scrapes}\n`);
    for (const count of [1, 2]) {
      const response = await fetch(`${url}/metrics?x=1`);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
      expect(await response.text()).toBe(`scrapes_total ${count}\n`);
    }
  });

  it.each<[method: string, path: string, status: number, body: string]>([
    ['GET', '/', 404, 'metrics are at /metrics\n'],
    ['GET', '/metrics/', 404, 'metrics are at /metrics\n'],
    ['POST', '/metrics', 405, 'only GET and HEAD\n'],
    ['HEAD', '/metrics', 200, ''],
  ])('answers %s %s with %i', async (method, path, status, body) => {
    const { url } = await open(() => 'a 1\n');
    const response = await fetch(url + path, { method });
    expect([response.status, await response.text()]).toEqual([status, body]);
    if (status === 405) expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('ends at once, whoever is still connected', async () => {
    const { server } = await open(() => '');
    const client = new Client(server.address).send('GET /met');
    await once(client.socket, 'connect');
    await server.close();
    await client.untilClosed();
  });

  it.each<[name: string, host: string, problem: RegExp]>([
    ['in use', LOOPBACK, /the address is in use$/],
    ['no address of this machine', '192.0.2.1', /EADDRNOTAVAIL/],
  ])('says why it cannot be had: %s', async (_, host, problem) => {
    const taken = createServer().listen(0, LOOPBACK);
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    await expect(openMetricsServer({ host, port }, () => '')).rejects.toMatchObject({
      exitName: 'usage',
      message: expect.stringMatching(problem) as string,
    });
  });
});
