import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { getHeapStatistics } from 'node:v8';
import { executeThrough } from '../../src/lib/resilience/breaker-policy.ts';
import { CircuitBreaker, FAILURE, SUCCESS, type CircuitBreakerOptions } from '../../src/lib/resilience/breaker.ts';
import { realClock } from '../../src/lib/runtime/clock.ts';
import { median } from '../proxy/processes.ts';

/**
 * What a circuit breaker costs, beside cockatiel and opossum: `node bench/resilience/breaker.ts [CASE …]`.
 *
 * Each case runs in a process of its own, so that none is judged by code that was compiled for another; cases take turns, and medians are
 * compared. Decisions per second of CPU time of the whole process (its compiler and collector included), and bytes allocated per decision.
 */
const ROUNDS = 3;
/** Runs of a tenth each: before the second, the compiler is done with what the first found hot. */
const WARM_UPS = 2;

interface Case {
  readonly name: string;
  readonly decisions: number;
  /** At least so many million decisions in a CPU-second. */
  readonly targetM?: number;
  /** At least so many times the best of these. */
  readonly against?: readonly [number, ...string[]];
  readonly needs?: string;
  run(decisions: number): void | Promise<void>;
}

/** 5 % failures, never two in a row, in an order that no compiler folds. */
const OUTCOMES = Int8Array.from({ length: 1024 }, (_, i) => (i % 20 === 7 ? FAILURE : SUCCESS));
const MINUTE_MS = 60_000;
/** More of them in a row open a breaker, and it stays open for longer than any case takes: each looks at its clock before it rejects. */
const FAILURES = 5;
const OPEN_MS = 10 * MINUTE_MS;

const CASES: readonly Case[] = [
  { name: 'allow + record, row only', decisions: 50e6, targetM: 50, run: closed({}) },
  {
    name: 'allow + record, last 100 calls',
    decisions: 50e6,
    run: closed({ failurePercent: 50, slowMs: 10, slowPercent: 50, window: { kind: 'count', calls: 100 } }),
  },
  {
    name: 'allow + record, last 10 s',
    decisions: 50e6,
    run: closed({ failurePercent: 50, slowMs: 10, slowPercent: 50, window: { kind: 'time', windowMs: 10_000 } }),
  },
  { name: 'allow + record, all three in turns', decisions: 15e6, run: mixed },
  { name: 'rejected', decisions: 50e6, targetM: 20, run: rejected },
  { name: 'await of a function, no breaker', decisions: 3e6, run: (count) => repeat(count, succeed) },
  {
    name: 'executeThrough, closed',
    decisions: 3e6,
    against: [1, 'cockatiel, closed', 'opossum, closed'],
    run: (count) => {
      const breaker = new CircuitBreaker();
      return repeat(count, () => executeThrough(breaker, realClock, succeed));
    },
  },
  { name: 'cockatiel, closed', decisions: 3e6, needs: 'cockatiel', run: (count) => repeat(count, cockatiel()) },
  { name: 'opossum, closed', decisions: 1e6, needs: 'opossum', run: (count) => repeat(count, opossum(false)) },
  {
    name: 'executeThrough, open',
    decisions: 3e6,
    against: [10, 'cockatiel, open', 'opossum, open'],
    run: (count) => {
      const breaker = new CircuitBreaker({ openMs: OPEN_MS });
      const nowMs = realClock.monotonicMs();
      for (let i = 0; i <= FAILURES; i++) breaker.record(breaker.allow(nowMs), FAILURE, 1, nowMs);
      return repeatRejected(count, () => executeThrough(breaker, realClock, succeed));
    },
  },
  {
    name: 'cockatiel, open',
    decisions: 2e5,
    needs: 'cockatiel',
    run: async (count) => {
      const call = cockatiel();
      for (let i = 0; i <= FAILURES; i++) await call(fail).catch(() => undefined);
      return repeatRejected(count, call);
    },
  },
  { name: 'opossum, open', decisions: 2e5, needs: 'opossum', run: (count) => repeatRejected(count, opossum(true)) },
];

function closed(options: CircuitBreakerOptions): (decisions: number) => void {
  return (decisions) => decide(new CircuitBreaker(options), decisions);
}

function decide(breaker: CircuitBreaker, decisions: number): void {
  // A minute, whatever the number: the window of time moves on as it would.
  const stepMs = MINUTE_MS / decisions;
  for (let i = 0; i < decisions; i++) {
    const nowMs = i * stepMs;
    const ticket = breaker.allow(nowMs);
    breaker.record(ticket, OUTCOMES[i & 1023] === FAILURE ? FAILURE : SUCCESS, 1.5, nowMs);
  }
  if (breaker.view(0).state !== 'closed') throw new Error('the breaker opened');
}

/** What a process pays that has breakers of every kind: calls to the window are no longer calls to one class. */
function mixed(decisions: number): void {
  const rate = { failurePercent: 50, slowMs: 10, slowPercent: 50 };
  const breakers = [
    new CircuitBreaker(),
    new CircuitBreaker({ ...rate, window: { kind: 'count', calls: 100 } }),
    new CircuitBreaker({ ...rate, window: { kind: 'time', windowMs: 10_000 } }),
  ];
  const stepMs = MINUTE_MS / decisions;
  for (let i = 0, turn = 0; i < decisions; i++, turn = turn === 2 ? 0 : turn + 1) {
    const nowMs = i * stepMs;
    const breaker = breakers[turn]!;
    breaker.record(breaker.allow(nowMs), OUTCOMES[i & 1023] === FAILURE ? FAILURE : SUCCESS, 1.5, nowMs);
  }
}

