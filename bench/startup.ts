/**
 * How long a command takes to start, beside an empty Node: `npm run bench`, or `node bench/startup.ts [RUNS]`. Cases take turns, so that a
 * busy moment of the machine hurts all of them; the medians are compared. Ends with 1 when one is slower than its target.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

interface Case {
  readonly name: string;
  readonly argv: readonly string[];
  /** At most this many times an empty Node; undefined: for comparison only. */
  readonly targetRatio?: number;
}

const root = join(import.meta.dirname, '..');
const runs = Number(process.argv[2] ?? 25);
const scenario = join(root, 'scenarios/checkout/scenario.yaml');

const cases: readonly Case[] = [
  { name: 'node -e 0', argv: ['-e', '0'] },
  { name: 'faultline --version', argv: [join(root, 'bin/run.js'), '--version'], targetRatio: 2 },
  { name: 'faultline --help', argv: [join(root, 'bin/run.js'), '--help'], targetRatio: 2 },
  { name: 'chaos --help', argv: [join(root, 'bin/chaos.js'), '--help'], targetRatio: 2 },
  { name: 'chaos run --help', argv: [join(root, 'bin/chaos.js'), 'run', '--help'] },
  { name: 'chaos validate (demo)', argv: [join(root, 'bin/chaos.js'), 'validate', scenario], targetRatio: 6 },
];

const runnable = cases.filter(({ argv }) => argv.every((word) => !word.startsWith(root) || existsSync(word)));
const times = new Map(runnable.map(({ name }) => [name, [] as number[]]));
for (const { argv } of runnable) timeMs(argv); // the first start of each fills the caches
for (let run = 0; run < runs; run++) for (const { name, argv } of runnable) times.get(name)?.push(timeMs(argv));

const emptyMs = medianOf('node -e 0');
console.log(`${runs} runs each, taking turns, on Node ${process.version}; wall milliseconds\n`);
console.log(row('', 'min', 'median', 'max', 'ratio', 'target'));
for (const { name, targetRatio } of runnable) {
  const sorted = sortedTimes(name);
  const ratio = medianOf(name) / emptyMs;
  const [minMs = NaN, maxMs = NaN] = [sorted[0], sorted.at(-1)];
  const target = targetRatio === undefined ? '' : `≤ ${targetRatio}`;
  const over = targetRatio !== undefined && ratio > targetRatio;
  if (over) process.exitCode = 1;
  console.log(
    row(name, minMs.toFixed(1), medianOf(name).toFixed(1), maxMs.toFixed(1), ratio.toFixed(2), target) +
      (over ? '  OVER' : ''),
  );
}

function timeMs(argv: readonly string[]): number {
  const startMs = performance.now();
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  const tookMs = performance.now() - startMs;
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${String(status)}: ${stderr}`);
  return tookMs;
}

function sortedTimes(name: string): number[] {
  return [...(times.get(name) ?? [])].sort((a, b) => a - b);
}

function medianOf(name: string): number {
  const sorted = sortedTimes(name);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function row(name: string, ...columns: readonly string[]): string {
  return name.padEnd(24) + columns.map((column) => column.padStart(9)).join('');
}
