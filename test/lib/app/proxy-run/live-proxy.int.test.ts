import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { OwnCa } from '../../../../src/lib/app/own-ca.ts';
import { LiveProxy } from '../../../../src/lib/app/proxy-run/live-proxy.ts';
import type { ProxyState } from '../../../../src/lib/app/proxy-changes.ts';
import { scenarioKinds } from '../../../../src/lib/app/open-scenario.ts';
import type { ProxyEvent } from '../../../../src/lib/events/proxy-events.ts';
import { openLocalCa } from '../../../../src/lib/proxy/local-ca.ts';
import { WatchedServices } from '../../../../src/lib/experiment/watched-services.ts';
import { openProxy, type Proxy } from '../../../../src/lib/proxy/proxy.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { loadProxyFile } from '../../../../src/lib/scenario/proxy-file.ts';
import { freePorts } from '../../../support/ports.ts';
import { temporaryDirectory } from '../../../support/temp.ts';
import { until } from '../../../support/until.ts';
import { Client, listenOn, LOOPBACK, serve } from '../../proxy/harness.ts';

interface Scene {
  readonly proxy: Proxy;
  readonly live: LiveProxy;
  readonly directory: string;
  readonly events: readonly ProxyEvent[];
  readonly stuck: readonly string[];
  /** Loads this text as a proxy file, and brings the proxy to it. */
  readonly change: (yaml: string) => Promise<number>;
}

function scene(): Scene {
  const directory = temporaryDirectory();
  const events: ProxyEvent[] = [];
  const stuck: string[] = [];
  const proxy = openProxy({ clock: realClock, onEvent: (event) => events.push(event) });
  const watched = new WatchedServices(realClock, (event) => events.push(event));
  const live = new LiveProxy({
    proxy,
    ca: new OwnCa(),
    watched,
    serveApi: () => Promise.reject(new Error('no API is configured here')),
    onStuck: (reason) => stuck.push(reason),
  });
  onTestFinished(() => live.close());
  const file = join(directory, 'faultline.yaml');
  const load = (yaml: string): ProxyState => {
    writeFileSync(file, `version: 1\n${yaml}`);
    const config = loadProxyFile(file, { kinds: scenarioKinds(), env: {} });
    return { ...config, seed: config.seed ?? 7 };
  };
  return { proxy, live, directory, events, stuck, change: (yaml) => live.change(load(yaml)) };
}

/** A TCP service that says who it is and then echoes. */
const serveNamed = (name: string) =>
  serve((socket) => {
    socket.write(`${name};`);
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end());
  });

const at = (port: number) => ({ host: LOOPBACK, port });

/** Whether somebody listens there. */
async function listens(port: number): Promise<boolean> {
  const client = new Client(at(port));
  await until('an answer', () => client.isClosed || client.errorCode !== undefined || !client.socket.connecting);
  client.socket.destroy();
  return client.errorCode === undefined;
}

const service = (name: string, listen: number, upstream: { port: number }, more = '') =>
  `  ${name}: { protocol: tcp, listen: "127.0.0.1:${listen}", endpoints: "127.0.0.1:${upstream.port}"${more} }\n`;
const faults = (list: string) => `, faults: [${list}]`;
const slow = (delay: string) => `{ fault: latency, id: slow, with: { delay: ${delay} } }`;

describe('a proxy that is brought into force', () => {
  it('opens all listeners and applies the faults of each', async () => {
    const { change, proxy, live } = scene();
    const [one, other, metrics] = (await freePorts(3)) as [number, number, number];
    const upstream = await serveNamed('up');
    const steps = await change(
      `metrics: ${metrics}\nservices:\n${service('a', one, upstream, faults(slow('1ms')))}${service('b', other, upstream)}`,
    );
    expect(steps).toBe(4);
    expect(proxy.services().map(({ service: name, filters }) => [name, filters.map(({ id }) => id)])).toEqual([
      ['a', ['slow']],
      ['b', []],
    ]);
    const response = await fetch(`http://127.0.0.1:${metrics}/metrics`);
    expect(await response.text()).toContain('faultline_fault_seen_total{listener="a",fault="slow",kind="latency"} 0');
    expect(live.metricsAddress).toEqual(at(metrics));
  });

  it.each(['a service', 'the metrics'])('opens nothing at all when %s cannot be had', async (which) => {
    const { change, proxy } = scene();
    const taken = createTcp().listen(0, LOOPBACK);
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    const [free, other] = (await freePorts(2)) as [number, number];
    const upstream = await serveNamed('up');
    const [metrics, second] = which === 'the metrics' ? [port, other] : [other, port];
    const changed = change(
      `metrics: ${metrics}\nservices:\n${service('a', free, upstream, faults(slow('1ms')))}${service('b', second, upstream)}`,
    );
    await expect(changed).rejects.toMatchObject({
      exitName: 'usage',
      message: expect.stringContaining('the address is in use') as string,
    });
    expect(proxy.services()).toEqual([]);
    expect(await Promise.all([free, other].map(listens))).toEqual([false, false]);
  });
});

