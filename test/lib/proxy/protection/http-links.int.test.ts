import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MAX_IDLE_MS } from '../../../../src/lib/proxy/engine/http1/link-pool.ts';
import { UNPROTECTED } from '../../../../src/lib/proxy/protection.ts';
import { until } from '../../../support/until.ts';
import { Client, front, nowMs, serve } from '../harness.ts';
import { endpoints, frontOf, type Endpoint } from './endpoints.ts';

/** How the clients of a listener share connections to a service. */

const GET = 'GET / HTTP/1.1\r\nHost: s\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const healthy = { id: 'a', weight: 1, isHealthy: true, inFlight: 0, healthySinceMs: -Infinity };

async function ask(client: Client, request = GET, times = 1): Promise<string> {
  return client.send(request).until('\r\n\r\n', times);
}

const connectionsOf = (list: readonly Endpoint[]): number[] => list.map(({ sockets }) => sockets.size);

describe('a connection to an endpoint', () => {
  it('serves one client after another', async () => {
    const list = await endpoints(3);
    const { address } = await frontOf(list);
    for (let i = 0; i < 12; i++) await ask(new Client(address));
    expect(list.map(({ requests }) => requests)).toEqual([4, 4, 4]);
    expect(connectionsOf(list)).toEqual([1, 1, 1]);
  });

  it('serves one client at a time', async () => {
    const waiting: (() => void)[] = [];
    const list = await endpoints(1, (_request, response) => void waiting.push(() => response.end('a')));
    const { address } = await frontOf(list);
    const clients = [1, 2, 3].map(() => new Client(address).send(GET));
    await until('all requests', () => waiting.length === 3);
    expect(connectionsOf(list)).toEqual([3]);
    for (const answer of waiting.splice(0)) answer();
    for (const client of clients) await client.until('\r\n\r\na');
    for (const client of clients) client.send(GET);
    await until('all requests', () => waiting.length === 3);
    expect(connectionsOf(list)).toEqual([3]);
  });

  it('gives a client that sends ahead its answers in order', async () => {
    const list = await endpoints(2, (request, response) => response.end(`<${request.url ?? ''}>`));
    const { address } = await frontOf(list);
    const paths = ['/1', '/2', '/3', '/4'];
    const client = new Client(address).send(paths.map((path) => GET.replace('/', path)).join(''));
    const text = await client.until('</4>');
    expect([...text.matchAll(/<([^>]*)>/g)].map(([, path]) => path)).toEqual(paths);
    expect(connectionsOf(list)).toEqual([1, 1]);
  });

  it('is not used again when its client went away before the answer was complete', async () => {
    const list = await endpoints(1, (request, response) => {
      if (request.url === '/whole') response.end('whole');
      else response.writeHead(200, { 'content-length': 10 }).write('half');
    });
    const { address } = await frontOf(list);
    const client = new Client(address).send(GET);
    await client.until('half');
    client.socket.resetAndDestroy();
    await until('its end', () => [...list[0]!.sockets].every(({ destroyed }) => destroyed));
    expect(await new Client(address).send('GET /whole HTTP/1.1\r\nHost: s\r\n\r\n').until('whole')).not.toContain(
      'half',
    );
    expect(connectionsOf(list)).toEqual([2]);
  });

  it('is not used again when the service sends more than its answer', async () => {
    let connections = 0;
    const service = await serve((socket) => {
      connections++;
      socket.on('data', () => socket.write(OK, () => setImmediate(() => socket.write('HTTP/1.1 408 Slow\r\n\r\n'))));
    });
    const { address } = await frontOf([{ ...healthy, ...service }]);
    for (let i = 1; i <= 3; i++) {
      const client = new Client(address).send(GET);
      await client.until('ok');
      client.end();
      await client.untilEnd();
      expect(client.text).toBe(OK);
    }
    expect(connections).toBeGreaterThan(1);
  });

  it('that became a tunnel ends with it', async () => {
    let connections = 0;
    const service = await serve((socket) => {
      connections++;
      socket.on('data', (chunk) => {
        const isUpgrade = chunk.toString().includes('Upgrade: x');
        socket.write(isUpgrade ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n' : OK);
      });
      socket.on('end', () => socket.end());
    });
    const { address } = await frontOf([{ ...healthy, ...service }]);
    await ask(new Client(address));
    const client = new Client(address);
    await ask(client, 'GET / HTTP/1.1\r\nHost: s\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    expect(connections).toBe(1);
    client.end();
    await client.untilEnd();
    await ask(new Client(address));
    expect(connections).toBe(2);
  });

  it.each([
    ['NTLM', 'GET / HTTP/1.1\r\nHost: s\r\nAuthorization: NTLM TlRMTVNTUAAB\r\n\r\n', OK],
    ['Negotiate', GET, `HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\n${OK.slice(OK.indexOf('Content'))}`],
  ])('that is authenticated by %s stays with its client', async (_, request, answer) => {
    const peers: number[] = [];
    let connections = 0;
    const service = await serve((socket) => {
      const own = ++connections;
      socket.on('data', () => {
        peers.push(own);
        socket.write(answer);
      });
    });
    const { address } = await frontOf([{ ...healthy, ...service }]);
    const [one, other] = [new Client(address), new Client(address)];
    await ask(one, request);
    await ask(other, request);
    await ask(one, request, 2);
    expect(peers).toEqual([1, 2, 1]);
  });

  it.each<[string, (endpoint: Endpoint) => void]>([
    ['drained', (endpoint) => (endpoint.weight = 0)],
    ['ill', (endpoint) => (endpoint.isHealthy = false)],
  ])('that waits is closed when the endpoint is %s', async (_, change) => {
    const list = await endpoints(3);
    const { address } = await frontOf(list);
    const client = new Client(address);
    for (let i = 1; i <= 3; i++) await ask(client, GET, i);
    change(list[0]!);
    await until('the end', () => [...list[0]!.sockets].every(({ destroyed }) => destroyed));
    for (let i = 4; i <= 9; i++) await ask(client, GET, i);
    expect(connectionsOf(list)).toEqual([1, 1, 1]);
  });

  it('that waits is closed on a reload', async () => {
    const list = await endpoints(1);
    const options = { protection: UNPROTECTED, destinations: () => list };
    const { address, proxy } = await front('http', list, undefined, options);
    const client = new Client(address);
    await ask(client);
    const fromMs = nowMs();
    proxy.redirect({ ...proxy.lookupService('s')!.options });
    await until('the end', () => [...list[0]!.sockets].every(({ destroyed }) => destroyed));
    expect(nowMs() - fromMs).toBeLessThan(MAX_IDLE_MS / 2);
    await ask(client, GET, 2);
    expect(connectionsOf(list)).toEqual([2]);
  });
});

it('keeps what a fault does to the bytes of one client from the others', async () => {
  const list = await endpoints(1);
  const { address, proxy } = await frontOf(list);
  proxy.addFilter({ service: 's', id: 'cut', kind: 'limit_data', params: { bytes: '60B', first: 1 }, seed: 1 });
  const hurt = new Client(address);
  await until('the first', () => proxy.counters('s')?.openConnections === 1);
  const other = new Client(address);
  await ask(other);
  hurt.send(GET);
  await hurt.untilEnd();
  await ask(other, GET, 2);
  expect(hurt.text.length).toBeLessThanOrEqual(60);
  expect(proxy.filterEffect('s', 'cut')).toMatchObject({ touched: 1 });
});

describe('a connection that the service closes just as it is used again', () => {
  /** A service that answers each connection once, and closes it when it is asked a second time. */
  async function impatient() {
    const asked: string[] = [];
    const service = await serve((socket) => {
      let isUsed = false;
      socket.on('data', (chunk) => {
        asked.push(chunk.toString('latin1'));
        if (isUsed) socket.destroy();
        else socket.write(OK);
        isUsed = true;
      });
    });
    return { asked, endpoint: { ...healthy, ...service } };
  }

  it.each([
    ['GET', ''],
    ['DELETE', ''],
    ['PUT', 'body'],
  ])('costs the client nothing: %s is sent again, on a new one', async (method, body) => {
    const { asked, endpoint } = await impatient();
    const { address, proxy } = await frontOf([endpoint]);
    // Two wait, and both would be closed.
    await Promise.all([ask(new Client(address)), ask(new Client(address))]);
    const request = `${method} / HTTP/1.1\r\nHost: s\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(await new Client(address).send(request).until('ok')).toBe(OK);
    expect(asked).toEqual([GET, GET, request, request]);
    expect(proxy.counters('s')).toMatchObject({ errors: 0 });
  });

  it('fails a POST, which may have been acted on and must not be repeated', async () => {
    const { asked, endpoint } = await impatient();
    const { address } = await frontOf([endpoint]);
    await ask(new Client(address));
    const post = 'POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 1\r\n\r\nx';
    expect(await ask(new Client(address), post)).toContain('x-faultline: upstream-closed\r\n');
    expect(asked).toEqual([GET, post]);
  });

  it('fails no POST when that is said to be repeatable', async () => {
    const { endpoint } = await impatient();
    const retries = { attempts: 2, statuses: [], alsoMethods: ['POST'], budget: {} };
    const { address } = await frontOf([endpoint], { retries });
    await ask(new Client(address));
    expect(await ask(new Client(address), 'POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 1\r\n\r\nx')).toBe(OK);
  });
});

it('gives every client its own answers while others leave in the middle and the service closes what is used again', async () => {
  const asked = new WeakMap<Socket, number>();
  // Answers come in two parts, and a connection is closed instead of the fifth.
  const list = await endpoints(3, ({ url = '', socket }, response) => {
    const times = (asked.get(socket) ?? 0) + 1;
    asked.set(socket, times);
    if (times === 5) socket.destroy();
    else {
      const number = url.slice(1);
      response.writeHead(200, { 'content-length': number.length + 2 }).write(`<${number}`);
      setTimeout(() => response.end('>'), Number(number) % 3);
    }
  });
  const { address } = await frontOf(list, { balance: { kind: 'least_request', key: undefined } });
  let number = 100;
  const run = async (): Promise<void> => {
    for (let visit = 0; visit < 4; visit++) {
      const client = new Client(address);
      for (let i = 0; i < 8; i++) {
        const own = ++number;
        const body = own % 2 === 0 ? 'body' : '';
        const method = body === '' ? 'GET' : 'PUT';
        client.send(`${method} /${own} HTTP/1.1\r\nHost: s\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        if (i === 7) break;
        expect((await client.until(`<${own}>`)).match(/<\d+>/g)).toHaveLength(i + 1);
      }
      // The last answer may be on its way.
      client.socket.resetAndDestroy();
    }
  };
  await Promise.all(Array.from({ length: 12 }, run));
  await until('no request', () => list.every(({ inFlight }) => inFlight === 0));
});
