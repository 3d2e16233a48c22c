import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Log files to measure with, always the same: lines of about 165, 317 and 75 bytes. */
export const KINDS = ['nginx', 'json', 'syslog'] as const;
export type Kind = (typeof KINDS)[number];

/** The file repeats itself after so many lines, which is more than a branch predictor remembers. */
const DISTINCT_LINES = 40_000;

const PATHS = ['/', '/api/v1/orders', '/api/v1/users/4711', '/static/app.js', '/checkout', '/health'];
const LEVELS = ['INFO', 'INFO', 'WARN', 'ERROR', 'DEBUG'];

type Random = (limit: number) => number;

/** Writes a file of at least so many bytes, whole lines, and returns its path. */
export function writeLogFile(kind: Kind, leastBytes: number): string {
  const directory = join(tmpdir(), 'faultline-bench-logs');
  mkdirSync(directory, { recursive: true });
  const random = sequence(12_345);
  const lines = Array.from({ length: DISTINCT_LINES }, () => `${LINES[kind](random)}\n`);
  const block = Buffer.from(lines.join(''));
  const path = join(directory, `${kind}.log`);
  const file = openSync(path, 'w');
  for (let bytes = 0; bytes < leastBytes; bytes += block.length) writeSync(file, block);
  closeSync(file);
  return path;
}

const LINES: Readonly<Record<Kind, (random: Random) => string>> = {
  nginx(random) {
    const address = `10.${random(256)}.${random(256)}.${random(256)}`;
    const request = `"${oneOf(['GET', 'POST', 'PUT'], random)} ${oneOf(PATHS, random)} HTTP/1.1"`;
    const agent = `"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Safari/${'537.36'.slice(random(6))}.12.4 Shop/12"`;
    return `${address} - - [01/Dec/2026:${clock(random)} +0000] ${request} ${oneOf([200, 200, 304, 500], random)} ${random(99_999)} "-" ${agent}`;
  },
  json: (random) =>
    JSON.stringify({
      timestamp: `2026-12-01T${clock(random)}.${random(1000)}Z`,
      level: oneOf(LEVELS, random).toLowerCase(),
      service: 'checkout',
      trace_id: hex(random, 32),
      span_id: hex(random, 16),
      message: `payment of ${random(9999)} cents accepted for the customer after ${random(5)} retries`,
      http: { status: oneOf([200, 201, 500], random), path: oneOf(PATHS, random), duration_ms: random(1000) },
      host: `web-${random(30)}.eu-central-1`,
    }),
  syslog: (random) =>
    `Dec  1 ${clock(random)} web-${random(20)} app[${random(30_000)}]: ${oneOf(LEVELS, random)} request ${random(100_000)} took ${random(900)} ms at /order`,
};

function clock(random: Random): string {
  return [24, 60, 60].map((limit) => String(random(limit)).padStart(2, '0')).join(':');
}

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => (random(15) + 1).toString(16)).join('');
}

function oneOf<T>(values: readonly T[], random: Random): T {
  return values[random(values.length)]!;
}

function sequence(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
