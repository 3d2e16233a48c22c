import { z } from 'zod';

/**
 * Quantities as people write them, to base units and back: durations (`300ms`, `1m30s`) in milliseconds, sizes (`2MiB`) in bytes,
 * shares (`30%`) in percent, rates (`200/s`) per second. Zod schemas keep the written form as their input, so that the JSON Schema
 * made from them tells an editor the same.
 */

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  µs: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const RATE_UNITS_PER_SECOND: Readonly<Record<string, number>> = { s: 1, m: 1 / 60, h: 1 / 3600 };

const DURATION = /^(?:\d+(?:\.\d+)?(?:us|µs|ms|s|m|h))+$/;
const SIZE = /^(\d+(?:\.\d+)?)(B|kB|KB|MB|GB|KiB|MiB|GiB)$/;
const BYTE_RATE = /^(\d+(?:\.\d+)?(?:B|kB|KB|MB|GB|KiB|MiB|GiB))\/s$/;
const PERCENT = /^(\d+(?:\.\d+)?)%$/;
const RATE = /^(\d+(?:\.\d+)?)\/(s|m|h)$/;

/** `1m30s` → 90,000; undefined when the text is no duration. */
export function parseDurationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)/g)) {
    totalMs += Number(amount) * (DURATION_UNITS_MS[unit ?? ''] ?? Number.NaN);
  }
  return Math.round(totalMs * 1e6) / 1e6;
}

/** `2MiB` → 2,097,152; undefined when the text is no size. */
export function parseSizeBytes(text: string): number | undefined {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  return unit === undefined ? undefined : Math.round(Number(amount) * (SIZE_UNITS_BYTES[unit] ?? Number.NaN));
}

/** `30%` → 30; undefined when the text is no percentage from 0 to 100. */
export function parsePercent(text: string): number | undefined {
  const [, amount] = PERCENT.exec(text) ?? [];
  return amount === undefined || Number(amount) > 100 ? undefined : Number(amount);
}

/** `200/s` → 200, `90/m` → 1.5; undefined when the text is no rate. */
export function parseRatePerSecond(text: string): number | undefined {
  const [, amount, unit] = RATE.exec(text) ?? [];
  return unit === undefined ? undefined : Number(amount) * (RATE_UNITS_PER_SECOND[unit] ?? Number.NaN);
}

/** `512KiB/s` → 524,288; undefined when the text is no rate of bytes. */
export function parseBytesPerSecond(text: string): number | undefined {
  const [, size] = BYTE_RATE.exec(text) ?? [];
  return size === undefined ? undefined : parseSizeBytes(size);
}

/** 90,000 → `1m30s`, 312.4 → `312ms`, 4.25 → `4.25ms`: short, for people, and readable by `parseDurationMs`. */
export function formatDurationMs(ms: number): string {
  if (ms < 0) return `-${formatDurationMs(-ms)}`;
  if (ms === 0) return '0ms';
  if (ms < 1) return `${trim((ms * 1000).toPrecision(3))}us`;
  if (ms < 10) return `${trim(ms.toFixed(2))}ms`;
  if (ms < 100) return `${trim(ms.toFixed(1))}ms`;
  if (ms < 999.5) return `${ms.toFixed(0)}ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${trim(seconds.toFixed(seconds < 9.995 ? 2 : 1))}s`;
  const whole = Math.round(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${hours ? `${hours}h` : ''}${minutes ? `${minutes}m` : ''}${rest ? `${rest}s` : ''}`;
}

/** 2,097,152 → `2MiB`. */
export function formatSizeBytes(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    const size = SIZE_UNITS_BYTES[unit] ?? 1;
    if (bytes >= size) return `${trim((bytes / size).toFixed(1))}${unit}`;
  }
  return `${bytes}B`;
}

/** 29.7 → `29.7%`, 0.001 → `0.001%`. */
export function formatPercent(percent: number): string {
  return `${percent === 0 || percent >= 1 ? trim(percent.toFixed(1)) : trim(percent.toPrecision(2))}%`;
}

function trim(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}

/** A duration such as `300ms`, `3.2s`, `1m30s`; comes out in milliseconds. */
export const durationSchema = quantity(
  'a duration such as 300ms, 3.2s or 1m30s',
  '^(?:\\d+(?:\\.\\d+)?(?:us|µs|ms|s|m|h))+$',
  parseDurationMs,
);
/** A size such as `512KiB`; comes out in bytes. */
export const sizeSchema = quantity('a size such as 512KiB, 2MiB or 1GB', SIZE.source, parseSizeBytes);
/** A rate of bytes such as `512KiB/s`; comes out in bytes per second. */
export const byteRateSchema = quantity('a rate such as 64KiB/s or 10MB/s', BYTE_RATE.source, parseBytesPerSecond);
/** A share such as `30%`; comes out in percent, 0 to 100. */
export const percentSchema = quantity(
  'a percentage from 0% to 100%, such as 30% or 0.5%',
  PERCENT.source,
  parsePercent,
);
/** A rate such as `200/s`; comes out per second. */
export const rateSchema = quantity('a rate such as 200/s or 90/m', RATE.source, parseRatePerSecond);

function quantity(description: string, pattern: string, parse: (text: string) => number | undefined) {
  return z
    .string({ error: `expected ${description}` })
    .meta({ description, pattern })
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `expected ${description}` });
      return z.NEVER;
    });
}