describe('a change', () => {
  it('leaves alone what is the same: connections, counters, decisions', async () => {
    const { change, proxy, events } = scene();
    const [port] = (await freePorts(1)) as [number];
    const upstream = await serveNamed('up');
    await change(`services:\n${service('a', port, upstream, faults(slow('1ms')))}`);
    const client = new Client(at(port));
    await client.until('up;');
    const before = proxy.filterEffect('a', 'slow');
    const told = events.length;
    expect(await change(`services:\n${service('a', port, upstream, faults(slow('1ms')))}`)).toBe(0);
    expect(proxy.filterEffect('a', 'slow')).toMatchObject({ touched: before?.touched });
    expect(proxy.counters('a')).toMatchObject({ connections: 1, openConnections: 1 });
    expect(events.length).toBe(told);
    await client.send('x').until('x');
  });

  it('changes a fault in place: whom it has chosen stays chosen, and what it counts goes on', async () => {
    const { change, proxy } = scene();
    const [port] = (await freePorts(1)) as [number];
    const upstream = await serveNamed('up');
    await change(`services:\n${service('a', port, upstream, faults(slow('60s')))}`);
    const client = new Client(at(port));
    await until('the fault holds the greeting', () => proxy.filterEffect('a', 'slow')?.decisions.seen === 1);
    const { decisions } = proxy.filterEffect('a', 'slow')!;
    await change(`services:\n${service('a', port, upstream, faults(slow('1ms')))}`);
    await client.send('x').until('x');
    expect(proxy.filterEffect('a', 'slow')?.decisions).toEqual(decisions);
    expect(proxy.lookupService('a')?.filters).toMatchObject([{ id: 'slow', requested: { delayMs: 1 } }]);
  });

  it('sends new connections to other endpoints, and leaves the open ones where they are', async () => {
    const { change } = scene();
    const [port] = (await freePorts(1)) as [number];
    const [one, other] = [await serveNamed('one'), await serveNamed('other')];
    await change(`services:\n${service('a', port, one)}`);
    const before = new Client(at(port));
    await before.until('one;');
    await change(`services:\n${service('a', port, other)}`);
    await new Client(at(port)).until('other;');
    await before.send('still').until('one;still');
  });

  it('listens elsewhere, and open connections go on with their faults', async () => {
    const { change, proxy } = scene();
    const [port, next] = (await freePorts(2)) as [number, number];
    const upstream = await serveNamed('up');
    await change(`services:\n${service('a', port, upstream, faults(slow('1ms')))}`);
    const client = new Client(at(port));
    await client.until('up;');
    await change(`services:\n${service('a', next, upstream, faults(slow('1ms')))}`);
    expect(await Promise.all([port, next].map(listens))).toEqual([false, true]);
    const touched = proxy.filterEffect('a', 'slow')!.touched;
    await client.send('x').until('up;x');
    await new Client(at(next)).until('up;');
    expect(proxy.filterEffect('a', 'slow')!.touched).toBeGreaterThan(touched);
    expect(proxy.services()).toMatchObject([{ address: at(next), counters: { openConnections: 2 } }]);
  });

  it('lets two services change places', async () => {
    const { change } = scene();
    const [port, next] = (await freePorts(2)) as [number, number];
    const [one, other] = [await serveNamed('one'), await serveNamed('other')];
    await change(`services:\n${service('a', port, one)}${service('b', next, other)}`);
    await change(`services:\n${service('a', next, one)}${service('b', port, other)}`);
    await new Client(at(port)).until('other;');
    await new Client(at(next)).until('one;');
  });

  it('lets a service go: nobody gets in any more, and who is in goes on without the faults', async () => {
    const { change, proxy } = scene();
    const [port, next] = (await freePorts(2)) as [number, number];
    const upstream = await serveNamed('up');
    const other = service('b', next, upstream);
    await change(`services:\n${service('a', port, upstream, faults(slow('60s')))}${other}`);
    const client = new Client(at(port));
    await until('the fault holds the greeting', () => proxy.filterEffect('a', 'slow')?.decisions.seen === 1);
    await change(`services:\n${other}`);
    await client.until('up;');
    await client.send('x').until('up;x');
    expect(proxy.hasService('a')).toBe(false);
    expect(await listens(port)).toBe(false);
  });

  it('takes a service from bytes to datagrams and back', async () => {
    const { change, proxy } = scene();
    const [port] = (await freePorts(1)) as [number];
    const upstream = await serveNamed('up');
    const tcp = service('a', port, upstream, faults(slow('1ms')));
    await change(`services:\n${tcp}`);
    const udp = createSocket('udp4').bind(0, LOOPBACK);
    onTestFinished(() => void udp.close());
    await once(udp, 'listening');
    udp.on('message', (datagram, from) => udp.send(datagram, from.port, from.address));
    await change(`services:\n${service('a', port, udp.address(), faults(slow('1ms'))).replace('tcp', 'udp')}`);
    const client = createSocket('udp4');
    onTestFinished(() => void client.close());
    client.send('ping', port, LOOPBACK);
    const [answer] = (await once(client, 'message')) as [Buffer];
    expect(answer.toString()).toBe('ping');
    await change(`services:\n${tcp}`);
    await new Client(at(port)).until('up;');
    expect(proxy.services()).toMatchObject([{ protocol: 'tcp', filters: [{ id: 'slow' }] }]);
  });

  it('moves the metrics, and ends them', async () => {
    const { change, live } = scene();
    const [port, one, other] = (await freePorts(3)) as [number, number, number];
    const services = `services:\n${service('a', port, await serveNamed('up'))}`;
    await change(`metrics: ${one}\n${services}`);
    await change(`metrics: ${other}\n${services}`);
    expect(await Promise.all([one, other].map(listens))).toEqual([false, true]);
    await change(services);
    expect(await listens(other)).toBe(false);
    expect(live.metricsAddress).toBeUndefined();
  });

  it('shows renewed certificates under the same path to new clients', async () => {
    const { change, directory } = scene();
    const [port] = (await freePorts(1)) as [number];
    const server = createServer((_request, response) => response.end('ok'));
    onTestFinished(() => void server.close());
    const upstream = await listenOn(server);
    const renew = (): string => {
      const { cert, key } = openLocalCa(join(directory, 'ca'), realClock).certify('shop.test');
      writeFileSync(join(directory, 'web.pem'), cert);
      writeFileSync(join(directory, 'web.key'), key);
      return new X509Certificate(cert).serialNumber;
    };
    const serial = async (): Promise<string> => {
      const socket = connectTls({ ...at(port), servername: 'shop.test', rejectUnauthorized: false });
      onTestFinished(() => void socket.destroy());
      await once(socket, 'secureConnect');
      return socket.getPeerCertificate().serialNumber;
    };
    const yaml = `services: { a: { listen: "127.0.0.1:${port}", endpoints: "http://127.0.0.1:${upstream.port}", tls: { certificate: { cert: web.pem, key: web.key } } } }`;
    const first = renew();
    await change(yaml);
    expect(await serial()).toBe(first);
    const second = renew();
    expect(await serial()).toBe(first);
    expect(await change(yaml)).toBe(1);
    expect(await serial()).toBe(second);
  });

  it('certifies by our own authority, which is made for it', async () => {
    const { change, directory } = scene();
    vi.stubEnv('XDG_CONFIG_HOME', directory);
    onTestFinished(() => void vi.unstubAllEnvs());
    const [port] = (await freePorts(1)) as [number];
    const upstream = await serveNamed('up');
    await change(
      `services: { a: { listen: "127.0.0.1:${port}", endpoints: "127.0.0.1:${upstream.port}", tls: { certificate: local-ca } } }`,
    );
    const { certificatePem } = openLocalCa(join(directory, 'faultline', 'ca'), realClock);
    for (const servername of ['shop.test', undefined]) {
      const socket = connectTls({
        ...at(port),
        ca: certificatePem,
        ...(servername === undefined ? {} : { servername }),
      });
      onTestFinished(() => void socket.destroy());
      await once(socket, 'secureConnect');
      expect(socket.authorized).toBe(true);
    }
  });
});

