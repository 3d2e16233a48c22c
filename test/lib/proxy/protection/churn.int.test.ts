import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { openProxy } from '../../../../src/lib/proxy/proxy.ts';
import { UNPROTECTED, type ProtectionOptions } from '../../../../src/lib/proxy/protection.ts';
import { hashFraction } from '../../../../src/lib/runtime/chance.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import type { Endpoint } from '../../../../src/lib/services/endpoint.ts';
import { parseHealthCheck, worstDetectionMs } from '../../../../src/lib/services/health-check.ts';
import { HealthMonitor } from '../../../../src/lib/services/health-monitor.ts';
import { ServiceRegistry } from '../../../../src/lib/services/registry.ts';
import { until } from '../../../support/until.ts';
import type { ChurnOrder, ChurnReport } from './churn-endpoints.ts';

const IS_SOAK = process.env.FAULTLINE_SOAK === '1';
/** Five minutes at a thousand requests a second in full (npm run soak). */
const CHURN_MS = IS_SOAK ? 300_000 : 8_000;
const RATE_PER_SECOND = IS_SOAK ? 1_000 : 300;
const ENDPOINTS = 6;
/** So many are dead, stalled, refusing, drained or gone at once; the rest could answer any request. */
const MAX_OUT = 3;
const CHECK = parseHealthCheck({ path: '/health', intervalMs: 200 });
/** From the moment that an endpoint is known to be out no request is sent to it: the balancer looks at the very same record. */
const KNOWN_MS = 0;
/** What the checks promise, two intervals, and the time that it takes to tell the servers' process to fail. */
const FAILED_MS = worstDetectionMs(CHECK) + 50;
/** A busy machine may need more than a moment for its own doing. */
const TRY_TIMEOUT_MS = 400;

const PROTECTION: Partial<ProtectionOptions> = {
  balance: { kind: 'least_request', key: undefined, panicPercent: 0 },
  // One try for each that may be out, and one for who is not.
  retries: {
    attempts: MAX_OUT + 1,
    statuses: [502, 503, 504],
    alsoMethods: [],
    budget: { ratioPercent: 100, minRetriesPerSecond: 1000 },
    tryTimeoutMs: TRY_TIMEOUT_MS,
  },
  timeoutMs: 10_000,
};

let throws = 0;
const chance = (): number => hashFraction('balanced churn', throws++);
const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(chance() * values.length)]!;

