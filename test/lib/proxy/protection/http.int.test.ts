import { describe, expect, it } from 'vitest';
import type { Address, ListenOptions } from '../../../../src/lib/proxy/listen-options.ts';
import { UNPROTECTED } from '../../../../src/lib/proxy/protection.ts';
import { until } from '../../../support/until.ts';
import { Client, front, LOOPBACK, serve } from '../harness.ts';
import { endpoints, frontOf, get, type Endpoint, type Handler } from './endpoints.ts';

async function many(address: Address, count: number): Promise<string> {
  const client = new Client(address);
  let texts = '';
  for (let i = 0; i < count; i++) {
    client.send('GET / HTTP/1.1\r\nHost: s\r\n\r\n');
    texts = await client.until('HTTP/1.1 200', i + 1);
    await until('the body', () => bodies(client.text).length > i);
  }
  return bodies(texts.length > client.text.length ? texts : client.text);
}

function bodies(text: string): string {
  return [...text.matchAll(/\r\n\r\n(?:1\r\n)?([a-z])/g)].map(([, letter]) => letter).join('');
}

const refuse: Handler = (_request, response) => void response.writeHead(503).end('no');

describe('balancing by request', () => {
  it('sends the requests of one connection to all endpoints in turn, over one connection to each', async () => {
    const list = await endpoints(3);
    const { address } = await frontOf(list);
    expect(await many(address, 9)).toMatch(/^(?=(.{3})\1\1$)(?!.*(.).?\2.{6})/);
    expect(list.map(({ requests }) => requests)).toEqual([3, 3, 3]);
    expect(list.map(({ sockets }) => sockets.size)).toEqual([1, 1, 1]);
    expect(list.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });

  it('sends nothing to an endpoint that is unhealthy, and something again once it is not', async () => {
    const list = await endpoints(3);
    const { address } = await frontOf(list);
    list[1]!.isHealthy = false;
    await many(address, 6);
    expect(list.map(({ requests }) => requests)).toEqual([3, 0, 3]);
    list[1]!.isHealthy = true;
    await many(address, 6);
    expect(list[1]!.requests).toBe(2);
  });

  it('ignores health when too few are healthy, and tells so', async () => {
    const list = await endpoints(3);
    const { address, events } = await frontOf(list);
    for (const ill of list.slice(1)) ill.isHealthy = false;
    await many(address, 6);
    expect(list.map(({ requests }) => requests)).toEqual([2, 2, 2]);
    list[1]!.isHealthy = true;
    await many(address, 2);
    expect(events.filter(({ type }) => type.startsWith('panic.'))).toMatchObject([
      { type: 'panic.entered', service: 's', healthy: 1, endpoints: 3, thresholdRatio: 0.5 },
      { type: 'panic.left', healthy: 2 },
    ]);
  });

  it('sends where least is under way', async () => {
    const list = await endpoints(3);
    const waiting: (() => void)[] = [];
    list[0]!.handler = (_request, response) => void waiting.push(() => response.end('a'));
    const { address } = await frontOf(list, { balance: { kind: 'least_request', key: undefined } });
    const answers = [];
    for (let i = 0; i < 9; i++) {
      answers.push(get(address));
      await until('the request', () => list.reduce((sum, { requests }) => sum + requests, 0) > i);
      if (waiting.length === 0) await answers.at(-1);
    }
    expect(list[0]!.requests).toBe(1);
    expect(list[0]!.inFlight).toBe(1);
    for (const answer of waiting) answer();
    await Promise.all(answers);
    await until('all counts at 0', () => list.every(({ inFlight }) => inFlight === 0));
  });

  it('keeps the requests of one header value together', async () => {
    const list = await endpoints(5);
    const balance = { kind: 'consistent_hash', key: { by: 'header', header: 'x-user' } } as const;
    const { address } = await frontOf(list, { balance });
    const seen = new Set<string>();
    for (const user of ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal']) {
      const texts = new Set<string>();
      for (let i = 0; i < 3; i++) texts.add((await get(address, '/', { headers: { 'x-user': user } })).text);
      expect(texts.size).toBe(1);
      for (const text of texts) seen.add(text);
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  it('answers 503 when there is no endpoint', async () => {
    const list = await endpoints(1);
    list[0]!.weight = 0;
    const { address } = await frontOf(list);
    const { status, headers } = await get(address);
    expect([status, headers.get('x-faultline')]).toEqual([503, 'no-endpoint']);
  });

  it('counts a tunnel as under way until it ends', async () => {
    const service = await serve((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      );
    });
    const endpoint = { ...service, id: 'a', weight: 1, isHealthy: true, inFlight: 0, healthySinceMs: -Infinity };
    const { address } = await frontOf([endpoint]);
    const client = new Client(address).send('GET / HTTP/1.1\r\nHost: s\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    await client.until('101');
    expect(endpoint.inFlight).toBe(1);
    client.socket.resetAndDestroy();
    await until('the count at 0', () => endpoint.inFlight === 0);
  });

  it('counts connections where it sees no requests', async () => {
    const service = await serve((socket) => void socket.on('data', (chunk) => socket.write(chunk)));
    const endpoint = { ...service, id: 'a', weight: 1, isHealthy: true, inFlight: 0, healthySinceMs: -Infinity };
    const options = { protection: UNPROTECTED, destinations: () => [endpoint] };
    const { address } = await front('tcp', [service], undefined, options);
    const client = new Client(address).send('hi');
    await client.until('hi');
    expect(endpoint.inFlight).toBe(1);
    client.socket.resetAndDestroy();
    await until('the count at 0', () => endpoint.inFlight === 0);
  });
});

it('closes a raw connection when there is no endpoint', async () => {
  const list = await endpoints(1);
  list[0]!.weight = 0;
  const { address, proxy } = await front('tcp', list, undefined, { protection: UNPROTECTED, destinations: () => list });
  const client = new Client(address).send('hi');
  await client.untilClosed();
  expect(proxy.counters('s')).toMatchObject({ dialFailures: 1, openConnections: 0 });
});

describe('retries', () => {
  const retries = { attempts: 3, statuses: [503], alsoMethods: [], budget: {} };

  it('go to another endpoint when one cannot be reached', async () => {
    const list = await endpoints(2);
    const gone = { ...list[0]!, id: 'x', port: 9, inFlight: 0 };
    const all = [gone, ...list];
    const { address } = await frontOf(all, { retries });
    for (let i = 0; i < 9; i++) expect((await get(address)).status).toBe(200);
    expect(all.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });

  it('go to another endpoint when one does not begin to answer in the time of one try', async () => {
    const list = await endpoints(2);
    list[0]!.handler = () => undefined;
    const { address } = await frontOf(list, { retries: { ...retries, tryTimeoutMs: 50 }, timeoutMs: 5000 });
    for (let i = 0; i < 4; i++) expect((await get(address)).text).toBe('b');
    expect(list[0]!.requests).toBeGreaterThan(0);
    expect(list.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
  });

  it('leave an answer that has begun its time, and a request that must not be repeated', async () => {
    const list = await endpoints(2);
    list[0]!.handler = (request, response) => {
      if (request.method === 'GET') response.write('slow');
      setTimeout(() => response.end('ly'), 150);
    };
    const { address } = await frontOf([list[0]!], { retries: { ...retries, tryTimeoutMs: 40 } });
    expect((await get(address)).text).toBe('slowly');
    expect((await get(address, '/', { method: 'POST', body: 'x' })).text).toBe('ly');
    expect(list[0]!.requests).toBe(2);
  });

  it('go to another endpoint when an answer is one to try again', async () => {
    const list = await endpoints(3);
    list[0]!.handler = refuse;
    const { address } = await frontOf(list, { retries });
    for (let i = 0; i < 9; i++) expect((await get(address)).status).toBe(200);
    expect(list[0]!.requests).toBeGreaterThan(0);
  });

  it('go to another endpoint when one closes before it answers', async () => {
    const list = await endpoints(2);
    list[0]!.handler = (request) => void request.socket.destroy();
    const { address } = await frontOf(list, { retries });
    for (let i = 0; i < 6; i++) expect((await get(address)).status).toBe(200);
  });

  it('end after so many attempts, with the last answer', async () => {
    const list = await endpoints(5, refuse);
    const { address } = await frontOf(list, { retries });
    expect(await get(address)).toMatchObject({ status: 503, text: 'no' });
    expect(list.reduce((sum, { requests }) => sum + requests, 0)).toBe(3);
  });

  it('do not happen for a method that is not idempotent', async () => {
    const list = await endpoints(2, refuse);
    const { address } = await frontOf(list, { retries });
    expect((await get(address, '/', { method: 'POST' })).status).toBe(503);
    expect(list.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
  });

  /** Answers with what it was sent. */
  const echo: Handler = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(Buffer.concat(chunks)));
  };
  const short = 'x'.repeat(65_536);
  const streamed = (text: string): ReadableStream => new Blob([text]).stream();

  it.each<[string, Handler]>([
    ['refuses it', (request, response) => void request.resume().on('end', () => refuse(request, response))],
    ['refuses it before it has come whole', refuse],
    ['closes before it answers', (request) => void request.once('data', () => request.socket.destroy())],
  ])('send a short body whole to another endpoint when one %s', async (_, fail) => {
    const list = await endpoints(2, echo);
    list[0]!.handler = fail;
    const { address } = await frontOf(list, { retries });
    const shorter = short.slice(0, 60_000);
    for (const init of [{ body: short }, { body: short }, { body: streamed(shorter), duplex: 'half' } as const]) {
      const { status, text } = await get(address, '/', { method: 'PUT', ...init });
      expect([status, text === short || text === shorter]).toEqual([200, true]);
    }
    expect(list[0]!.requests).toBeGreaterThan(0);
  });

  it('send a short body to another endpoint when one cannot be reached', async () => {
    const list = await endpoints(1, echo);
    const gone = { ...list[0]!, id: 'x', port: 9, inFlight: 0 };
    const { address } = await frontOf([gone, ...list], { retries });
    for (let i = 0; i < 4; i++) expect((await get(address, '/', { method: 'DELETE', body: 'why' })).text).toBe('why');
  });

  it('send a body of a method that is said to be repeatable', async () => {
    const list = await endpoints(2, echo);
    list[0]!.handler = refuse;
    const { address } = await frontOf(list, { retries: { ...retries, alsoMethods: ['POST'] } });
    for (let i = 0; i < 2; i++) expect((await get(address, '/', { method: 'POST', body: 'pay' })).text).toBe('pay');
  });

  it.each<[string, RequestInit]>([
    ['of a known length', { body: `${short}x` }],
    ['in chunks', { body: streamed(`${short}x`), duplex: 'half' }],
  ])('do not happen for a body that is too long, %s', async (_, init) => {
    const list = await endpoints(
      2,
      (request, response) => void request.resume().on('end', () => refuse(request, response)),
    );
    const { address } = await frontOf(list, { retries });
    expect((await get(address, '/', { method: 'PUT', ...init })).status).toBe(503);
    expect(list.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
  });

  it('happen for a long body of which nothing has come', async () => {
    const list = await endpoints(2, echo);
    list[0]!.handler = refuse;
    const { address } = await frontOf(list, { retries });
    for (let i = 0; i < 2; i++) {
      const client = new Client(address).send(`PUT / HTTP/1.1\r\nHost: s\r\nContent-Length: 65537\r\n\r\n`);
      await until('the request', () => list[1]!.requests > i);
      client.send(`${short}!`);
      await client.until('x!');
    }
  });

  it('stop when their budget is used up', async () => {
    const list = await endpoints(2, refuse);
    const budget = { ratioPercent: 0, minRetriesPerSecond: 1, windowMs: 2000 };
    const { address } = await frontOf(list, { retries: { ...retries, budget } });
    for (let i = 0; i < 10; i++) await get(address);
    expect(list.reduce((sum, { requests }) => sum + requests, 0)).toBe(12);
  });
});

describe('a breaker', () => {
  const rule = { per: 'service', consecutiveFailures: 5, openMs: 300, trials: 2 } as const;

  it('opens with the sixth failure, sends nothing on while open, and closes after its trials', async () => {
    const list = await endpoints(1, refuse);
    const { address, events } = await frontOf(list, { breaker: rule });
    for (let i = 0; i < 6; i++) expect((await get(address)).text).toBe('no');
    const { status, headers } = await get(address);
    expect([status, headers.get('x-faultline'), headers.get('retry-after')]).toEqual([503, 'breaker-open', '1']);
    expect(list[0]!.requests).toBe(6);
    list[0]!.handler = (_request, response) => void response.end('fine');
    await until('an answer', async () => (await get(address)).status === 200);
    await until('an answer', async () => (await get(address)).status === 200);
    expect(events.filter(({ type }) => type === 'breaker.changed')).toMatchObject([
      { service: 's', from: 'closed', to: 'open', reason: 'consecutive-failures', counts: { consecutive: 6 } },
      { from: 'open', to: 'half-open' },
      { from: 'half-open', to: 'closed', reason: 'trials-succeeded' },
    ]);
  });

  it('of an endpoint sends its requests to the others', async () => {
    const list = await endpoints(3);
    list[0]!.handler = refuse;
    const { address } = await frontOf(list, { breaker: { ...rule, per: 'endpoint', openMs: 60_000 } });
    const statuses: number[] = [];
    for (let i = 0; i < 60; i++) statuses.push((await get(address)).status);
    expect(list[0]!.requests).toBe(6);
    expect(statuses.slice(-30).every((status) => status === 200)).toBe(true);
  });

  it('of an endpoint is looked at when the first request comes, not when its connection was begun', async () => {
    const list = await endpoints(2);
    const breaker = { ...rule, per: 'endpoint', consecutiveFailures: 0, openMs: 60_000 } as const;
    const options = { protection: { ...UNPROTECTED, breaker }, destinations: () => list };
    const { address } = await front('auto', list, undefined, options);
    const early = [new Client(address), new Client(address)];
    await until('both begun', () => list.every(({ sockets }) => sockets.size > 0));
    list[0]!.handler = refuse;
    await get(address);
    await get(address);
    for (const client of early) {
      client.send('GET / HTTP/1.1\r\nHost: s\r\n\r\n');
      expect(await client.until('HTTP/1.1')).toContain('HTTP/1.1 200');
    }
  });

  it('does not count a client that gives up', async () => {
    const list = await endpoints(1, () => undefined);
    const { address, events } = await frontOf(list, { breaker: { ...rule, trials: 1 } });
    for (let i = 0; i < 8; i++) {
      const before = list[0]!.requests;
      const client = new Client(address).send('GET / HTTP/1.1\r\nHost: s\r\n\r\n');
      await until('the request', () => list[0]!.requests > before);
      client.socket.resetAndDestroy();
      await until('its end', () => list[0]!.inFlight === 0);
    }
    expect(events.some(({ type }) => type === 'breaker.changed')).toBe(false);
  });
});

describe('a rate limit', () => {
  it('answers 429 with when to come back, counts by what it is told to, and tells when it begins', async () => {
    const list = await endpoints(1);
    const limit = {
      name: 'users',
      ratePerSecond: 0.01,
      burst: 2,
      key: { by: 'header', header: 'x-user' },
      match: { path: '/a/**' },
    } as const;
    const { address, events } = await frontOf(list, { limits: [limit] });
    const statusOf = async (path: string, user: string): Promise<number> =>
      (await get(address, path, { headers: { 'x-user': user } })).status;
    expect([await statusOf('/a/1', 'ann'), await statusOf('/a/2', 'ann'), await statusOf('/a/3', 'ann')]).toEqual([
      200, 200, 429,
    ]);
    expect([await statusOf('/a/1', 'bob'), await statusOf('/b', 'ann')]).toEqual([200, 200]);
    const { headers } = await get(address, '/a/3', { headers: { 'x-user': 'ann' } });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(90);
    expect([headers.get('ratelimit'), headers.get('ratelimit-policy')]).toEqual([
      expect.stringMatching(/^"users";r=0;t=(?:9\d|100)$/),
      '"users";q=2;w=200',
    ]);
    expect(events.filter(({ type }) => type === 'limit.changed')).toMatchObject([{ limit: 'users', refuses: true }]);
  });

  it('lets everything pass in shadow mode', async () => {
    const list = await endpoints(1);
    const limit = {
      name: 'all',
      ratePerSecond: 0.01,
      burst: 1,
      key: { by: 'route' },
      match: undefined,
      shadow: true,
    } as const;
    const { address } = await frontOf(list, { limits: [limit] });
    for (let i = 0; i < 4; i++) expect((await get(address)).status).toBe(200);
  });
});

describe('a timeout', () => {
  it('answers 504 when the service has not begun to, and counts as a failure', async () => {
    const list = await endpoints(1, (request, response) => {
      if (request.url === '/fast') response.end('a');
    });
    const breaker = { per: 'service', consecutiveFailures: 0 } as const;
    const { address } = await frontOf(list, { timeoutMs: 100, breaker });
    expect((await get(address, '/fast')).status).toBe(200);
    const { status, headers } = await get(address);
    expect([status, headers.get('x-faultline')]).toEqual([504, 'timeout']);
    expect(list[0]!.inFlight).toBe(0);
    expect((await get(address)).headers.get('x-faultline')).toBe('breaker-open');
  });

  it('lets an answer that has begun go on', async () => {
    const list = await endpoints(1, (_request, response) => {
      response.write('a');
      setTimeout(() => response.end('b'), 250);
    });
    const { address } = await frontOf(list, { timeoutMs: 100 });
    expect(await get(address)).toMatchObject({ status: 200, text: 'ab' });
  });
});

describe('a fallback', () => {
  const ON = ['open', 'failed', 'timeout'] as const;
  const kept = { cache: { keepMs: 60_000 }, fixed: undefined, on: ON, match: undefined };
  const fixed = { status: 200, headers: [['content-type', 'text/plain']], body: Buffer.from('later') } as const;
  const answer: Handler = ({ url }, response) =>
    void response.writeHead(200, { 'cache-control': 'max-age=1', etag: '"1"' }).end(`of ${url ?? ''}`);

  it.each<[string, (endpoint: Endpoint) => void, string]>([
    ['answers 503', (endpoint) => (endpoint.handler = refuse), 'failed'],
    ['closes before it answers', (endpoint) => (endpoint.handler = ({ socket }) => void socket.destroy()), 'failed'],
    ['does not answer in time', (endpoint) => (endpoint.handler = () => undefined), 'timeout'],
  ])('is the last good answer when the service %s', async (_, fail, reason) => {
    const [endpoint] = await endpoints(1, answer);
    const { address } = await frontOf([endpoint!], { fallback: kept, timeoutMs: 150 });
    expect((await get(address, '/a')).text).toBe('of /a');
    fail(endpoint!);
    const { status, headers, text } = await get(address, '/a');
    expect([status, text, headers.get('x-faultline')]).toEqual([
      200,
      'of /a',
      `fallback; reason=${reason}; from=cache`,
    ]);
    expect([headers.get('etag'), Number(headers.get('age')) <= 1]).toEqual(['"1"', true]);
    expect((await get(address, '/b')).status).toBeGreaterThanOrEqual(500);
    expect(endpoint!.inFlight).toBe(0);
  });

  it('is given while the breaker is open, and counts as a failure until then', async () => {
    const [endpoint] = await endpoints(1, answer);
    const breaker = { per: 'service', consecutiveFailures: 2, openMs: 60_000 } as const;
    const { address } = await frontOf([endpoint!], { fallback: { ...kept, fixed }, breaker });
    await get(address, '/a');
    endpoint!.handler = refuse;
    const markers = [];
    for (let i = 0; i < 5; i++) markers.push((await get(address, '/a')).headers.get('x-faultline'));
    expect(markers.map((marker) => /reason=(\w+)/.exec(marker ?? '')?.[1])).toEqual([
      ...['failed', 'failed', 'failed', 'open', 'open'],
    ]);
    expect((await get(address, '/other')).text).toBe('later');
  });

  it('is given for a fault that answers in the place of the service', async () => {
    const [endpoint] = await endpoints(1, answer);
    const { address, proxy } = await frontOf([endpoint!], { fallback: kept });
    await get(address, '/a');
    proxy.addFilter({ service: 's', id: 'e', kind: 'error', params: { status: 503 }, seed: 1 });
    expect((await get(address, '/a')).headers.get('x-faultline')).toBe('fallback; reason=failed; from=cache');
  });

  it('is not given of what may not be kept, nor of what has been changed since', async () => {
    const [endpoint] = await endpoints(1, ({ url }, response) => {
      if (url === '/private') response.setHeader('cache-control', 'private');
      response.end('a');
    });
    const { address } = await frontOf([endpoint!], { fallback: kept });
    await get(address, '/private');
    await get(address, '/changed');
    await get(address, '/changed', { method: 'PUT', body: 'x' });
    endpoint!.handler = refuse;
    expect((await get(address, '/private')).status).toBe(503);
    expect((await get(address, '/changed')).status).toBe(503);
  });

  it('is only for those that it is meant for', async () => {
    const list = await endpoints(1, refuse);
    const fallback = { cache: undefined, fixed, on: ['open'], match: { path: '/a/**' } } as const;
    const breaker = { per: 'service', consecutiveFailures: 0, openMs: 60_000 } as const;
    const { address } = await frontOf(list, { fallback, breaker });
    expect((await get(address, '/a/1')).status).toBe(503);
    expect((await get(address, '/a/1')).text).toBe('later');
    expect((await get(address, '/b')).status).toBe(503);
  });
});

it('tells in the metrics what it has decided, and how the endpoints are', async () => {
  const list = await endpoints(2, refuse);
  list[1]!.isHealthy = false;
  const breaker = { per: 'service', consecutiveFailures: 1, openMs: 60_000 } as const;
  const limits = [{ name: 'all', ratePerSecond: 0.01, burst: 4, key: { by: 'route' }, match: undefined }] as const;
  const { address, proxy } = await frontOf(list, { breaker, limits, balance: { kind: 'round_robin', key: undefined } });
  for (let i = 0; i < 5; i++) await get(address);
  const lines = proxy.metricsText().split('\n');
  for (const line of [
    'faultline_endpoint_healthy{listener="s",endpoint="a"} 1',
    'faultline_endpoint_healthy{listener="s",endpoint="b"} 0',
    'faultline_endpoint_in_flight{listener="s",endpoint="a"} 0',
    'faultline_endpoint_requests_total{listener="s",endpoint="a",result="ok"} 0',
    'faultline_endpoint_requests_total{listener="s",endpoint="a",result="failed"} 2',
    'faultline_breaker_state{listener="s",endpoint="",state="open"} 1',
    'faultline_breaker_state{listener="s",endpoint="",state="closed"} 0',
    'faultline_breaker_rejected_total{listener="s",endpoint=""} 2',
    'faultline_limit_decisions_total{listener="s",limit="all",decision="admitted"} 4',
    'faultline_limit_decisions_total{listener="s",limit="all",decision="refused"} 1',
  ])
    expect(lines).toContain(line);
});

it('keeps its breakers over a reload that does not concern them', async () => {
  const list = await endpoints(1, refuse);
  const protection = { ...UNPROTECTED, breaker: { per: 'service', openMs: 60_000 } } as const;
  const options: ListenOptions = {
    ...{ service: 's', protocol: 'http', listen: { host: LOOPBACK, port: 0 }, upstreams: list },
    ...{ protection, destinations: () => list },
  };
  const { address, proxy } = await front('http', list, undefined, options);
  for (let i = 0; i < 6; i++) await get(address);
  const { destinations } = options;
  proxy.redirect({ ...options, protection: { ...protection, breaker: { ...protection.breaker } } });
  expect((await get(address)).headers.get('x-faultline')).toBe('breaker-open');
  proxy.redirect({ ...options, destinations, protection: UNPROTECTED });
  expect((await get(address)).headers.get('x-faultline')).toBeNull();
});
