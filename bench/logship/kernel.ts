/**
 * What framing log lines costs: `node bench/logship/kernel.ts [nginx|json|syslog] …`. Files of 512 MiB in the page cache are read, framed
 * and forgotten, each in a process of its own, bundled as users have it; `cat FILE | cat` does the least that a shipper could. Cases take
 * turns. Ends with 1 when a bar is missed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { median } from '../proxy/processes.ts';
import { type Kind, KINDS, writeLogFile } from './log-data.ts';

interface Case {
  readonly kind: Kind;
  readonly options: readonly string[];
  /** At least so many GB in a CPU-second. */
  readonly barGb?: number;
}

interface Measured {
  readonly gbPerCpuSecond: number;
  readonly wholeProcess: number;
  readonly rssMb: number;
  readonly lineBytes: number;
}

const FILE_BYTES = 512 * 1024 * 1024;
const ROUNDS = 3;
const RSS_BAR_MB = 80;
const MB = 1e6;

const CASES: readonly Case[] = [
  { kind: 'nginx', options: [] },
  { kind: 'nginx', options: ['utf8'], barGb: 2 },
  { kind: 'nginx', options: ['utf8', 'severity'] },
  { kind: 'json', options: [] },
  { kind: 'json', options: ['utf8'], barGb: 2 },
  { kind: 'json', options: ['utf8', 'severity'] },
  { kind: 'json', options: ['utf8', 'severity', 'traceIds'] },
  { kind: 'syslog', options: [] },
  { kind: 'syslog', options: ['utf8'] },
  { kind: 'syslog', options: ['utf8', 'severity'], barGb: 1.2 },
];

const worker = await bundleWorker();
const asked = process.argv.slice(2);
for (const kind of KINDS) {
  if (asked.length === 0 || asked.includes(kind)) measureKind(kind);
}

function measureKind(kind: Kind): void {
  const path = writeLogFile(kind, FILE_BYTES);
  const cases = CASES.filter((one) => one.kind === kind);
  const results = new Map(cases.map((one) => [one, [] as Measured[]]));
  const cats: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    cats.push(catGbPerCpuSecond(path));
    for (const one of cases) results.get(one)?.push(measure(path, one.options));
  }
  rmSync(path);
  const lineBytes = [...results.values()][0]?.[0]?.lineBytes ?? NaN;
  console.log(`\n${kind}, lines of ${lineBytes.toFixed(0)} bytes: GB per CPU-second, median (all rounds)`);
  console.log(`  ${'cat FILE | cat'.padEnd(32)} ${format(cats)}`);
  for (const [{ options, barGb }, measured] of results) {
    const gb = measured.map((one) => one.gbPerCpuSecond);
    const rssMb = Math.max(...measured.map((one) => one.rssMb));
    const misses = median(gb) < (barGb ?? 0) || rssMb > RSS_BAR_MB;
    if (misses) process.exitCode = 1;
    console.log(
      `  ${['read, frame', ...options].join(' + ').padEnd(40)} ${format(gb)}  against cat ${(median(gb) / median(cats)).toFixed(2)}` +
        `  with start-up ${median(measured.map((one) => one.wholeProcess)).toFixed(2)}  peak ${rssMb.toFixed(0)} MB` +
        `${barGb === undefined ? '' : `  bar ${barGb}`}${misses ? '  MISSED' : ''}`,
    );
  }
}

function measure(path: string, options: readonly string[]): Measured {
  const output = execFileSync(process.execPath, [worker, path, ...options], { encoding: 'utf8' });
  const { inputBytes, lines, cpuUs, processCpuUs, maxRssKiB } = JSON.parse(output) as Record<string, number>;
  return {
    gbPerCpuSecond: inputBytes! / 1000 / cpuUs!,
    wholeProcess: inputBytes! / 1000 / processCpuUs!,
    rssMb: (maxRssKiB! * 1024) / MB,
    lineBytes: inputBytes! / lines!,
  };
}

/** The shell tells the times of its children: user and system, minutes and seconds. */
function catGbPerCpuSecond(path: string): number {
  const { stdout } = spawnSync('sh', ['-c', 'wc -c < "$0"; cat "$0" | cat > /dev/null; times', path], {
    encoding: 'utf8',
  });
  const [bytes = '', , children = ''] = stdout.trim().split('\n');
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + Number(m) * 60 + Number(s),
    0,
  );
  return Number(bytes) / 1e9 / seconds;
}

function format(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${values.map((value) => value.toFixed(2)).join(' ')})`;
}

async function bundleWorker(): Promise<string> {
  const root = dirname(dirname(import.meta.dirname));
  const file = join(root, 'node_modules', '.cache', 'faultline-bench', 'kernel-worker.js');
  const bundle = await rolldown({ input: join(import.meta.dirname, 'kernel-worker.ts'), platform: 'node' });
  await bundle.write({ file, format: 'esm' });
  return file;
}
