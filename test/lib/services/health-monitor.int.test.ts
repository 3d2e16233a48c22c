import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServiceEvent } from '../../../src/lib/events/service-events.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { parseHealthCheck, type HealthCheckRequest } from '../../../src/lib/services/health-check.ts';
import { HealthMonitor } from '../../../src/lib/services/health-monitor.ts';
import { ServiceRegistry } from '../../../src/lib/services/registry.ts';
import { until } from '../../support/until.ts';
import { serveScript } from './checks/scripted-server.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function monitoring(ports: readonly number[], request: HealthCheckRequest) {
  const registry = new ServiceRegistry({ clock: realClock });
  const check = parseHealthCheck(request);
  const events: (ServiceEvent & { readonly atMs: number })[] = [];
  registry.subscribe((event) => events.push({ ...event, atMs: realClock.monotonicMs() }));
  const monitor = new HealthMonitor({ registry, clock: realClock, checkOf: () => check });
  onTestFinished(() => {
    monitor.close();
    registry.close();
  });
  for (const port of ports)
    registry.register({ id: `e${port}`, service: 'shop', host: '127.0.0.1', port, lifetime: 'static' });
  const healthOf = (port: number): string | undefined => registry.lookup(`e${port}`)?.health;
  return { registry, events, healthOf };
}

/** Generous for busy machines; what is promised is tested with the fake clock. */
const INTERVAL_MS = 400;

describe('a monitor of real servers', () => {
  it.each<{ says: string; breaks: (socket: Socket) => unknown; reason: RegExp }>([
    { says: 'answers with 503', breaks: (socket) => socket.write(OK.replace('200', '503')), reason: /^status 503$/ },
    { says: 'says nothing', breaks: () => undefined, reason: /^no result within 100ms \(waiting for the answer\)$/ },
    {
      says: 'sends 200 and stalls within the body',
      breaks: (socket) => socket.write(OK.slice(0, -1)),
      reason: /^no result within 100ms \(reading the body\)$/,
    },
    { says: 'resets', breaks: (socket) => socket.resetAndDestroy(), reason: /ECONNRESET|^the connection was closed/ },
  ])('finds one that $says unhealthy, and healthy again when it is well', async ({ breaks, reason }) => {
    let isWell = true;
    const server = await serveScript((socket) => (isWell ? socket.write(OK) : breaks(socket)));
    const { events, healthOf } = monitoring([server.port], { intervalMs: INTERVAL_MS });
    await until('it is healthy', () => healthOf(server.port) === 'healthy');
    isWell = false;
    const failedMs = realClock.monotonicMs();
    await until('it is unhealthy', () => healthOf(server.port) === 'unhealthy');
    const found = events.at(-1)!;
    expect(found).toMatchObject({ type: 'endpoint.unhealthy', checks: 3 });
    expect('reason' in found && found.reason).toMatch(reason);
    expect(found.atMs - failedMs).toBeLessThan(4 * INTERVAL_MS);
    isWell = true;
    await until('it is healthy again', () => healthOf(server.port) === 'healthy');
  });

  it('finds one that is gone, while those that hang delay nobody', async () => {
    const well = await serveScript((socket) => socket.write(OK));
    const hanging = await Promise.all(Array.from({ length: 20 }, () => serveScript(() => undefined)));
    const { healthOf } = monitoring([well.port, ...hanging.map(({ port }) => port)], { intervalMs: INTERVAL_MS });
    await until('the well one is healthy', () => healthOf(well.port) === 'healthy');
    await until('the others are not', () => hanging.every(({ port }) => healthOf(port) === 'unhealthy'));
    expect(healthOf(well.port)).toBe('healthy');
    await well.close();
    await until('it is unhealthy', () => healthOf(well.port) === 'unhealthy');
  });

  it('checks by TCP that somebody listens', async () => {
    const server = await serveScript(() => undefined);
    const { healthOf } = monitoring([server.port], { kind: 'tcp', intervalMs: INTERVAL_MS });
    await until('it is healthy', () => healthOf(server.port) === 'healthy');
    await server.close();
    await until('it is unhealthy', () => healthOf(server.port) === 'unhealthy');
  });
});
