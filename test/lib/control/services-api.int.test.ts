import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServicesSnapshot, ServiceView } from '../../../src/lib/events/service-view.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';
import { openPort, scene, send, serveName, type Answer, type Scene } from './services-harness.ts';

const JOINED = '{ pay: { listen: "127.0.0.1:2", balance: round_robin, breaker: { consecutiveFailures: 5 } } }';
const idOf = (port: number) => `pay/127.0.0.1:${port}`;
const pathOf = (port: number) => `/v1/endpoints/${encodeURIComponent(idOf(port))}`;

const join_ = (at: Scene, port: number, more: object = {}) =>
  at.ask('POST', '/v1/endpoints', { service: 'pay', address: `127.0.0.1:${port}`, ...more });
const call = (at: Scene, service = 'pay') => send({ port: at.portOf(service) }, 'GET', '/');
const viewOf = ({ body }: Answer, service = 'pay'): ServiceView | undefined =>
  (body as ServicesSnapshot).services.find((view) => view.service === service);

describe('the API of services', () => {
  it('lets endpoints join a service, which is without any at first, and leave it', async () => {
    const at = await scene(JOINED);
    expect(await call(at)).toMatchObject({ status: 503, headers: { 'x-faultline': 'no-endpoint' } });
    const port = await serveName('one');
    expect(await join_(at, port)).toMatchObject({ status: 201, body: { endpoint: idOf(port), health: 'unknown' } });
    expect(await call(at)).toMatchObject({ status: 200, body: 'one' });
    expect(await join_(at, port, { weight: 3 })).toMatchObject({ status: 200, body: { weight: 3 } });
    expect(await at.ask('GET', pathOf(port))).toMatchObject({ status: 200, body: { traffic: { requests: 1 } } });
    expect((await at.ask('DELETE', pathOf(port))).status).toBe(204);
    expect((await at.ask('DELETE', pathOf(port))).status).toBe(404);
    expect((await call(at)).status).toBe(503);
  });

  it('drops an endpoint that falls silent, and keeps one that sends heartbeats', async () => {
    const at = await scene(JOINED);
    const [silent, alive] = [await serveName('silent'), await serveName('alive')];
    await join_(at, silent, { ttl: '300ms' });
    await join_(at, alive, { ttl: '300ms' });
    await until('the silent one to be dropped', async () => {
      expect((await at.ask('POST', `${pathOf(alive)}/heartbeat`)).status).toBe(204);
      return at.watched.registry.list('pay').length === 1;
    });
    expect(await at.ask('POST', `${pathOf(silent)}/heartbeat`)).toMatchObject({
      status: 404,
      body: { error: `no endpoint ${idOf(silent)}: register it again` },
    });
    expect(at.events.filter(({ type }) => type === 'endpoint.expired')).toHaveLength(1);
  });

  it('answers a watch when something changes, at once when it has already, and when the time is up', async () => {
    const at = await scene(JOINED);
    const { index } = (await at.ask('GET', '/v1/services')).body as ServicesSnapshot;
    const waiting = at.ask('GET', `/v1/services?index=${index}&wait=10s`);
    await join_(at, 4711);
    const changed = await waiting;
    expect(viewOf(changed)?.endpoints).toMatchObject([{ endpoint: idOf(4711) }]);
    expect(Number(changed.headers['x-faultline-index'])).toBeGreaterThan(index);
    expect((await at.ask('GET', `/v1/services?index=${index}&wait=10s`)).status).toBe(200);
    const now = (changed.body as ServicesSnapshot).index;
    expect(((await at.ask('GET', `/v1/services/pay?index=${now}&wait=50ms`)).body as ServicesSnapshot).index).toBe(now);
  });

  it('answers those who wait when it ends', async () => {
    const at = await scene(JOINED);
    const waiting = at.ask('GET', '/v1/services?index=0&wait=10s');
    await until('it waits', async () => (await at.ask('GET', '/health')).status === 200);
    at.watched.close();
    expect((await waiting).status).toBe(200);
  });

  it('drains and undrains, changes weights, and writes down first how it is taken back', async () => {
    const at = await scene(JOINED);
    const [one, two] = [await serveName('one'), await serveName('two')];
    await join_(at, one);
    await join_(at, two);
    expect(await at.ask('POST', `${pathOf(one)}/drain`)).toMatchObject({ status: 200, body: { isDrained: true } });
    const names = new Set([(await call(at)).body, (await call(at)).body, (await call(at)).body]);
    expect([...names]).toEqual(['two']);
    expect(await at.ask('POST', `${pathOf(one)}/undrain`)).toMatchObject({ body: { isDrained: false, weight: 1 } });
    expect(await at.ask('POST', `${pathOf(one)}/weight`, { weight: 7 })).toMatchObject({ body: { weight: 7 } });
    expect(at.actions.map(({ action, undo }) => [action, undo])).toEqual([
      ['drain', `faultline services undrain ${idOf(one)}`],
      ['undrain', `faultline services drain ${idOf(one)}`],
      ['weight', `faultline services weight ${idOf(one)} 1`],
    ]);
  });

  it('does nothing that cannot be written down', async () => {
    const at = await scene(JOINED, {
      record: () => {
        throw new Error('ENOSPC: no space left on device');
      },
    });
    await join_(at, 4711);
    expect(await at.ask('POST', `${pathOf(4711)}/drain`)).toMatchObject({ status: 507 });
    expect((await at.ask('POST', '/v1/services/pay/breaker', { to: 'open' })).status).toBe(507);
    expect(viewOf(await at.ask('GET', '/v1/services'))).toMatchObject({
      breaker: { state: 'closed', forced: null },
      endpoints: [{ isDrained: false }],
    });
  });

  it('forces a breaker open and closed, and lets it go', async () => {
    const at = await scene(JOINED);
    await join_(at, await serveName('one'));
    const order = (to: string) => at.ask('POST', '/v1/services/pay/breaker', { to });
    expect(await order('open')).toMatchObject({ body: { breaker: { state: 'open', forced: 'open' } } });
    const refused = await call(at);
    expect([refused.status, refused.body]).toEqual([503, expect.stringContaining('somebody has forced it')]);
    expect(await order('closed')).toMatchObject({ body: { breaker: { state: 'closed', forced: 'closed' } } });
    expect((await call(at)).status).toBe(200);
    expect(await order('reset')).toMatchObject({ body: { breaker: { state: 'closed', forced: null } } });
    expect(at.actions.map(({ undo }) => undo)).toEqual([
      'faultline breaker reset pay',
      'faultline breaker open pay',
      'faultline breaker close pay',
    ]);
  });

  it('forces the breaker of one endpoint, or those of all', async () => {
    const at = await scene('{ pay: { listen: "127.0.0.1:2", balance: round_robin, breaker: { per: endpoint } } }');
    const [one, two] = [await serveName('one'), await serveName('two')];
    await join_(at, one);
    await join_(at, two);
    await at.ask('POST', '/v1/services/pay/breaker', { to: 'open', endpoint: idOf(one) });
    expect([(await call(at)).body, (await call(at)).body]).toEqual(['two', 'two']);
    await at.ask('POST', '/v1/services/pay/breaker', { to: 'open' });
    expect((await call(at)).status).toBe(503);
  });

  it('explains who is next', async () => {
    const at = await scene(JOINED);
    await join_(at, 1001);
    await join_(at, 1002, { weight: 0 });
    expect(await at.ask('GET', '/v1/services/pay/explain')).toMatchObject({
      status: 200,
      body: {
        service: 'pay',
        kind: 'round_robin',
        next: idOf(1001),
        candidates: [
          { id: idOf(1001), verdict: 'next' },
          { id: idOf(1002), verdict: 'drained' },
        ],
      },
    });
  });

  it('shows what is fronted, balanced or not, and what is only registered', async () => {
    const port = await serveName('one');
    const at = await scene(
      `{ plain: { listen: "127.0.0.1:1", endpoints: "127.0.0.1:${port}" }, ${JOINED.slice(1, -1)} }`,
    );
    await call(at, 'plain');
    await at.ask('POST', '/v1/endpoints', { service: 'elsewhere', address: '10.1.2.3:80', metadata: { zone: 'a' } });
    const all = await at.ask('GET', '/v1/services');
    expect((all.body as ServicesSnapshot).owner).toMatchObject({ command: 'proxy run', subject: 'test.yaml' });
    expect(viewOf(all, 'plain')).toMatchObject({
      listen: `127.0.0.1:${at.portOf('plain')}`,
      balance: null,
      breaker: null,
      traffic: { requests: 1, failures: 0 },
      endpoints: [{ address: `127.0.0.1:${port}` }],
    });
    expect(viewOf(all, 'elsewhere')).toMatchObject({ listen: null, endpoints: [{ metadata: { zone: 'a' } }] });
  });

  it.each([
    ['POST', '/v1/endpoints', { service: 'pay' }, 400, 'address: Invalid input: expected string'],
    ['POST', '/v1/endpoints', { service: 'pay', address: '127.0.0.1' }, 400, 'is no host:port'],
    ['POST', '/v1/endpoints', { service: 'pay', address: '127.0.0.1:80', ttl: '30' }, 400, 'is not a duration'],
    ['POST', '/v1/endpoints', { service: 'pay', address: '127.0.0.1:80', ttl: '1ms' }, 400, 'ttlMs is 1: expected'],
    ['POST', '/v1/endpoints', { service: 'pay', address: '127.0.0.1:80', wieght: 1 }, 400, 'wieght'],
    ['POST', '/v1/endpoints', '{', 400, 'bad request body'],
    ['POST', '/v1/endpoints', { service: 'plain', address: '127.0.0.1:80' }, 409, 'give it `balance`'],
    ['POST', '/v1/services/pay/breaker', { to: 'shut' }, 400, 'to: '],
    ['POST', '/v1/services/plain/breaker', { to: 'open' }, 400, 'has no circuit breaker'],
    ['POST', '/v1/services/pay/breaker', { to: 'open', endpoint: 'x' }, 400, 'none per endpoint'],
    ['GET', '/v1/services/plain/explain', undefined, 409, 'take turns'],
    ['GET', '/v1/services/nobody', undefined, 404, 'no service nobody'],
    ['GET', '/v1/services?index=x', undefined, 400, 'index: "x"'],
    ['GET', '/v1/services?index=1&wait=soon', undefined, 400, 'wait: "soon"'],
    ['POST', '/v1/endpoints/nobody/drain', undefined, 404, 'no endpoint nobody'],
    ['GET', '/v2', undefined, 404, 'services are at /v1/services'],
    ['PUT', '/v1/services', undefined, 405, ''],
  ] as const)('refuses %s %s %j with %d', async (method, path, body, status, reason) => {
    const at = await scene(`{ plain: { listen: "127.0.0.1:1", endpoints: "e:1" }, ${JOINED.slice(1, -1)} }`);
    const answer = await at.ask(method, path, body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toContain(JSON.stringify(reason).slice(1, -1));
    expect(at.actions).toEqual([]);
  });

  it('leaves what stands in the configuration to the configuration', async () => {
    const at = await scene('{ pay: { listen: "127.0.0.1:2", endpoints: "127.0.0.1:7000", balance: round_robin } }');
    expect((await at.ask('DELETE', pathOf(7000))).status).toBe(409);
    expect((await join_(at, 7000)).status).toBe(409);
    expect((await join_(at, 7001)).status).toBe(201);
  });
});

describe('where the API is', () => {
  it('is a socket that only its owner can open, and that goes with it', async () => {
    const at = await scene(JOINED);
    expect(statSync(join(at.stateDirectory, 'control')).mode & 0o777).toBe(0o700);
    at.watched.close();
    await at.api.close();
    expect(() => statSync(at.socketPath)).toThrow('ENOENT');
  });

  it('goes on without a socket where the path is too long for one, and says so', async () => {
    const at = await scene(JOINED, { stateDirectory: join(temporaryDirectory(), 'x'.repeat(100)) });
    expect(at.notes).toEqual([expect.stringContaining('choose a shorter --state')]);
  });

  it('wants the token where one is set, and refuses pages of browsers and other names', async () => {
    const at = await scene(JOINED);
    const port = await openPort(at, { token: 'secret', hosts: ['registry.test'] });
    const ask = (headers: Record<string, string>) => send({ port }, 'GET', '/v1/services', undefined, headers);
    const Authorization = 'Bearer secret';
    expect((await ask({})).status).toBe(401);
    expect((await ask({ Authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await ask({ Authorization })).status).toBe(200);
    expect((await ask({ Authorization, Host: 'registry.test' })).status).toBe(200);
    expect((await ask({ Authorization, Host: 'evil.test' })).status).toBe(403);
    expect((await ask({ Authorization, Origin: 'http://evil.test' })).status).toBe(403);
  });

  it('is not opened to others without a token', async () => {
    const at = await scene(JOINED);
    const listen = { host: '0.0.0.0', port: 0 };
    expect(() => at.api.open({ listen, token: undefined, hosts: [] })).toThrow('others can reach 0.0.0.0:0');
  });
});
