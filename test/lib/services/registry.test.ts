import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import type { ServiceEvent } from '../../../src/lib/events/service-events.ts';
import { startRequest } from '../../../src/lib/resilience/balance.ts';
import type { RegistrationRequest } from '../../../src/lib/services/registration.ts';
import { ServiceRegistry, type RegistryOptions } from '../../../src/lib/services/registry.ts';
import { PausingClock } from './pausing-clock.ts';

const open: ServiceRegistry[] = [];
afterEach(() => {
  for (const registry of open.splice(0)) registry.close();
});

function start(options: Partial<RegistryOptions> = {}) {
  const clock = new PausingClock();
  const registry = new ServiceRegistry({ clock, ...options });
  open.push(registry);
  const events: ServiceEvent[] = [];
  registry.subscribe((event) => events.push(event));
  const register = (id: string, more: Partial<RegistrationRequest> = {}) =>
    registry.register({ id, service: 'shop', host: '127.0.0.1', port: 7301, ...more });
  return { clock, registry, events, register };
}

const types = (events: readonly ServiceEvent[]): string[] =>
  events.map((event) => ('endpoint' in event ? `${event.type} ${event.endpoint}` : event.type));

function errorOf(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof AppError && error.exitName === 'usage' ? error.message : `not usage: ${String(error)}`;
  }
}

const bad = { health: 'unhealthy', reason: 'status 503', checks: 3 } as const;
const good = { health: 'healthy', reason: 'the check passed', checks: 2 } as const;

describe('a registry', () => {
  it('lists the endpoints of each service in the order of their coming, and forgets a service with its last', () => {
    const { registry, register } = start();
    register('b');
    register('a');
    register('c', { service: 'bank' });
    expect(registry.list('shop').map(({ id }) => id)).toEqual(['b', 'a']);
    expect(registry.services()).toEqual(['shop', 'bank']);
    expect(registry.deregister('c')).toBe(true);
    expect(registry.deregister('c')).toBe(false);
    expect(registry.services()).toEqual(['shop']);
    expect(registry.list('bank')).toEqual([]);
  });

  it('gives the same array until someone comes or goes', () => {
    const { registry, register } = start();
    register('a');
    const before = registry.list('shop');
    registry.heartbeat('a');
    registry.setWeight('a', 7);
    expect(registry.list('shop')).toBe(before);
    register('b');
    expect(registry.list('shop')).not.toBe(before);
    expect(before).toHaveLength(1);
  });

  it('keeps requests in flight, counts, health and drain over a registration of the same id', () => {
    const { registry, events, register } = start();
    const endpoint = register('a');
    startRequest(endpoint);
    endpoint.traffic.record('failed', 10);
    registry.setHealth(endpoint, bad);
    registry.drain('a');
    const again = register('a', { port: 7302, weight: 9 });
    expect(again).toBe(endpoint);
    expect(again).toMatchObject({ inFlight: 1, health: 'unhealthy', isHealthy: false, isDrained: true, weight: 0 });
    expect(again).toMatchObject({ configuredWeight: 9, address: '127.0.0.1:7302', traffic: { failures: 1 } });
    expect(events.at(-1)).toMatchObject({ type: 'endpoint.registered', isAgain: true, address: '127.0.0.1:7302' });
    expect(registry.list('shop')).toEqual([endpoint]);
  });

  it('takes a registration that changes nothing for a heartbeat, and tells nobody', () => {
    const { registry, events, register } = start();
    register('a');
    const { index } = registry;
    register('a');
    expect(registry.index).toBe(index);
    expect(events).toHaveLength(1);
  });

  it('refuses the id of an endpoint of another service', () => {
    const { register } = start();
    register('a');
    expect(errorOf(() => register('a', { service: 'bank' }))).toBe('endpoint a belongs to service shop, not bank');
  });

  it.each([
    [{ maxServices: 2 }, 'the service registry is full: it holds 2 services'],
    [{ maxEndpointsPerService: 1 }, 'the service registry is full: it holds 1 endpoints of bank'],
    [{ maxEndpoints: 2 }, 'the service registry is full: it holds 2 endpoints'],
  ])('is bounded: %o', (bounds, message) => {
    const { registry, register } = start(bounds);
    register('a', { service: 'shop' });
    register('b', { service: 'bank' });
    const service = 'maxServices' in bounds ? 'third' : 'bank';
    expect(errorOf(() => register('c', { service }))).toBe(message);
    expect(registry.size).toBe(2);
    register('a', { service: 'shop', port: 1 });
    registry.deregister('b');
    register('c', { service });
  });

  it.each([{ sweepMs: 0 }, { maxServices: 0 }, { maxWatchers: 1.5 }, { coalesceMs: -1 }])(
    'refuses to be made with %o',
    (options) => expect(errorOf(() => start(options))).toMatch(new RegExp(`^${Object.keys(options)[0]} is `)),
  );

  it.each([
    ['heartbeat', (registry: ServiceRegistry) => registry.heartbeat('x')],
    ['deregister', (registry: ServiceRegistry) => registry.deregister('x')],
    ['drain', (registry: ServiceRegistry) => registry.drain('x')],
    ['undrain', (registry: ServiceRegistry) => registry.undrain('x')],
    ['setWeight', (registry: ServiceRegistry) => registry.setWeight('x', 1)],
  ])('says that nobody is there to %s', (_name, ask) => {
    const { registry } = start();
    expect(ask(registry)).toBe(false);
    expect(registry.index).toBe(0);
  });

  it('raises its index with each change and with nothing else', () => {
    const { registry, register } = start();
    const endpoint = register('a');
    const steps: [string, () => unknown, number][] = [
      ['heartbeat', () => registry.heartbeat('a'), 0],
      ['weight', () => registry.setWeight('a', 3), 1],
      ['the same weight', () => registry.setWeight('a', 3), 0],
      ['drain', () => registry.drain('a'), 1],
      ['drain again', () => registry.drain('a'), 0],
      ['undrain', () => registry.undrain('a'), 1],
      ['health', () => registry.setHealth(endpoint, bad), 1],
      ['the same health', () => registry.setHealth(endpoint, bad), 0],
      ['a request', () => startRequest(endpoint), 0],
      ['deregister', () => registry.deregister('a'), 1],
      ['health of one that is gone', () => registry.setHealth(endpoint, good), 0],
    ];
    for (const [name, act, rise] of steps) {
      const before = registry.index;
      act();
      expect([name, registry.index - before]).toEqual([name, rise]);
    }
  });

  it('tells each change with its reason once it is complete', () => {
    const { registry, events, register } = start();
    const endpoint = register('a', { weight: 4 });
    let seen: unknown;
    registry.subscribe((event) => {
      if (event.type === 'endpoint.unhealthy') seen = [endpoint.isHealthy, registry.index];
    });
    registry.setHealth(endpoint, bad);
    registry.drain('a');
    registry.undrain('a');
    registry.deregister('a');
    const place = { service: 'shop', endpoint: 'a', address: '127.0.0.1:7301', unixMs: 1_700_000_000_000 };
    expect(events).toEqual([
      { ...place, type: 'endpoint.registered', weight: 4, isAgain: false },
      { ...place, type: 'endpoint.unhealthy', from: 'unknown', reason: 'status 503', checks: 3, index: 2 },
      { ...place, type: 'endpoint.drained', inFlight: 0 },
      { ...place, type: 'endpoint.undrained', weight: 4 },
      { ...place, type: 'endpoint.deregistered', inFlight: 0 },
    ]);
    expect(seen).toEqual([false, 2]);
  });

  it('is not disturbed by a subscriber that throws or changes it', () => {
    const errors: unknown[] = [];
    const { registry, events, register } = start({ onSubscriberError: (error) => errors.push(error) });
    registry.subscribe((event) => {
      if (event.type === 'endpoint.registered') registry.drain(event.endpoint);
      throw new Error('mine');
    });
    register('a');
    expect(types(events)).toEqual(['endpoint.registered a', 'endpoint.drained a']);
    expect(errors).toHaveLength(2);
  });
});

