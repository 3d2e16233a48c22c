import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Dispatcher } from 'undici-types';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { undiciBreaker, type UndiciBreakerOptions } from '../../../../src/lib/app/library/undici-breaker.ts';
import { BreakerOpenError } from '../../../../src/lib/resilience/breaker-policy.ts';
import { CircuitBreaker, type CircuitBreakerOptions } from '../../../../src/lib/resilience/breaker.ts';
import { until } from '../../../support/until.ts';

type Init = Parameters<typeof fetch>[1] & { dispatcher: Dispatcher };

/** The undici that is built into Node: `fetch` puts its agent there, where undici itself looks for it (undici, lib/global.js). */
let agent: Dispatcher;
beforeAll(async () => {
  await fetch('data:,');
  const held = globalThis as Record<symbol, Dispatcher | undefined>;
  agent = held[Symbol.for('undici.globalDispatcher.2')] ?? held[Symbol.for('undici.globalDispatcher.1')]!;
});

/** A server that answers /NNN with that status, /hang never and /cut with half a body; and `fetch` to it behind a breaker. */
async function setUp(breakerOptions: CircuitBreakerOptions = {}, options: UndiciBreakerOptions = {}) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url!.slice(1);
    seen.push(path);
    if (path === 'hang') return;
    if (path !== 'cut') response.writeHead(Number(path)).end('body');
    else response.writeHead(200, { 'content-length': 9 }).write('half', () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const time = { nowMs: 1000 };
  const breaker = new CircuitBreaker({ name: 'stock', openMs: 1000, trials: 1, ...breakerOptions });
  const clock = { monotonicMs: () => time.nowMs };
  const dispatcher = agent.compose(undiciBreaker(breaker, { clock, ...options }));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = async (path: string, init: Parameters<typeof fetch>[1] = {}) => {
    const full: Init = { ...init, dispatcher };
    const response = await fetch(`${origin}/${path}`, full);
    return `${response.status} ${await response.text()}`;
  };
  return { breaker, dispatcher, get, origin, seen, time, view: () => breaker.view(time.nowMs) };
}

/** A port that was just given up. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('undici behind a breaker', () => {
  it('reaches its server no more after six failures, and again when a trial succeeded', async () => {
    const { get, seen, time, view } = await setUp();
    for (let i = 0; i < 6; i++) expect(await get('503')).toBe('503 body');
    expect(view().state).toBe('open');

    const refused: unknown = await get('200').catch((error: unknown) => error);
    expect(refused).toMatchObject({ cause: { code: 'BREAKER_OPEN', retryAfterMs: 1000 } });
    expect((refused as Error).cause).toBeInstanceOf(BreakerOpenError);
    expect(seen).toHaveLength(6);

    time.nowMs += 1000;
    expect(await get('200')).toBe('200 body');
    expect(view().state).toBe('closed');
    expect(seen).toHaveLength(7);
  });

  it.each([
    { path: '200', failures: 0 },
    { path: '404', failures: 0 },
    { path: '500', failures: 1 },
    { path: 'cut', failures: 1 },
  ])('counts $failures failures of one call of /$path', async ({ path, failures }) => {
    const { get, view } = await setUp({ window: { kind: 'count', calls: 10 } });
    await get(path).catch(() => undefined);
    await until('it is counted', () => view().counts.calls === 1);
    expect(view().counts.failures).toBe(failures);
  });

  it('counts a server that is not there', async () => {
    const { breaker, dispatcher } = await setUp({ consecutiveFailures: 0 });
    const init: Init = { dispatcher };
    await expect(fetch(`http://127.0.0.1:${await closedPort()}/`, init)).rejects.toThrow('fetch failed');
    expect(breaker.view(1000).state).toBe('open');
  });

  it('counts the statuses that its owner names instead', async () => {
    const { get, view } = await setUp({ consecutiveFailures: 0 }, { isFailedStatus: (status) => status === 429 });
    await get('500');
    expect(view().state).toBe('closed');
    await get('429');
    expect(view().state).toBe('open');
  });

  it('does not count a request that is aborted, and gives its trial back', async () => {
    const { breaker, get, seen, time, view } = await setUp();
    breaker.force('open', time.nowMs);
    breaker.force(undefined, time.nowMs);
    const gone = new AbortController();
    const call = get('hang', { signal: gone.signal });
    await until('the call is there', () => seen.length === 1);
    expect(view()).toMatchObject({ state: 'half-open', counts: { trialsInFlight: 1 } });
    gone.abort();
    await expect(call).rejects.toThrow('aborted');
    await until('the trial is back', () => view().counts.trialsInFlight === 0);
    expect(view().state).toBe('half-open');
    expect(await get('200')).toBe('200 body');
    expect(view().state).toBe('closed');
  });

  it('counts a request that is aborted because it took too long', async () => {
    const { get, view } = await setUp({ consecutiveFailures: 0 });
    await expect(get('hang', { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    await until('it is open', () => view().state === 'open');
  });

  it('gives the permit back when undici refuses the request itself', async () => {
    const { dispatcher, origin, view } = await setUp({ window: { kind: 'count', calls: 10 } });
    const refused = new Promise((_resolve, reject) => {
      dispatcher.dispatch({ origin, path: 'no slash', method: 'GET' }, { onResponseError: (_c, e) => reject(e) });
    });
    await expect(refused).rejects.toThrow('path');
    expect(view().counts.calls).toBe(0);
  });
});
