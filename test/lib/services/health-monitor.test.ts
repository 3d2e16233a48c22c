import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceEvent } from '../../../src/lib/events/service-events.ts';
import type { Cancel } from '../../../src/lib/runtime/clock.ts';
import {
  parseHealthCheck,
  worstDetectionMs,
  type Checker,
  type HealthCheckRequest,
} from '../../../src/lib/services/health-check.ts';
import { HealthMonitor } from '../../../src/lib/services/health-monitor.ts';
import { ServiceRegistry } from '../../../src/lib/services/registry.ts';
import { PausingClock } from './pausing-clock.ts';

/** How the endpoint of an address answers: after so long with what is wrong (undefined: nothing); `hangs` never. */
type Behaviour = 'hangs' | { readonly tookMs: number; readonly failure?: string };
const WELL: Behaviour = { tookMs: 1 };
const REFUSES: Behaviour = { tookMs: 0, failure: 'connect ECONNREFUSED' };

class FakeChecker implements Checker {
  readonly stage = 'waiting for the answer';
  readonly startsMs: number[] = [];
  behaviour: Behaviour = WELL;
  resets = 0;
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #clock: PausingClock;
  #cancel: Cancel = () => undefined;
  #done: ((failure: string) => void) | undefined;

  constructor(clock: PausingClock) {
    this.#clock = clock;
  }

  begin(done: (failure: string | undefined) => void): void {
    this.startsMs.push(this.#clock.monotonicMs());
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    this.#done = done;
    if (this.behaviour === 'hangs') return;
    const { tookMs, failure } = this.behaviour;
    this.#cancel = this.#clock.after(tookMs, () => {
      this.#atOnce--;
      done(failure);
    });
  }

  reset(): void {
    this.resets++;
    this.#atOnce = 0;
    this.#cancel();
  }

  fail(failure: string): void {
    this.#done?.(failure);
  }

  get gapsMs(): number[] {
    return this.startsMs.slice(1).map((startMs, i) => startMs - this.startsMs[i]!);
  }
}

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0).reverse()) one.close();
});

function start(request: HealthCheckRequest = {}) {
  const clock = new PausingClock();
  const registry = new ServiceRegistry({ clock });
  const check = parseHealthCheck(request);
  const checkers = new Map<string, FakeChecker>();
  const events: ServiceEvent[] = [];
  registry.subscribe((event) => {
    if (event.type === 'endpoint.healthy' || event.type === 'endpoint.unhealthy') events.push(event);
  });
  const monitor = new HealthMonitor({
    registry,
    clock,
    checkOf: ({ service }) => (service === 'unchecked' ? undefined : check),
    createChecker: ({ port }) => {
      const checker = new FakeChecker(clock);
      checkers.set(String(port), checker);
      return checker;
    },
  });
  open.push(registry, monitor);
  const register = (port: number, service = 'shop', id = `e${port}`) =>
    registry.register({ id, service, host: '127.0.0.1', port, lifetime: 'static' });
  return {
    clock,
    registry,
    monitor,
    check,
    events,
    register,
    checkerOf: (port: number) => checkers.get(String(port))!,
  };
}