describe('membership and health are independent', () => {
  it.each([
    { beats: true, passes: true, registered: true, isHealthy: true },
    { beats: true, passes: false, registered: true, isHealthy: false },
    { beats: false, passes: true, registered: false, isHealthy: undefined },
    { beats: false, passes: false, registered: false, isHealthy: undefined },
  ])('heartbeats $beats, checks $passes', async ({ beats, passes, registered, isHealthy }) => {
    const { clock, registry, events, register } = start();
    register('a');
    for (let i = 0; i < 12; i++) {
      await clock.advance(10_000);
      if (beats) registry.heartbeat('a');
      const endpoint = registry.lookup('a');
      if (endpoint) registry.setHealth(endpoint, passes ? good : bad);
    }
    expect(registry.lookup('a') !== undefined).toBe(registered);
    expect(registry.lookup('a')?.isHealthy).toBe(isHealthy);
    expect(types(events).includes('endpoint.expired a')).toBe(!registered);
  });

  it('never drops a static endpoint', async () => {
    const { clock, registry, register } = start();
    register('a', { lifetime: 'static' });
    await clock.advance(3_600_000);
    expect(registry.heartbeat('a')).toBe(true);
    expect(registry.size).toBe(1);
  });
});

describe('an endpoint that falls silent', () => {
  it('is dropped after its time to live, within two sweeps, with how long it was silent', async () => {
    const { clock, registry, events, register } = start();
    register('a');
    register('quick', { ttlMs: 3_000 });
    await clock.advance(10_000);
    registry.heartbeat('a');
    await clock.advance(39_900 - 10_000);
    expect(types(events)).toEqual(['endpoint.registered a', 'endpoint.registered quick', 'endpoint.expired quick']);
    await clock.advance(2_000);
    expect(events.at(-1)).toMatchObject({ type: 'endpoint.expired', endpoint: 'a', ttlMs: 30_000, silentMs: 31_000 });
    expect(registry.services()).toEqual([]);
    expect(registry.heartbeat('a')).toBe(false);
  });

  it('is not dropped when its heartbeat is read late, because we were slow', async () => {
    const { clock, registry, register } = start();
    register('a');
    await clock.advance(29_900);
    await clock.pause(200);
    registry.heartbeat('a');
    await clock.advance(20_000);
    expect(registry.size).toBe(1);
  });

  it('counts from its last registration, with the time to live of that one', async () => {
    const { clock, registry, register } = start();
    register('a', { ttlMs: 5_000 });
    await clock.advance(4_000);
    register('a', { ttlMs: 60_000 });
    await clock.advance(59_000);
    expect(registry.size).toBe(1);
    register('a', { lifetime: 'static' });
    await clock.advance(600_000);
    expect(registry.size).toBe(1);
  });

  it('may be renewed by a subscriber that hears of another', async () => {
    const { clock, registry, events, register } = start();
    register('a');
    register('b');
    registry.subscribe((event) => {
      if (event.type === 'endpoint.expired' && event.endpoint === 'a') registry.heartbeat('b');
    });
    await clock.advance(35_000);
    expect(types(events).slice(2)).toEqual(['endpoint.expired a']);
    expect(registry.size).toBe(1);
  });
});

