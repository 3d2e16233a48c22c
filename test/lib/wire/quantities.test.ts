import { describe, expect, it } from 'vitest';
import {
  durationSchema,
  formatDurationMs,
  formatPercent,
  formatSizeBytes,
  parseDurationMs,
  parsePercent,
  parseRatePerSecond,
  parseSizeBytes,
  percentSchema,
  rateSchema,
  sizeSchema,
} from '../../../src/lib/wire/quantities.ts';

describe('quantities', () => {
  it.each([
    ['300ms', 300],
    ['3.2s', 3200],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['250us', 0.25],
    ['0s', 0],
    ['300', undefined],
    ['ms', undefined],
    ['-1s', undefined],
    ['1 s', undefined],
    ['1e3s', undefined],
    ['1s ', undefined],
    ['1d', undefined],
  ])('reads the duration %j as %s ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each([
    ['2MiB', 2_097_152],
    ['1kB', 1000],
    ['1.5KiB', 1536],
    ['7B', 7],
    ['7', undefined],
    ['1TB', undefined],
  ])('reads the size %j as %s bytes', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each([
    ['30%', 30],
    ['0.001%', 0.001],
    ['100%', 100],
    ['101%', undefined],
    ['-1%', undefined],
    ['30', undefined],
  ])('reads the share %j as %s percent', (text, percent) => {
    expect(parsePercent(text)).toBe(percent);
  });

  it.each([
    ['200/s', 200],
    ['90/m', 1.5],
    ['3600/h', 1],
    ['200', undefined],
    ['1/d', undefined],
  ])('reads the rate %j as %s per second', (text, rate) => {
    expect(parseRatePerSecond(text)).toBe(rate);
  });

  it.each([
    [0, '0ms'],
    [0.25, '250us'],
    [4.254, '4.25ms'],
    [31.25, '31.3ms'],
    [312.4, '312ms'],
    [999.4, '999ms'],
    [999.6, '1s'],
    [4250, '4.25s'],
    [59_949, '59.9s'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [-300, '-300ms'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDurationMs(ms)).toBe(text);
  });

  it('reads back what it wrote, within the digits shown', () => {
    for (let ms = 0.1; ms < 1e8; ms *= 1.37) {
      const back = parseDurationMs(formatDurationMs(ms)) ?? Number.NaN;
      expect(Math.abs(back - ms) / ms, formatDurationMs(ms)).toBeLessThan(0.01);
    }
  });

  it.each([
    [0, '0%'],
    [29.68, '29.7%'],
    [100, '100%'],
    [0.001, '0.001%'],
    [0.456, '0.46%'],
  ])('writes %d percent as %s', (percent, text) => {
    expect(formatPercent(percent)).toBe(text);
  });

  it.each([
    [7, '7B'],
    [1536, '1.5KiB'],
    [2_097_152, '2MiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatSizeBytes(bytes)).toBe(text);
  });

  it.each([
    ['duration', durationSchema, 'a duration such as 300ms'],
    ['size', sizeSchema, 'a size such as'],
    ['percent', percentSchema, 'a percentage from 0% to 100%'],
    ['rate', rateSchema, 'a rate such as 200/s'],
  ])('the schema of a %s says what would be right, for a text and for anything else', (_name, schema, words) => {
    for (const wrong of ['nonsense', 5, null, undefined]) {
      expect(schema.safeParse(wrong).error?.issues[0]?.message).toContain(words);
    }
  });
});