describe('checks of an endpoint', () => {
  it('begin within one interval and go on by the interval, with a jitter of a tenth', async () => {
    const { clock, register, checkerOf } = start();
    register(1);
    await clock.advance(500_000);
    const { startsMs, gapsMs } = checkerOf(1);
    expect(startsMs[0]).toBeLessThanOrEqual(5_010);
    expect(startsMs.length).toBeGreaterThan(92);
    expect(startsMs.length).toBeLessThan(108);
    for (const gapMs of gapsMs) expect(Math.abs(gapMs - 5_000)).toBeLessThanOrEqual(520);
    expect(Math.max(...gapsMs) - Math.min(...gapsMs)).toBeGreaterThan(500);
  });

  it('are spread over the interval from the start', async () => {
    const { clock, register, checkerOf } = start();
    for (let port = 1; port <= 100; port++) register(port);
    await clock.advance(5_010);
    const quarters = [0, 0, 0, 0];
    for (let port = 1; port <= 100; port++) quarters[Math.min(3, Math.floor(checkerOf(port).startsMs[0]! / 1_250))]!++;
    for (const count of quarters) expect(count).toBeGreaterThan(10);
  });

  it('never overlap, also when each takes longer than the interval', async () => {
    const { clock, register, checkerOf } = start({ intervalMs: 200, timeoutMs: 1_000 });
    register(1);
    checkerOf(1).behaviour = { tookMs: 900 };
    await clock.advance(20_000);
    expect(checkerOf(1).mostAtOnce).toBe(1);
    expect(checkerOf(1).startsMs.length).toBeGreaterThan(18);
  });

  it('of one that hangs delay no other', async () => {
    const { clock, register, checkerOf } = start({ intervalMs: 200, timeoutMs: 10_000 });
    for (let port = 1; port <= 20; port++) register(port);
    for (let port = 2; port <= 20; port++) checkerOf(port).behaviour = 'hangs';
    await clock.advance(10_000);
    expect(checkerOf(1).startsMs.length).toBeGreaterThan(45);
  });

  it('are not made where none are configured', async () => {
    const { clock, monitor, registry, register } = start();
    register(1, 'unchecked');
    await clock.advance(60_000);
    expect(monitor.size).toBe(0);
    expect(registry.lookup('e1')).toMatchObject({ health: 'unknown', isHealthy: true });
  });

  it('are ended with the endpoint, and leave no timer when the monitor is closed', async () => {
    const { clock, monitor, registry, register, checkerOf } = start();
    register(1);
    register(2);
    checkerOf(2).behaviour = 'hangs';
    await clock.advance(5_500);
    registry.deregister('e1');
    const before = checkerOf(1).startsMs.length;
    await clock.advance(60_000);
    expect(checkerOf(1).startsMs).toHaveLength(before);
    monitor.close();
    monitor.close();
    registry.close();
    expect(clock.pending).toBe(0);
  });

  it('go to the new place at once when an endpoint has moved', async () => {
    const { clock, registry, register, checkerOf } = start();
    register(1);
    await clock.advance(20_000);
    register(2, 'shop', 'e1');
    await clock.advance(10);
    expect(checkerOf(2).startsMs).toHaveLength(1);
    expect(checkerOf(1).resets).toBe(1);
    expect(registry.lookup('e1')?.health).toBe('healthy');
  });

  it('stay as they are when an endpoint registers again in its place', async () => {
    const { clock, registry, register, checkerOf } = start();
    register(1);
    await clock.advance(20_000);
    const checker = checkerOf(1);
    const place = { id: 'e1', service: 'shop', host: '127.0.0.1', port: 1 };
    registry.register({ ...place, lifetime: 'static', weight: 7 });
    await clock.advance(20_000);
    expect(checkerOf(1)).toBe(checker);
  });
});

describe('what checks find', () => {
  it('is told once per change, with its reason and how many decided it', async () => {
    const { clock, events, register, checkerOf } = start();
    register(1);
    await clock.advance(30_000);
    checkerOf(1).behaviour = { tookMs: 1, failure: 'status 503' };
    await clock.advance(60_000);
    checkerOf(1).behaviour = WELL;
    await clock.advance(30_000);
    const told = events.map((event) => ({ ...event, unixMs: 0, index: 0 }));
    const place = { service: 'shop', endpoint: 'e1', address: '127.0.0.1:1', unixMs: 0, index: 0 };
    expect(told).toEqual([
      { type: 'endpoint.healthy', ...place, from: 'unknown', reason: 'the check passed', checks: 1 },
      { type: 'endpoint.unhealthy', ...place, from: 'healthy', reason: 'status 503', checks: 3 },
      { type: 'endpoint.healthy', ...place, from: 'unhealthy', reason: 'the check passed', checks: 2 },
    ]);
  });

  it('is a time-out with what was waited for', async () => {
    const { clock, events, register, checkerOf } = start();
    register(1);
    checkerOf(1).behaviour = 'hangs';
    await clock.advance(20_000);
    expect(events).toMatchObject([
      { type: 'endpoint.unhealthy', reason: 'no result within 1s (waiting for the answer)', checks: 3 },
    ]);
  });

  it('counts an answer that comes at the last moment', async () => {
    const { clock, monitor, register, checkerOf } = start();
    register(1);
    checkerOf(1).behaviour = { tookMs: 1_000 };
    await clock.advance(60_000);
    expect(monitor.failures).toBe(0);
  });

  it('comes in fast after a failure, and slowly once the endpoint is unhealthy', async () => {
    const { clock, register, checkerOf } = start();
    register(1);
    checkerOf(1).behaviour = REFUSES;
    await clock.advance(60_000);
    const { gapsMs } = checkerOf(1);
    expect(gapsMs.slice(0, 2)).toEqual([1_250, 1_250]);
    for (const gapMs of gapsMs.slice(2)) expect(gapMs).toBeGreaterThan(4_480);
  });

  it('may make a subscriber take the endpoint away', async () => {
    const { clock, registry, register, checkerOf } = start();
    register(1);
    registry.subscribe((event) => {
      if (event.type === 'endpoint.unhealthy') registry.deregister(event.endpoint);
    });
    checkerOf(1).behaviour = REFUSES;
    await clock.advance(60_000);
    expect(checkerOf(1).startsMs).toHaveLength(3);
  });
});

