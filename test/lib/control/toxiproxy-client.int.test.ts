import { describe, expect, it } from 'vitest';
import { Toxiproxy, type ICreateToxicBody, type ToxicAttributeTypes } from 'toxiproxy-node-client';
import { Client, LOOPBACK, serve } from '../proxy/harness.ts';
import { serveApi } from './api-harness.ts';

/** The client that most Node projects have: every call that it can make, against a real server behind the proxy. */

async function open() {
  const { url } = await serveApi();
  const { host, port } = await serve((socket) => void socket.pipe(socket));
  return { toxiproxy: new Toxiproxy(url), upstream: `${host}:${port}` };
}

function client(listen: string): Client {
  return new Client({ host: LOOPBACK, port: Number(listen.split(':').at(-1)) });
}

function toxicBody(
  type: ICreateToxicBody<unknown>['type'],
  attributes: ToxicAttributeTypes,
): ICreateToxicBody<ToxicAttributeTypes> {
  return { name: `my-${type}`, type, stream: 'downstream', toxicity: 1, attributes };
}

describe('toxiproxy-node-client', () => {
  it('reads the version', async () => {
    const { toxiproxy } = await open();
    expect(await toxiproxy.getVersion()).toBe('{"version": "9.8.7"}\n');
  });

  it('creates, gets, lists, updates and removes proxies', async () => {
    const { toxiproxy, upstream } = await open();
    const proxy = await toxiproxy.createProxy({ name: 'redis', listen: 'localhost:0', upstream });
    expect(proxy).toMatchObject({ name: 'redis', upstream, enabled: true });
    await client(proxy.listen).send('hello\n').until('hello');

    expect((await toxiproxy.get('redis')).toJson()).toEqual(proxy.toJson());
    expect(Object.keys(await toxiproxy.getAll())).toEqual(['redis']);

    const stopped = await proxy.update({ enabled: false, listen: proxy.listen, upstream });
    expect(stopped).toMatchObject({ enabled: false, listen: proxy.listen });
    const started = await proxy.update({ enabled: true, listen: proxy.listen, upstream });
    await client(started.listen).send('again\n').until('again');

    await proxy.remove();
    expect(await toxiproxy.getAll()).toEqual({});
    await expect(toxiproxy.get('redis')).rejects.toThrow('Request failed with status code 404');
  });

  it('populates and resets', async () => {
    const { toxiproxy, upstream } = await open();
    const proxies = await toxiproxy.populate([
      { name: 'one', listen: 'localhost:0', upstream },
      { name: 'two', listen: 'localhost:0', upstream, enabled: false },
    ]);
    expect(proxies.one).toMatchObject({ enabled: true, upstream });
    expect(proxies.two).toMatchObject({ enabled: false, listen: 'localhost:0' });
    await proxies.one!.addToxic(toxicBody('timeout', { timeout: 0 }));
    await toxiproxy.reset();
    const { one, two } = await toxiproxy.getAll();
    await client(one!.listen).send('hello\n').until('hello');
    await client(two!.listen).send('hello\n').until('hello');
    await expect(one!.getToxic('my-timeout')).rejects.toThrow('404');
  });

  it.each<[ICreateToxicBody<unknown>['type'], ToxicAttributeTypes]>([
    ['latency', { latency: 30, jitter: 0 }],
    ['bandwidth', { rate: 1000 }],
    ['slow_close', { delay: 1 }],
    ['timeout', { timeout: 10 }],
    ['slicer', { average_size: 2, size_variation: 1, delay: 10 }],
    ['limit_data', { bytes: 1000 }],
    ['reset_peer', { timeout: 10 }],
  ])('adds, gets, updates and removes %s', async (type, attributes) => {
    const { toxiproxy, upstream } = await open();
    const proxy = await toxiproxy.createProxy({ name: 'p', listen: 'localhost:0', upstream });
    const toxic = await proxy.addToxic(toxicBody(type, attributes));
    const shown = { name: `my-${type}`, type, stream: 'downstream', toxicity: 1, attributes };
    expect(toxic.toJson()).toEqual(shown);
    expect((await proxy.getToxic(`my-${type}`)).toJson()).toEqual(shown);
    const updated = await toxic.update({ ...toxicBody(type, attributes), toxicity: 0 });
    expect(updated.toJson()).toEqual({ ...shown, toxicity: 0 });
    await client(proxy.listen).send('hello\n').until('hello');
    await toxic.remove();
    await expect(proxy.getToxic(`my-${type}`)).rejects.toThrow('404');
    await client(proxy.listen).send('hello\n').until('hello');
  });

  it('sees latency that it asked for', async () => {
    const { toxiproxy, upstream } = await open();
    const proxy = await toxiproxy.createProxy({ name: 'p', listen: 'localhost:0', upstream });
    await proxy.addToxic(toxicBody('latency', { latency: 120, jitter: 0 }));
    const startedMs = performance.now();
    await client(proxy.listen).send('hello\n').until('hello');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(119);
  });

  it('is refused a toxic that is none', async () => {
    const { toxiproxy, upstream } = await open();
    const proxy = await toxiproxy.createProxy({ name: 'p', listen: 'localhost:0', upstream });
    await expect(proxy.addToxic(toxicBody('down', {}))).rejects.toThrow('Request failed with status code 400');
  });
});