it('does not drop twice one that a subscriber takes away when it hears of another', async () => {
  const { clock, registry, events, register } = start();
  register('a');
  register('b');
  registry.subscribe((event) => {
    if (event.type === 'endpoint.expired') registry.deregister('b');
  });
  await clock.advance(35_000);
  expect(types(events).slice(2)).toEqual(['endpoint.expired a', 'endpoint.deregistered b']);
  expect(registry.index).toBe(4);
});

describe('a pause of the registry itself', () => {
  it('of 30 s drops nobody at once, and after it only those who stay silent', async () => {
    const { clock, registry, events, register } = start();
    for (let i = 0; i < 100; i++) register(`e${i}`);
    await clock.advance(15_000);
    await clock.pause(30_000);
    await clock.advance(9_999);
    expect(registry.size).toBe(100);
    for (let i = 0; i < 60; i++) registry.heartbeat(`e${i}`);
    await clock.advance(20_000);
    expect(registry.size).toBe(60);
    expect(types(events).filter((type) => type.startsWith('endpoint.expired'))).toHaveLength(40);
  });

  it('longer than the time to live leaves everyone one heartbeat more than they had', async () => {
    const { clock, registry, register } = start();
    register('a');
    await clock.advance(29_000);
    await clock.pause(600_000);
    await clock.advance(10_900);
    expect(registry.size).toBe(1);
    await clock.advance(3_000);
    expect(registry.size).toBe(0);
  });

  it('again and again does not keep the dead', async () => {
    const { clock, registry, register } = start();
    register('a');
    for (let i = 0; i < 10; i++) {
      await clock.advance(5_000);
      await clock.pause(5_000);
    }
    expect(registry.size).toBe(0);
  });
});

describe('a watch of the registry', () => {
  it('hears of one service only, by an index of its own', async () => {
    const { clock, registry, register } = start();
    register('a');
    register('b', { service: 'bank' });
    const seen: unknown[] = [];
    void registry.watch(registry.index, { service: 'shop', timeoutMs: 1_000 }).then((result) => seen.push(result));
    registry.setWeight('b', 5);
    await clock.advance(500);
    expect(seen).toEqual([]);
    registry.setWeight('a', 5);
    await clock.advance(500);
    expect(seen).toEqual([{ state: 'changed', index: 4 }]);
  });

  it.each([
    ['while it waits', true],
    ['before it asks again', false],
  ])('hears of a service that vanishes %s', async (_when, waits) => {
    const { clock, registry, register } = start();
    register('a');
    const sinceIndex = registry.index;
    const watch = (): Promise<unknown> => registry.watch(sinceIndex, { service: 'shop', timeoutMs: 1_000 });
    const early = waits ? watch() : undefined;
    registry.deregister('a');
    if (!waits) await clock.advance(100);
    const late = early ?? watch();
    await clock.advance(100);
    expect(await late).toEqual({ state: 'changed', index: 2 });
  });

  it('answers at once when the index is from before a restart of the registry', async () => {
    const { registry } = start();
    expect(await registry.watch(1_234)).toEqual({ state: 'changed', index: 0 });
  });

  it('ends with the registry, which leaves no timer', async () => {
    const { clock, registry } = start();
    const waiting = registry.watch(0);
    registry.close();
    registry.close();
    expect(await waiting).toEqual({ state: 'closed', index: 0 });
    expect(clock.pending).toBe(0);
  });
});