function rejected(decisions: number): void {
  const breaker = new CircuitBreaker({ openMs: OPEN_MS });
  for (let i = 0; i <= FAILURES; i++) breaker.record(breaker.allow(0), FAILURE, 1, 0);
  const stepMs = MINUTE_MS / decisions;
  let refusals = 0;
  for (let i = 0; i < decisions; i++) {
    if (breaker.allow(i * stepMs) < 0) refusals++;
  }
  if (refusals !== decisions) throw new Error('the breaker let something through');
}

const succeed = async (): Promise<number> => 1;
const fail = (): Promise<number> => Promise.reject(new Error('failed'));

async function repeat(decisions: number, call: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < decisions; i++) await call();
}

async function repeatRejected(decisions: number, call: () => Promise<unknown>): Promise<void> {
  let refusals = 0;
  for (let i = 0; i < decisions; i++) {
    try {
      await call();
    } catch {
      refusals++;
    }
  }
  if (refusals !== decisions) throw new Error('the breaker let something through');
}

/** The parts of the peers that are used here; loaded only when they are there. */
interface Cockatiel {
  readonly handleAll: unknown;
  readonly ConsecutiveBreaker: new (threshold: number) => unknown;
  readonly circuitBreaker: (policy: unknown, options: object) => { execute(fn: () => unknown): Promise<unknown> };
}
type Opossum = new (fn: () => unknown, options: object) => { fire(): Promise<unknown>; open(): void };

const require = createRequire(import.meta.url);

function cockatiel(): (fn?: () => Promise<number>) => Promise<unknown> {
  const { circuitBreaker, handleAll, ConsecutiveBreaker } = require('cockatiel') as Cockatiel;
  const policy = circuitBreaker(handleAll, {
    halfOpenAfter: OPEN_MS,
    breaker: new ConsecutiveBreaker(FAILURES + 1),
  });
  return (fn = succeed) => policy.execute(fn);
}

function opossum(isOpen: boolean): () => Promise<unknown> {
  const breaker = new (require('opossum') as Opossum)(succeed, { timeout: false, resetTimeout: OPEN_MS });
  if (isOpen) breaker.open();
  return () => breaker.fire();
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

interface Figures {
  readonly millionsPerCpuSecond: number;
  readonly bytesPerDecision: number;
}

async function measure(one: Case): Promise<Figures> {
  const { decisions } = one;
  for (let i = 0; i < WARM_UPS; i++) await one.run(decisions / 10);
  const before = process.cpuUsage();
  const bytesBefore = allocatedBytes();
  await one.run(decisions);
  const bytes = allocatedBytes() - bytesBefore;
  const { user, system } = process.cpuUsage(before);
  return { millionsPerCpuSecond: decisions / (user + system), bytesPerDecision: bytes / decisions };
}

function allocatedBytes(): number {
  const statistics: { total_allocated_bytes?: number } = getHeapStatistics();
  return statistics.total_allocated_bytes ?? NaN;
}

function measureApart({ name }: Case): Figures {
  const output = execFileSync(process.execPath, [import.meta.filename, '--one', name], { encoding: 'utf8' });
  return JSON.parse(output) as Figures;
}

function print(cases: readonly Case[], figures: ReadonlyMap<string, readonly Figures[]>): void {
  const speed = (name: string): number =>
    median((figures.get(name) ?? []).map(({ millionsPerCpuSecond }) => millionsPerCpuSecond)) || NaN;
  console.log(`million decisions per CPU-second (median of ${ROUNDS}; all), Node ${process.version}`);
  for (const { name, targetM, against } of cases) {
    const all = figures.get(name) ?? [];
    const [factor = 1, ...peers] = against ?? [];
    const best = Math.max(...peers.map(speed).filter((value) => !Number.isNaN(value)));
    const least = targetM ?? (best > 0 ? best * factor : undefined);
    const target = least === undefined ? '' : `target ${least.toFixed(2)} ${speed(name) >= least ? 'met' : 'MISSED'}`;
    const bytes = median(all.map(({ bytesPerDecision }) => bytesPerDecision));
    const rounds = all.map(({ millionsPerCpuSecond }) => millionsPerCpuSecond.toFixed(2)).join(' ');
    const columns = [speed(name).toFixed(2).padStart(8), `${bytes.toFixed(1)} B`.padStart(10), `(${rounds})`, target];
    console.log(`${name.padEnd(36)} ${columns.join('  ')}`);
  }
}

const [first, ...names] = process.argv.slice(2);
if (first === '--one') {
  const wanted = CASES.find(({ name }) => name === names[0]);
  if (wanted) console.log(JSON.stringify(await measure(wanted)));
} else {
  const wanted = first === undefined ? CASES : CASES.filter(({ name }) => [first, ...names].includes(name));
  const cases = wanted.filter(({ needs }) => needs === undefined || isInstalled(needs));
  for (const { name } of wanted.filter((one) => !cases.includes(one))) console.log(`${name}: not installed, left out`);
  const figures = new Map(cases.map(({ name }) => [name, [] as Figures[]]));
  for (let round = 0; round < ROUNDS; round++) for (const one of cases) figures.get(one.name)?.push(measureApart(one));
  print(cases, figures);
}
