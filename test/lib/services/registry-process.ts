import type { ServiceEvent } from '../../../src/lib/events/service-events.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { parseHealthCheck } from '../../../src/lib/services/health-check.ts';
import { HealthMonitor } from '../../../src/lib/services/health-monitor.ts';
import { ServiceRegistry } from '../../../src/lib/services/registry.ts';

/** What the parent says: an endpoint to register, or the id of one that lives. */
export type ToRegistry = { readonly register: string; readonly port: number } | { readonly heartbeat: string };
export type FromRegistry = { readonly event: ServiceEvent } | { readonly ready: true };

// A registry and its monitor in a process of their own, which can be stopped. Times are short: 800 ms to live, checks every 200 ms.
const registry = new ServiceRegistry({ clock: realClock, sweepMs: 100 });
const check = parseHealthCheck({ intervalMs: 200, timeoutMs: 150, fall: 1 });
const send = (message: FromRegistry): void => void process.send?.(message);
registry.subscribe((event) => send({ event }));
const monitor = new HealthMonitor({ registry, clock: realClock, checkOf: () => check });
process.on('message', (message: ToRegistry) => {
  if ('heartbeat' in message) registry.heartbeat(message.heartbeat);
  else
    registry.register({
      id: message.register,
      service: 'shop',
      host: '127.0.0.1',
      port: message.port,
      ttlMs: 800,
      heartbeatMs: 300,
    });
});
process.once('disconnect', () => {
  monitor.close();
  registry.close();
});
send({ ready: true });