/** The servers, in a process of their own. */
async function startServers() {
  const child = fork(new URL('./churn-endpoints.ts', import.meta.url).pathname, [String(ENDPOINTS)], { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [{ ports }] = (await once(child, 'message')) as [Extract<ChurnReport, { type: 'ready' }>];
  const waiting = new Map<number, () => void>();
  child.on('message', (report: ChurnReport) => {
    if (report.type === 'done') waiting.get(report.id)?.();
  });
  let next = 0;
  const order = (endpoint: number, to: ChurnOrder['to']): Promise<void> =>
    new Promise((resolve) => {
      const id = next++;
      waiting.set(id, resolve);
      child.send({ id, endpoint, to } satisfies ChurnOrder);
    });
  return { ports, order };
}

interface Late {
  readonly endpoint: string;
  readonly why: string;
  readonly ms: number;
}

/** Notes each request that begins at an endpoint which is out, by the very count that the balancer raises. */
class StartWatch {
  /** Since when each is known to be out, and since when it has really been. */
  readonly known = new Map<Endpoint, number>();
  readonly failed = new Map<Endpoint, number>();
  readonly tooLate: Late[] = [];
  /** Later than promised; held against what this process has stood still. */
  readonly late: Late[] = [];
  latestMs = 0;
  readonly all = new Set<Endpoint>();

  add(endpoint: Endpoint): void {
    this.all.add(endpoint);
    let inFlight = 0;
    Object.defineProperty(endpoint, 'inFlight', {
      get: () => inFlight,
      set: (value: number) => {
        if (value > inFlight) this.#onStart(endpoint);
        inFlight = value;
      },
    });
  }

  #onStart(endpoint: Endpoint): void {
    const nowMs = realClock.monotonicMs();
    const knownMs = nowMs - (this.known.get(endpoint) ?? nowMs);
    const failedMs = nowMs - (this.failed.get(endpoint) ?? nowMs);
    this.latestMs = Math.max(this.latestMs, failedMs);
    if (knownMs > KNOWN_MS) this.tooLate.push({ endpoint: endpoint.id, why: 'known', ms: knownMs });
    if (failedMs > FAILED_MS) this.late.push({ endpoint: endpoint.id, why: 'failed', ms: failedMs });
  }
}

it(
  'answers every request while endpoints die, stall, refuse, drain, leave and return',
  { timeout: CHURN_MS + 60_000 },
  async () => {
    const { ports, order } = await startServers();
    const clock = realClock;
    const registry = new ServiceRegistry({ clock });
    const starts = new StartWatch();
    const register = (i: number, weight = 1): void => {
      const known = registry.lookup(`e${i}`);
      const endpoint = registry.register({
        ...{ id: `e${i}`, service: 's', host: '127.0.0.1', port: ports[i]! },
        ...{ weight, lifetime: 'static' as const },
      });
      if (known === undefined) starts.add(endpoint);
    };
    registry.subscribe((event) => {
      if (!('endpoint' in event)) return;
      const endpoint = registry.lookup(event.endpoint);
      if (endpoint === undefined) return;
      const isOut = !endpoint.isHealthy || endpoint.weight === 0;
      if (!isOut) starts.known.delete(endpoint);
      else if (!starts.known.has(endpoint)) starts.known.set(endpoint, clock.monotonicMs());
    });
    for (let i = 0; i < ENDPOINTS; i++) register(i);
    const monitor = new HealthMonitor({ registry, clock, checkOf: () => CHECK });
    const proxy = openProxy({ clock });
    onTestFinished(async () => {
      monitor.close();
      registry.close();
      await proxy.close();
    });
    const destinations = () => registry.list('s');
    const listen = { host: '127.0.0.1', port: 0 };
    const protection = { ...UNPROTECTED, ...PROTECTION };
    const address = await proxy.listen({
      service: 's',
      protocol: 'http',
      listen,
      upstreams: [],
      protection,
      destinations,
    });

    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    onTestFinished(() => agent.destroy());
    const errors: string[] = [];
    let answered = 0;
    let open = 0;
    const startMs = clock.monotonicMs();
    const ask = (): void => {
      open++;
      const at = Math.round(clock.monotonicMs() - startMs);
      const end = (what: string | undefined): void => {
        open--;
        if (what === undefined) answered++;
        else errors.push(`+${at} ms: ${what}`);
      };
      get({ host: '127.0.0.1', port: address.port, path: '/', agent }, (response) => {
        const { statusCode = 0 } = response;
        response.resume();
        response.once('end', () => end(statusCode === 200 ? undefined : `${statusCode}`));
      }).once('error', (error) => end(error.message));
    };

    const endMs = startMs + CHURN_MS;
    let sent = 0;
    let tickMs = startMs;
    let lagMs = 0;
    const cancelLoad = clock.every(10, () => {
      lagMs = Math.max(lagMs, clock.monotonicMs() - tickMs - 10);
      tickMs = clock.monotonicMs();
      const due = Math.floor(((clock.monotonicMs() - startMs) * RATE_PER_SECOND) / 1000);
      while (sent < due && clock.monotonicMs() < endMs) {
        sent++;
        ask();
      }
    });
    onTestFinished(cancelLoad);

    const out = new Set<number>();
    const heapsMb: number[] = [];
    const failing = (i: number, to: ChurnOrder['to']) => async (): Promise<void> => {
      await order(i, to);
      const endpoint = registry.lookup(`e${i}`);
      if (endpoint !== undefined) starts.failed.set(endpoint, clock.monotonicMs());
      await clock.sleep(300 + chance() * 2000);
      if (endpoint !== undefined) starts.failed.delete(endpoint);
      await order(i, 'heal');
    };
    const changes = (i: number): readonly (() => Promise<void>)[] => [
      failing(i, 'die'),
      failing(i, 'stall'),
      failing(i, 'refuse'),
      async () => {
        registry.drain(`e${i}`);
        await clock.sleep(chance() * 1000);
        registry.undrain(`e${i}`);
      },
      async () => {
        const endpoint = registry.lookup(`e${i}`)!;
        registry.deregister(`e${i}`);
        starts.known.set(endpoint, clock.monotonicMs());
        await clock.sleep(chance() * 1000);
        register(i, 1 + Math.floor(chance() * 5));
      },
    ];
    const running = new Set<Promise<unknown>>();
    while (clock.monotonicMs() < endMs) {
      await clock.sleep(50 + chance() * 150);
      heapsMb.push(process.memoryUsage().heapUsed / 1_048_576);
      const well = Array.from({ length: ENDPOINTS }, (_, i) => i).filter((i) => !out.has(i));
      registry.setWeight(`e${pick(well)}`, 1 + Math.floor(chance() * 10));
      if (out.size >= MAX_OUT) continue;
      const i = pick(well);
      out.add(i);
      const change: Promise<unknown> = pick(changes(i))()
        // Until it gets requests again it is one that is out.
        .then(() => until('it to be well', () => registry.lookup(`e${i}`)?.isHealthy === true, 10_000))
        .finally(() => out.delete(i));
      running.add(change);
      void change.finally(() => running.delete(change));
    }
    await Promise.all(running);
    cancelLoad();
    await until('all to be answered', () => open === 0, 15_000);

    const { retries = 0 } = proxy.protection('s') ?? {};
    if (IS_SOAK)
      process.stderr.write(
        `${sent} requests, ${retries} retries, latest request to a failed endpoint after ${Math.round(starts.latestMs)} ms (promised ${FAILED_MS}, stood still for up to ${Math.round(lagMs)}), heap ${heapsMb[0]?.toFixed(0)} to ${heapsMb.at(-1)?.toFixed(0)} MiB\n`,
      );
    expect(errors).toEqual([]);
    expect(starts.tooLate).toEqual([]);
    // A process that stands still checks nobody: each of the two checks that find a failure may be as late as the worst tick of the load.
    expect(starts.late.filter(({ ms }) => ms > FAILED_MS + 3 * lagMs)).toEqual([]);
    expect(answered).toBe(sent);
    expect(sent).toBeGreaterThan((CHURN_MS / 1000) * RATE_PER_SECOND * 0.9);
    expect(retries).toBeGreaterThan(0);
    expect([...starts.all].map(({ inFlight }) => inFlight)).toEqual([...starts.all].map(() => 0));
    const early = heapsMb.slice(0, Math.ceil(heapsMb.length / 4));
    expect(Math.min(...heapsMb.slice(-20))).toBeLessThan(Math.max(...early) + 50);
  },
);
