import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { openProxy } from '../../../src/lib/proxy/proxy.ts';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { isAlive } from '../../../src/lib/runtime/processes.ts';
import { until } from '../../support/until.ts';
import { Client, front, LOOPBACK, nowMs, serve } from './harness.ts';

const UPSTREAMS = [{ host: LOOPBACK, port: 9 }];
const ANY_PORT = { host: LOOPBACK, port: 0 };

async function failureOf(action: () => unknown): Promise<AppError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected an AppError');
}

function open(): ReturnType<typeof openProxy> {
  const proxy = openProxy({ clock: realClock });
  onTestFinished(() => proxy.close());
  return proxy;
}

describe('listening', () => {
  it('gives the address that was taken, and knows the service', async () => {
    const proxy = open();
    const address = await proxy.listen({ service: 'a', protocol: 'http', listen: ANY_PORT, upstreams: UPSTREAMS });
    expect(address.host).toBe(LOOPBACK);
    expect(address.port).toBeGreaterThan(0);
    expect([proxy.hasService('a'), proxy.hasService('b')]).toEqual([true, false]);
    expect(isAlive(proxy.owner)).toBe(true);
  });

  it('on an address in use names the service, the address and what to do', async () => {
    const taken = await serve(() => undefined);
    const proxy = open();
    const listen = { service: 'payments', protocol: 'tcp', listen: taken, upstreams: UPSTREAMS } as const;
    const error = await failureOf(() => proxy.listen(listen));
    expect(error.exitName).toBe('usage');
    expect(error.message).toBe(`service "payments" cannot listen on ${LOOPBACK}:${taken.port}: the address is in use`);
    expect(error.hint).toContain(`ss -ltnp "sport = :${taken.port}"`);
    expect(proxy.hasService('payments')).toBe(false);
  });

  it('on an address of another machine says so', async () => {
    const listen = { host: '192.0.2.1', port: 0 };
    const proxy = open();
    const error = await failureOf(() => proxy.listen({ service: 'a', protocol: 'tcp', listen, upstreams: UPSTREAMS }));
    expect(error.message).toContain('this machine has no such address');
  });

  it.each([
    [{ upstreams: [] }, 'has no endpoint'],
    [{ upstreams: [{ host: LOOPBACK, port: 0 }] }, 'impossible port 0'],
    [{ upstreams: [{ host: LOOPBACK, port: 70_000 }] }, 'impossible port 70000'],
    [{ listen: { host: LOOPBACK, port: 99_999 } }, 'cannot listen on port 99999'],
    [{ listen: { host: LOOPBACK, port: 9 } }, 'pass requests on to itself'],
  ])('refuses %j', async (change, message) => {
    const proxy = open();
    const options = { service: 'a', protocol: 'tcp', listen: ANY_PORT, upstreams: UPSTREAMS, ...change } as const;
    expect((await failureOf(() => proxy.listen(options))).message).toContain(message);
  });

  it('for one service twice is refused', async () => {
    const proxy = open();
    const options = { service: 'a', protocol: 'tcp', listen: ANY_PORT, upstreams: UPSTREAMS } as const;
    await proxy.listen(options);
    expect((await failureOf(() => proxy.listen(options))).message).toBe('service "a" has a listener already');
  });
});

describe('adding a filter', () => {
  it.each([
    ['x', 'latency', {}, 'no listener fronts service "x"'],
    ['web', 'latencyy', {}, 'there is no filter "latencyy"'],
    ['db', 'error', {}, 'error acts on auto and http traffic; "db" is tcp'],
    [
      'db',
      'abort',
      { match: { path: '/' } },
      '`match.path` looks at requests, and this acts on the bytes of connections',
    ],
    ['web', 'latency', { delayy: '1s' }, 'the parameters of latency are wrong'],
  ])('to %s of kind %s with %j is refused', async (service, kind, params, message) => {
    const proxy = open();
    await proxy.listen({ service: 'web', protocol: 'http', listen: ANY_PORT, upstreams: UPSTREAMS });
    await proxy.listen({ service: 'db', protocol: 'tcp', listen: ANY_PORT, upstreams: UPSTREAMS });
    const error = await failureOf(() => proxy.addFilter({ service, id: 'f', kind, params, seed: 1 }));
    expect(error.exitName).toBe('usage');
    expect(error.message).toContain(message);
    expect(proxy.hasFilter(service, 'f')).toBe(false);
    expect(proxy.filterEffect(service, 'f')).toBeUndefined();
  });

  it('names every parameter that is wrong', async () => {
    const proxy = open();
    await proxy.listen({ service: 'web', protocol: 'http', listen: ANY_PORT, upstreams: UPSTREAMS });
    const params = { delay: '-1s', jitterr: '1s', percent: '101%' };
    const error = await failureOf(() => proxy.addFilter({ service: 'web', id: 'f', kind: 'latency', params, seed: 1 }));
    expect(error.details.join('\n')).toMatch(/^delay: .*\npercent: .*\nparameters: .*"jitterr"/);
  });

  it('of the same name twice is refused while the first is in force', async () => {
    const { proxy } = await front('http', UPSTREAMS);
    const filter = { service: 's', id: 'f', kind: 'abort', params: {}, seed: 1 };
    proxy.addFilter(filter);
    expect((await failureOf(() => proxy.addFilter(filter))).message).toBe('service "s" has a filter "f" already');
    proxy.removeFilter('s', 'f');
    proxy.removeFilter('s', 'f');
    proxy.removeFilter('other', 'f');
    proxy.addFilter(filter);
    expect(proxy.hasFilter('s', 'f')).toBe(true);
  });

  it('that no request meets says so in its effect, also after its removal', async () => {
    const { proxy } = await front('http', UPSTREAMS);
    proxy.addFilter({ service: 's', id: 'f', kind: 'error', params: { percent: '50%' }, seed: 1 });
    proxy.removeFilter('s', 'f');
    expect(proxy.filterEffect('s', 'f')).toEqual({
      touched: 0,
      requested: { status: 503, percent: 50 },
      delivered: { percent: 0 },
      decisions: { seen: 0, hit: 0, digest: '00000000000000' },
      note: 'no request reached the service while the fault was in force',
    });
  });
});

