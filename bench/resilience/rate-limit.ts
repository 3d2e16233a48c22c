import { getHeapStatistics } from 'node:v8';
import { checkAll, RateLimit, sourceKey } from '../../src/lib/resilience/rate-limit.ts';

/**
 * What a decision of a rate limit costs: `node bench/resilience/rate-limit.ts [SECONDS]`. Decisions per second of CPU time (user and system, of
 * the whole process, garbage collection included), and heap allocated per decision. Cases take turns; the medians count.
 */

interface Case {
  readonly name: string;
  /** Decides `times` times and returns how many were admitted, so that nothing can be optimised away. */
  readonly run: (times: number, nowMs: number) => number;
}

const BATCH = 100_000;
const ROUNDS = 5;
const seconds = Number(process.argv[2] ?? 0.5);
const keys = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
const minted = Array.from({ length: 100_000 }, (_, i) => `minted-${i}`);

const cases: readonly Case[] = [
  { name: '1 key, admitted', run: checking(new RateLimit({ ratePerSecond: 1e9, burst: 1e6 }), ['a']) },
  { name: '1 key, refused', run: checking(new RateLimit({ ratePerSecond: 0.001 }), ['a']) },
  { name: '10,000 keys, admitted', run: checking(new RateLimit({ ratePerSecond: 1e6, burst: 1e6 }), keys) },
  { name: '10,000 keys, refused', run: checking(new RateLimit({ ratePerSecond: 0.001 }), keys) },
  { name: '100,000 keys, evicting', run: checking(new RateLimit({ ratePerSecond: 1e6, burst: 10 }), minted) },
  { name: '100,000 keys, overflowing', run: checking(new RateLimit({ ratePerSecond: 0.001 }), minted) },
  { name: 'two limits, 10,000 keys', run: checkingTwo() },
  { name: 'source key of IPv4', run: reading('203.0.113.77') },
  { name: 'source key of mapped IPv4', run: reading('::ffff:203.0.113.77') },
  { name: 'source key of IPv6', run: reading('2001:db8:85a3:8d3:1319:8a2e:370:7348') },
  { name: 'source key of X-Forwarded-For', run: reading('10.0.0.1', '198.51.100.1, 203.0.113.77') },
];

function checking(limit: RateLimit, names: readonly string[]): Case['run'] {
  let next = 0;
  return (times, nowMs) => {
    let admitted = 0;
    for (let i = 0; i < times; i++) {
      if (limit.check(names[next]!, nowMs + i * 1e-3) === 0) admitted++;
      if (++next === names.length) next = 0;
    }
    return admitted;
  };
}

function checkingTwo(): Case['run'] {
  const limits = [0, 1].map(() => new RateLimit({ ratePerSecond: 1e6, burst: 1e6 }));
  const pair = ['', 'everybody'];
  let next = 0;
  return (times, nowMs) => {
    let admitted = 0;
    for (let i = 0; i < times; i++) {
      pair[0] = keys[next++ % keys.length]!;
      if (checkAll(limits, pair, nowMs + i * 1e-3) === 0) admitted++;
    }
    return admitted;
  };
}

function reading(peer: string, forwardedFor?: string): Case['run'] {
  return (times) => {
    let length = 0;
    for (let i = 0; i < times; i++) length += sourceKey(peer, forwardedFor, forwardedFor === undefined ? 0 : 1).length;
    return length;
  };
}

function measure({ run }: Case): { perCpuSecond: number; bytesEach: number } {
  let done = 0;
  const cpu = process.cpuUsage();
  const before = allocatedBytes();
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs; done += BATCH)
    run(BATCH, performance.now());
  const bytes = allocatedBytes() - before;
  const { user, system } = process.cpuUsage(cpu);
  return { perCpuSecond: (done / (user + system)) * 1e6, bytesEach: bytes / done };
}

/** Told by newer Nodes only. */
function allocatedBytes(): number {
  const statistics: { total_allocated_bytes?: number } = getHeapStatistics();
  return statistics.total_allocated_bytes ?? NaN;
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

const rounds = Array.from({ length: ROUNDS + 1 }, () => cases.map(measure)).slice(1);
console.log(`Node ${process.version}, ${ROUNDS} rounds of ${seconds} s each, medians\n`);
console.log(`${''.padEnd(32)}${'M per CPU-second'.padStart(18)}${'bytes each'.padStart(14)}`);
for (const [index, { name }] of cases.entries()) {
  const perSecond = median(rounds.map((round) => round[index]!.perCpuSecond));
  const bytes = median(rounds.map((round) => round[index]!.bytesEach));
  console.log(`${name.padEnd(32)}${(perSecond / 1e6).toFixed(2).padStart(18)}${bytes.toFixed(1).padStart(14)}`);
}
