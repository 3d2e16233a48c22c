import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { ProxyEvent } from '../../../../src/lib/events/proxy-events.ts';
import { openProxy } from '../../../../src/lib/proxy/proxy.ts';
import { UNPROTECTED, type BreakerRule } from '../../../../src/lib/proxy/protection.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';

const OPENS_AT_ONCE = { consecutiveFailures: 0, openMs: 60_000 };
const RULE: BreakerRule = {
  per: 'service',
  ...OPENS_AT_ONCE,
  routes: [
    { name: 'charge', match: { path: '/charge/**' }, ...OPENS_AT_ONCE },
    { name: 'writes', match: { method: 'POST' }, ...OPENS_AT_ONCE },
  ],
};

/** A service that fails where the path ends in `bad`. */
async function scene(rule: BreakerRule) {
  const server = createServer((request, response) =>
    response.writeHead(request.url?.endsWith('bad') === true ? 503 : 200).end(),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const events: ProxyEvent[] = [];
  const proxy = openProxy({ clock: realClock, onEvent: (event) => events.push(event) });
  onTestFinished(async () => {
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });
  const listen = { host: '127.0.0.1', port: 0 };
  const upstreams = [{ host: '127.0.0.1', port }];
  const protection = { ...UNPROTECTED, breaker: rule };
  const address = await proxy.listen({ service: 's', protocol: 'http', listen, upstreams, protection });
  const ask = async (path: string, method = 'GET'): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${address.port}${path}`, { method });
    await response.arrayBuffer();
    return `${response.status} ${response.headers.get('x-faultline') ?? 'service'}`;
  };
  return { proxy, events, ask };
}

it('judges each route by itself: the first that a request fits, and the service by the rest', async () => {
  const { ask, events, proxy } = await scene(RULE);
  expect(await ask('/charge/bad')).toBe('503 service');
  expect(await ask('/charge/good', 'POST')).toBe('503 breaker-open');
  expect(await ask('/list', 'POST')).toBe('200 service');
  expect(await ask('/list')).toBe('200 service');
  expect(await ask('/bad', 'POST')).toBe('503 service');
  expect(await ask('/list', 'POST')).toBe('503 breaker-open');
  expect(await ask('/bad')).toBe('503 service');
  expect(await ask('/list')).toBe('503 breaker-open');
  const opened = events.flatMap((event) => (event.type === 'breaker.changed' ? [[event.route, event.to]] : []));
  expect(opened).toEqual([
    ['charge', 'open'],
    ['writes', 'open'],
    [undefined, 'open'],
  ]);
  const lines = proxy.metricsText().split('\n');
  expect(lines).toContain('faultline_breaker_state{listener="s",endpoint="",route="charge",state="open"} 1');
  expect(lines).toContain('faultline_breaker_rejected_total{listener="s",endpoint=""} 1');
});

it('lets those of endpoints judge what goes by a route as well', async () => {
  const { ask } = await scene({ ...RULE, per: 'endpoint' });
  expect(await ask('/bad')).toBe('503 service');
  expect(await ask('/charge/good')).toBe('503 breaker-open');
});

it('is forced by its name, and all of them without one; what is forced stays over a change of the rest', async () => {
  const { ask, proxy } = await scene(RULE);
  proxy.prepareBreakerOrder('s', { to: 'open', endpoint: undefined, route: 'charge' })();
  expect(await ask('/charge/good')).toBe('503 breaker-open');
  expect(await ask('/list')).toBe('200 service');
  const { options } = proxy.lookupService('s')!;
  proxy.redirect({ ...options, protection: { ...UNPROTECTED, breaker: { ...RULE, openMs: 5000 } } });
  expect(await ask('/charge/good')).toBe('503 breaker-open');
  expect(await ask('/list', 'POST')).toBe('200 service');
  proxy.prepareBreakerOrder('s', { to: 'open', endpoint: undefined })();
  expect(await ask('/list')).toBe('503 breaker-open');
  expect(await ask('/list', 'POST')).toBe('503 breaker-open');
  proxy.prepareBreakerOrder('s', { to: 'reset', endpoint: undefined })();
  expect(await ask('/charge/good')).toBe('200 service');
  expect(() => proxy.prepareBreakerOrder('s', { to: 'open', endpoint: undefined, route: 'x' })).toThrow(
    'no circuit breaker for a route "x"',
  );
});