describe('closing', () => {
  it('resets what is left, held requests included, and frees the port', async () => {
    const upstream = await serve((socket) => socket.on('data', () => undefined));
    const { proxy, address } = await front('http', [upstream]);
    const waiting = new Client(address).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('the request', () => proxy.counters('s')?.inFlight === 1);
    proxy.addFilter({ service: 's', id: 'f', kind: 'latency', params: { delay: '1m' }, seed: 1 });
    const held = new Client(address).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const idle = new Client(address);
    await until('the second request', () => proxy.filterEffect('s', 'f')?.touched === 1);
    await until('all connections', () => proxy.counters('s')?.connections === 3);
    const startedMs = nowMs();
    await proxy.close();
    expect(nowMs() - startedMs).toBeLessThan(500);
    for (const client of [waiting, held, idle]) {
      await client.untilClosed();
      expect(client.errorCode).toBe('ECONNRESET');
    }
    expect(proxy.hasService('s')).toBe(false);
    expect(proxy.filterEffect('s', 'f')?.touched).toBe(1);
    const again = createServer();
    onTestFinished(() => void again.close());
    again.listen(address.port, LOOPBACK);
    await until('the port', () => again.listening);
  });
});

describe('a thousand connections that come, stall, break and end, while filters change', () => {
  const COUNT = 1000;

  it.each(['http', 'tcp'] as const)('leave nothing behind (%s)', async (protocol) => {
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    process.on('uncaughtExceptionMonitor', onError);
    onTestFinished(() => void process.off('uncaughtExceptionMonitor', onError));
    let turn = 0;
    const upstream = await serve((socket) => {
      const fate = hashFraction('upstream', turn++);
      if (fate < 0.1) socket.resetAndDestroy();
      else if (fate < 0.2) socket.resume().end();
      else if (fate < 0.3) socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
      else if (fate < 0.4) {
        socket.pause();
        realClock.after(1000, () => socket.destroy());
      } else socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      socket.on('end', () => socket.end());
    });
    const { proxy, address } = await front(protocol, [upstream], 500);
    const before = socketCount();
    let alive = 0;
    for (let i = 0; i < COUNT; i++) {
      changeFilters(proxy, i, protocol);
      const client = new Client(address);
      alive++;
      client.socket.on('close', () => alive--);
      const fate = hashFraction('client', i);
      client.send(
        fate < 0.5 ? 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' : 'POST / HTTP/1.1\r\nContent-Length: 90\r\n\r\nabc',
      );
      const endClient = (): void => {
        if (fate < 0.3) client.socket.resetAndDestroy();
        else if (fate < 0.6) client.socket.destroy();
        else client.end();
      };
      realClock.after(hashFraction('stay', i) * 60, endClient);
      realClock.after(1500, () => client.socket.destroy());
      while (alive > 100) await realClock.sleep(1);
    }
    await until('all connections to be forgotten', () => proxy.counters('s')?.openConnections === 0, 15_000);
    await until('all sockets to be closed', () => socketCount() <= before, 15_000);
    expect(proxy.counters('s')).toMatchObject({ connections: COUNT, inFlight: 0 });
    expect(errors).toEqual([]);
  });
});

/** Adds or removes one of three filters, as the dice of the step say. */
function changeFilters(proxy: ReturnType<typeof openProxy>, step: number, protocol: 'http' | 'tcp'): void {
  const kinds = protocol === 'http' ? (['latency', 'error', 'abort'] as const) : (['latency', 'abort'] as const);
  const kind = kinds[Math.floor(hashFraction('kind', step) * kinds.length)]!;
  if (proxy.hasFilter('s', kind)) proxy.removeFilter('s', kind);
  else {
    const params = kind === 'latency' ? { delay: '20ms', jitter: '20ms' } : { percent: '30%' };
    proxy.addFilter({ service: 's', id: kind, kind, params, seed: step });
  }
}

function socketCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
