import {
  type Balancer,
  type BalancerKind,
  BALANCER_KINDS,
  type Candidate,
  createBalancer,
} from '../../src/lib/resilience/balance.ts';

/**
 * Decisions per CPU-second of each kind of balancer, over 3 and 100 endpoints, and the bytes that a decision allocates. A tenth of
 * the endpoints is busy; keys are 20 different texts of about 20 characters. Last, what one change of members costs at the next pick.
 *
 *     node --expose-gc bench/resilience/balance.ts [picks]
 */

const count = Number(process.argv[2] ?? 2_000_000);
const BATCHES = 5;
const BATCH_PICKS = 50_000;
const KEYS = Array.from({ length: 20 }, (_, i) => `/api/orders/${100_000 + i * 7}/items`);

console.log(row('', 'endpoints', 'M picks/CPU-s', 'ns/pick', 'bytes/pick', 'ms/change'));
for (const kind of BALANCER_KINDS) {
  for (const size of [3, 100]) {
    // The first round is for the compiler.
    measure(kind, size, count / 10);
    const { nsPerPick, bytesPerPick } = measure(kind, size, count);
    const million = (1000 / nsPerPick).toFixed(2);
    const change = changeMs(kind, size).toFixed(3);
    console.log(row(kind, String(size), million, nsPerPick.toFixed(0), bytesPerPick.toFixed(2), change));
  }
}

interface Measured {
  readonly nsPerPick: number;
  readonly bytesPerPick: number;
}

function measure(kind: BalancerKind, size: number, picks: number): Measured {
  const balancer = createBalancer(kind);
  const all = endpoints(size);
  pickMany(balancer, all, 1000);
  const cpuBefore = process.cpuUsage();
  pickMany(balancer, all, picks);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { nsPerPick: ((user + system) * 1000) / picks, bytesPerPick: bytesPerPick(balancer, all) };
}

/** The least of some batches that are too short for a collection in between, which would hide what they allocate. */
function bytesPerPick(balancer: Balancer, all: readonly Candidate[]): number {
  const growths = Array.from({ length: BATCHES }, () => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    pickMany(balancer, all, BATCH_PICKS);
    return process.memoryUsage().heapUsed - before;
  });
  return Math.min(...growths) / BATCH_PICKS;
}

function pickMany(balancer: Balancer, all: readonly Candidate[], picks: number): void {
  const request = { key: KEYS[0], nowMs: 0, excluded: undefined };
  for (let i = 0; i < picks; i++) {
    request.nowMs = i;
    request.key = KEYS[i % 20];
    if (balancer.pick(all, request) === undefined) throw new Error('nobody was picked');
  }
}

/** CPU time of a pick that finds one endpoint gone or back, median of 20. */
function changeMs(kind: BalancerKind, size: number): number {
  const balancer = createBalancer(kind);
  const all = endpoints(size);
  const request = { key: KEYS[0], nowMs: 0, excluded: undefined };
  const times = Array.from({ length: 20 }, (_, i) => {
    const startMs = performance.now();
    balancer.pick(i % 2 === 0 ? all : all.slice(1), request);
    return performance.now() - startMs;
  });
  return times.sort((a, b) => a - b)[10] ?? Number.NaN;
}

function endpoints(size: number): Candidate[] {
  return Array.from({ length: size }, (_, i) => ({
    id: `10.0.0.${i}:8080`,
    weight: 1,
    isHealthy: true,
    inFlight: i % 10 === 0 ? 1 : 0,
    healthySinceMs: -Infinity,
  }));
}

function row(name: string, ...columns: readonly string[]): string {
  return name.padEnd(18) + columns.map((column) => column.padStart(15)).join('');
}