describe('a failure is found in time', () => {
  it.each<{ request: HealthCheckRequest; behaviour: Behaviour; kind: 'hangs' | 'refuses' }>([
    { request: {}, behaviour: 'hangs', kind: 'hangs' },
    { request: {}, behaviour: REFUSES, kind: 'refuses' },
    { request: { intervalMs: 200 }, behaviour: 'hangs', kind: 'hangs' },
    { request: { intervalMs: 200 }, behaviour: REFUSES, kind: 'refuses' },
    { request: { intervalMs: 1_000, fall: 2, timeoutMs: 440 }, behaviour: 'hangs', kind: 'hangs' },
    { request: { intervalMs: 1_000, fall: 1, timeoutMs: 880 }, behaviour: 'hangs', kind: 'hangs' },
    { request: { intervalMs: 200, fall: 4, timeoutMs: 1_000 }, behaviour: REFUSES, kind: 'refuses' },
  ])('within two intervals with $request when it $kind, whenever it happens', async ({ request, behaviour, kind }) => {
    const { clock, check, events, register, checkerOf } = start(request);
    const ports = Array.from({ length: 40 }, (_, i) => i + 1);
    for (const port of ports) register(port);
    await clock.advance(check.intervalMs * 7);
    const failedMs = clock.unixMs();
    for (const port of ports) checkerOf(port).behaviour = behaviour;
    events.length = 0;
    await clock.advance(check.intervalMs * 3);
    const tookMs = events.map((event) => event.unixMs - failedMs);
    expect(tookMs).toHaveLength(40);
    expect(Math.max(...tookMs)).toBeLessThanOrEqual(2 * check.intervalMs);
    // What is promised, and half a slot and a last look for each check.
    expect(Math.max(...tookMs)).toBeLessThanOrEqual(worstDetectionMs(check, kind) + 10 + check.fall);
    expect(Math.min(...tookMs)).toBeGreaterThan(0);
  });
});

describe('a pause of the monitor itself', () => {
  it('makes void what was under way: nobody is unhealthy for it', async () => {
    const { clock, monitor, events, register, checkerOf } = start({ fall: 1, intervalMs: 1_000, timeoutMs: 500 });
    for (let port = 1; port <= 50; port++) register(port);
    for (let port = 1; port <= 50; port++) checkerOf(port).behaviour = { tookMs: 400 };
    await clock.advance(10_000);
    events.length = 0;
    for (let i = 0; i < 5; i++) {
      await clock.pause(30_000);
      await clock.advance(3_000);
    }
    expect(events).toEqual([]);
    expect(monitor).toMatchObject({ failures: 0, pauses: 5 });
  });

  it('does not save one that is really down: it is found within two intervals after', async () => {
    const { clock, events, register, checkerOf } = start();
    for (let port = 1; port <= 20; port++) register(port);
    await clock.advance(20_000);
    events.length = 0;
    for (let port = 1; port <= 20; port++) checkerOf(port).behaviour = 'hangs';
    await clock.pause(30_000);
    await clock.advance(10_000);
    expect(events).toHaveLength(20);
  });

  it('is noticed by a result that comes before any timer', async () => {
    const { clock, monitor, register, checkerOf } = start({ fall: 1 });
    register(1);
    checkerOf(1).behaviour = 'hangs';
    while (checkerOf(1).startsMs.length === 0) await clock.advance(10);
    await clock.pause(60_000, () => checkerOf(1).fail('read ECONNRESET'));
    expect(monitor).toMatchObject({ checks: 0, pauses: 1 });
  });
});
