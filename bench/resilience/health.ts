import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { loadavg } from 'node:os';
import { realClock } from '../../src/lib/runtime/clock.ts';
import { parseHealthCheck } from '../../src/lib/services/health-check.ts';
import { HealthMonitor } from '../../src/lib/services/health-monitor.ts';
import { ServiceRegistry } from '../../src/lib/services/registry.ts';
import { cpuNs, residentKiB } from '../proxy/processes.ts';

/**
 * What active health checks cost: 200 endpoints asked every 200 ms by HTTP, 1,000 checks a second. The endpoints are 200 ports of one
 * process, the monitor is another; its CPU time is told as a share of one core, beside that of a process which only writes a request to each
 * of 200 open connections and counts what comes back, in batches as large: what of the cost is the kernel's and node:net's.
 *
 *     node bench/resilience/health.ts [seconds] [endpoints] [interval-ms]
 */

const BAR_PERCENT = 5;
const BATCH_MS = 20;
/** A monitor runs for days; the compiler of V8 takes some thousand checks to know what is hot. */
const WARM_UP_MS = 10_000;
const REQUEST = Buffer.from('GET /health HTTP/1.1\r\nHost: 127.0.0.1:80\r\nUser-Agent: bare\r\nAccept: */*\r\n\r\n');

interface Counts {
  readonly checks: number;
  readonly failures: number;
  readonly pauses: number;
  readonly healthy: number;
  readonly changes: number;
}

/** With a date that changes once a second, as servers send it. */
let date = new Date().toUTCString();
setInterval(() => (date = new Date().toUTCString()), 1000).unref();
const response = (): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: ${date}\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok`;

async function serve(count: number): Promise<void> {
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => socket.write(response()));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  process.send?.(ports);
}

/** Tells its counts whenever it is asked. */
function monitor(ports: readonly number[], intervalMs: number): void {
  const registry = new ServiceRegistry({ clock: realClock });
  const check = parseHealthCheck({ intervalMs });
  let changes = 0;
  registry.subscribe(({ type }) => {
    if (type === 'endpoint.healthy' || type === 'endpoint.unhealthy') changes++;
  });
  const health = new HealthMonitor({ registry, clock: realClock, checkOf: () => check });
  for (const [i, port] of ports.entries())
    registry.register({ id: `shop-${i}`, service: 'shop', host: '127.0.0.1', port, lifetime: 'static' });
  process.on('message', () => {
    const { checks, failures, pauses } = health;
    const healthy = registry.list('shop').filter((endpoint) => endpoint.health === 'healthy').length;
    process.send?.({ checks, failures, pauses, healthy, changes } satisfies Counts);
  });
}

/** The same number of exchanges without any meaning. */
async function bare(ports: readonly number[], intervalMs: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(16 * 1024);
  let checks = 0;
  const onread = { buffer, callback: () => ++checks > 0 };
  const sockets = ports.map((port) => connect({ host: '127.0.0.1', port, noDelay: true, onread }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const batch = Math.ceil(ports.length / (intervalMs / BATCH_MS));
  let next = 0;
  setInterval(() => {
    for (let i = 0; i < batch; i++) sockets[next++ % sockets.length]?.write(REQUEST);
  }, BATCH_MS);
  process.on('message', () => {
    process.send?.({ checks, failures: 0, pauses: 0, healthy: 0, changes: 0 } satisfies Counts);
  });
}

async function countsOf(child: ChildProcess): Promise<Counts> {
  child.send('counts');
  const [counts] = (await once(child, 'message')) as [Counts];
  return counts;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function cost(role: string, ports: readonly number[], seconds: number, intervalMs: number): Promise<number> {
  const child = fork(import.meta.filename, [role, String(intervalMs), ports.join()]);
  const pid = child.pid ?? 0;
  // Compiled, connected and spread before it counts.
  await pause(WARM_UP_MS);
  const before = await countsOf(child);
  const beforeNs = cpuNs([pid]);
  const startMs = performance.now();
  await pause(seconds * 1000);
  const tookMs = performance.now() - startMs;
  const cpuMs = (cpuNs([pid]) - beforeNs) / 1e6;
  const after = await countsOf(child);
  const checks = after.checks - before.checks;
  const percent = (100 * cpuMs) / tookMs;
  console.log(
    `${role}: ${Math.round((1000 * checks) / tookMs)} checks/s, ${percent.toFixed(2)} % of a core, ${((1000 * cpuMs) / checks).toFixed(1)} us a check, ${residentKiB([pid])} KiB`,
  );
  const { failures, pauses, healthy, changes } = after;
  if (role === 'monitor')
    console.log(`  failures ${failures}, pauses ${pauses}, healthy ${healthy}, changes ${changes}`);
  child.disconnect();
  return percent;
}

async function measure(seconds: number, endpoints: number, intervalMs: number): Promise<void> {
  console.log(`${endpoints} endpoints every ${intervalMs} ms, ${seconds} s each; load ${loadavg()[0]?.toFixed(1)}`);
  const server = fork(import.meta.filename, ['serve', String(endpoints)]);
  const [ports] = (await once(server, 'message')) as [number[]];
  const bareBefore = await cost('bare', ports, seconds / 2, intervalMs);
  const percent = await cost('monitor', ports, seconds, intervalMs);
  const bareAfter = await cost('bare', ports, seconds / 2, intervalMs);
  server.disconnect();
  console.log(percent <= BAR_PERCENT ? `within ${BAR_PERCENT} %` : `MORE than ${BAR_PERCENT} %`);
  console.log(`${(percent / ((bareBefore + bareAfter) / 2)).toFixed(2)} times the bare exchanges`);
}

process.once('disconnect', () => process.exit());

const [role, first, second] = process.argv.slice(2);
const portsOf = (text = ''): number[] => text.split(',').map(Number);
if (role === 'serve') await serve(Number(first));
else if (role === 'monitor') monitor(portsOf(second), Number(first));
else if (role === 'bare') await bare(portsOf(second), Number(first));
else await measure(Number(role ?? 20), Number(first ?? 200), Number(second ?? 200));