describe('a change that cannot be', () => {
  async function refused(broken: (taken: number, free: readonly number[]) => string) {
    const made = scene();
    const taken = createTcp().listen(0, LOOPBACK);
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const free = (await freePorts(4)) as [number, number, number, number];
    const [one, other] = [await serveNamed('one'), await serveNamed('other')];
    const yaml = `metrics: ${free[2]}\nservices:\n${service('a', free[0], one, faults(slow('1ms')))}${service('b', free[1], other)}`;
    await made.change(yaml);
    const client = new Client(at(free[0]));
    await client.until('one;');
    const { port } = taken.address() as AddressInfo;
    const changed = made.change(
      broken(port, free).replaceAll('ONE', String(one.port)).replaceAll('OTHER', String(other.port)),
    );
    await expect(changed).rejects.toMatchObject({ exitName: 'usage' });
    return { ...made, free, client, yaml };
  }

  const changed = (name: string, listen: number, upstream: string, more = '') =>
    `  ${name}: { protocol: tcp, listen: "127.0.0.1:${listen}", endpoints: "127.0.0.1:${upstream}"${more} }\n`;

  it.each<[name: string, broken: (taken: number, free: readonly number[]) => string]>([
    [
      'a new service has no address, beside changed endpoints and faults',
      (taken, [a, b]) =>
        `services:\n${changed('a', a!, 'OTHER', faults(slow('5s')))}${changed('b', b!, 'ONE')}${changed('c', taken, 'ONE')}`,
    ],
    [
      'the second of two that move has no address',
      (taken, [, , , next]) => `services:\n${changed('a', next!, 'ONE')}${changed('b', taken, 'OTHER')}`,
    ],
    [
      'services change places, and a third has no address',
      (taken, [a, b]) =>
        `services:\n${changed('a', b!, 'ONE')}${changed('b', a!, 'OTHER')}${changed('c', taken, 'ONE')}`,
    ],
    [
      'a service gives its address to another, and is gone, and the metrics have none',
      (taken, [a]) => `metrics: ${taken}\nservices:\n${changed('c', a!, 'ONE')}`,
    ],
    [
      'datagrams take the place of bytes, and another has no address',
      (taken, [a, b]) =>
        `services:\n${changed('b', b!, 'OTHER')}${changed('a', a!, 'ONE').replace('tcp', 'udp')}${changed('c', taken, 'ONE')}`,
    ],
    [
      'a service goes where the metrics are, which go where nobody can',
      (taken, [, b, metrics]) =>
        `metrics: ${taken}\nservices:\n${changed('a', metrics!, 'ONE')}${changed('b', b!, 'OTHER')}`,
    ],
  ])('leaves everything as it was when %s', async (_, broken) => {
    const { proxy, free, client, change, yaml, stuck } = await refused(broken);
    expect(stuck).toEqual([]);
    expect(
      proxy
        .services()
        .map(({ service: name, address, filters }) => [name, address, filters.map(({ requested }) => requested)]),
    ).toEqual(
      expect.arrayContaining([
        ['a', at(free[0]), [expect.objectContaining({ delayMs: 1 })]],
        ['b', at(free[1]), []],
      ]),
    );
    expect(proxy.services()).toHaveLength(2);
    await new Client(at(free[0])).until('one;');
    await new Client(at(free[1])).until('other;');
    await client.send('x').until('one;x');
    expect((await fetch(`http://127.0.0.1:${free[2]}/metrics`)).status).toBe(200);
    expect(await change(yaml)).toBe(0);
  });

  it('tells what could not be put back', async () => {
    const { live, change, proxy, stuck } = scene();
    const [port, next] = (await freePorts(2)) as [number, number];
    const upstream = await serveNamed('up');
    await change(`services:\n${service('a', port, upstream)}`);
    const blocker = createTcp();
    onTestFinished(() => void blocker.close());
    // As soon as the address is free, somebody else takes it.
    const stop = proxy.stop.bind(proxy);
    vi.spyOn(proxy, 'stop').mockImplementation(async (name, open) => {
      await stop(name, open);
      blocker.listen(port, LOOPBACK);
      await once(blocker, 'listening');
    });
    const to = change(`services:\n${service('b', port, upstream)}${service('c', next, upstream)}`);
    await expect(to).rejects.toMatchObject({ message: expect.stringContaining('in use') as string });
    expect(stuck).toEqual([expect.stringContaining(`cannot listen on 127.0.0.1:${port}`)]);
    expect(live.metricsAddress).toBeUndefined();
  });
});

describe('the end of a proxy', () => {
  it('takes no more connections, and the faults away from those that are open', async () => {
    const { change, live, proxy } = scene();
    const [port] = (await freePorts(1)) as [number];
    await change(`services:\n${service('a', port, await serveNamed('up'), faults(slow('60s')))}`);
    const client = new Client(at(port));
    await until('the fault holds the greeting', () => proxy.filterEffect('a', 'slow')?.decisions.seen === 1);
    await live.stop();
    await client.until('up;');
    expect(await listens(port)).toBe(false);
    await client.send('x').until('up;x');
    await live.close();
    expect(proxy.services()).toEqual([]);
  });
});
