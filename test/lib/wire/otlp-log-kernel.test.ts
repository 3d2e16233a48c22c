import { describe, expect, it } from 'vitest';
import { createLogKernel, type LogSegment } from '../../../src/lib/wire/otlp-log-kernel.ts';
import {
  createSmallKernel,
  decodeRequest,
  drain,
  lineOf,
  linesOf,
  recordsOf,
  sequence,
  ship,
  type Shipped,
} from './log-kernel-input.ts';

const FILE = { path: '/var/log/app/server.log', id: '00fd01-1a2b3c' };
const NOW_MS = 1_796_126_400_000;
const wide = createLogKernel({ batches: 1 });
const small = createSmallKernel();

const letters = (length: number): string =>
  'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(length / 26)).slice(0, length);

describe('lines become records', () => {
  const lengths = [0, 1, 2, 62, 63, 64, 65, 125, 126, 127, 128, 129, 130, 191, 192, 193];
  const text = lengths.map((length) => `${letters(length)}${length % 3 === 0 ? '\r\n' : '\n'}`).join('');
  const bytes = Buffer.from(`\n\r\n${text}\r\r\n\n\rü€𝄞\nno newline at the end`);

  it('the same wherever the input is split', () => {
    const expected = linesOf(bytes, FILE.id);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const file = small.addFile(FILE);
      const { records } = ship(small, file, bytes, (at) => (at < cut ? cut - at : bytes.length));
      expect(records.map(lineOf)).toEqual(expected);
    }
  });

  it.each([1, 2, 3, 7, 64, 100])('the same from reads of %i bytes', (readBytes) => {
    const { records } = ship(small, small.addFile(FILE), bytes, () => readBytes);
    expect(records.map(lineOf)).toEqual(linesOf(bytes, FILE.id));
  });

  it.each([
    ['/var/log/app/server.log', '00fd01-1a2b3c', 0, 420],
    ['a', 'b', 0, 420],
    ['/var/log/app/server.log', '00fd01-1a2b3c', 16_100, 16_420],
    ['/var/log/app/server.log', '00fd01-1a2b3c', 65_500, 65_540],
    [`/${'p'.repeat(4095)}`, 'f'.repeat(64), 0, 70],
    [`/${'p'.repeat(4095)}`, 'f'.repeat(64), 12_030, 12_080],
  ])('of every length: path %.25s, id %.25s, from %i to %i bytes', (path, id, from, to) => {
    const bodies = Array.from({ length: to - from + 1 }, (_, i) => letters(from + i));
    const lines = bodies.flatMap((body) => [`${body}\n`, `${body}\r\n`]);
    const all = Buffer.from(lines.join(''));
    const { records } = ship(wide, wide.addFile({ path, id }), all, () => 1 << 20);
    expect(records.map(lineOf)).toEqual(linesOf(all, id));
    expect(records.every(({ attributes }) => attributes[0]?.value.stringValue === path)).toBe(true);
  });

  it('around the length of 16 KiB, however the blocks lie that it is copied in', () => {
    for (let more = 0; more < 64; more++) {
      const path = `/${'p'.repeat(more)}`;
      const around = 16_384 - 88 - more;
      const all = Buffer.from(Array.from({ length: 24 }, (_, i) => `${letters(around - 12 + i)}\n`).join(''));
      const { records } = ship(wide, wide.addFile({ path, id: FILE.id }), all, () => 1 << 20);
      expect(records.map(lineOf)).toEqual(linesOf(all, FILE.id));
    }
  });

  it('without changing what follows them in the input', () => {
    small.landing.write('first\nsecond\n');
    const file = small.addFile(FILE);
    small.frame(file, 0, 9, 0, NOW_MS, 'more');
    expect([small.rest, small.nextOffset]).toEqual([6, 6]);
    small.frame(file, small.rest, 13, small.nextOffset, NOW_MS, 'more');
    const shipped: Shipped = { records: [], batches: [] };
    drain(small, shipped);
    expect(shipped.records.map(({ body }) => body.stringValue)).toEqual(['first', 'second']);
  });

  it('whatever the bytes are', () => {
    const random = sequence(4711);
    for (let round = 0; round < 60; round++) {
      const kinds = [0x0a, 0x0d, 0x20, 0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xff, 0x00];
      const isText = round % 3 === 0;
      const byte = (): number =>
        isText
          ? random(40) === 0
            ? 0x0a
            : 0x20 + random(90)
          : random(5) === 0
            ? random(256)
            : (kinds[random(kinds.length)] ?? 0);
      const all = Buffer.from(Array.from({ length: 3000 }, byte));
      const kernel = round % 2 === 0 ? small : wide;
      const { records } = ship(kernel, kernel.addFile(FILE), all, () => 1 + random(900));
      expect(records.map(lineOf)).toEqual(linesOf(all, FILE.id));
    }
  });

  it('with the offsets of their first bytes, up to the largest', () => {
    const lines = Buffer.from(`${letters(70)}\nsecond\n\nfourth\n`);
    for (const offset of [
      0,
      3,
      9,
      99,
      93,
      9_999_929,
      99_999_929,
      100_000_000,
      999_999_929,
      1e15,
      Number.MAX_SAFE_INTEGER - 100,
    ]) {
      const shipped: Shipped = { records: [], batches: [] };
      lines.copy(small.landing);
      expect(small.frame(small.addFile(FILE), 0, lines.length, offset, NOW_MS, 'more')).toBe('done');
      drain(small, shipped);
      const uids = [0, 71, 78, 79].map((from) => `${FILE.id}-${offset + from}`);
      expect(shipped.records.map((record) => lineOf(record)[1])).toEqual(uids);
    }
  });

  it('with the time of observation', () => {
    small.landing.write('a line\n');
    small.frame(small.addFile(FILE), 0, 7, 0, NOW_MS + 0.25, 'more');
    const shipped: Shipped = { records: [], batches: [] };
    drain(small, shipped);
    expect(shipped.records[0]).toMatchObject({
      timeUnixNano: `${NOW_MS}250000`,
      observedTimeUnixNano: `${NOW_MS}250000`,
    });
  });
});

describe('a batch', () => {
  it('is one request with its resource and scope', () => {
    const resource = { 'service.name': 'shop', replicas: 3, ratio: 0.5, zero: 0, canary: false, none: '' };
    const kernel = createSmallKernel({ resource, scopeVersion: '1.2.3' });
    const bytes = Buffer.from(`${letters(300)}\n${letters(3)}\n`);
    bytes.copy(kernel.landing);
    kernel.frame(kernel.addFile(FILE), 0, bytes.length, 0, NOW_MS, 'more');
    const { resourceLogs } = decodeRequest(kernel.takeBatch()!.bytes);
    expect(resourceLogs).toHaveLength(1);
    expect(resourceLogs[0]?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'shop' } },
      { key: 'replicas', value: { intValue: '3' } },
      { key: 'ratio', value: { doubleValue: 0.5 } },
      { key: 'zero', value: { intValue: '0' } },
      { key: 'canary', value: { boolValue: false } },
      { key: 'none', value: { stringValue: '' } },
    ]);
    expect(resourceLogs[0]?.scopeLogs).toHaveLength(1);
    expect(resourceLogs[0]?.scopeLogs[0]?.scope).toEqual({ name: 'logship', version: '1.2.3' });
  });

  it('is never longer than allowed, and all of them hold all lines', () => {
    const random = sequence(1);
    const all = Buffer.from(Array.from({ length: 600 }, () => `${letters(random(1000))}\n`).join(''));
    const file = small.addFile(FILE);
    const before = small.statistics();
    const { records, batches } = ship(small, file, all, () => 4096);
    const after = small.statistics();
    expect(records.map(lineOf)).toEqual(linesOf(all, FILE.id));
    expect(batches.length).toBeGreaterThan(20);
    expect((after.outputBytes - before.outputBytes) / batches.length).toBeGreaterThan(15_000);
    expect(after.outputBytes - before.outputBytes).toBeLessThanOrEqual(batches.length * 16_384);
    expect(after.inputBytes - before.inputBytes).toBe(all.length);
    expect(after.lines - before.lines).toBe(600);
    const segments = batches.flatMap((batch) => batch.segments);
    expect(segments.reduce(contiguous, 0)).toBe(all.length);
    expect(segments.reduce((sum, { lines }) => sum + lines, 0)).toBe(600);
  });

  it('tells which lines of which files are in it', () => {
    const [first, second] = [small.addFile(FILE), small.addFile({ path: '/var/log/other.log', id: 'ff' })];
    const feed = (file: typeof first, text: string, offset: number): void => {
      small.landing.write(text);
      expect(small.frame(file, 0, text.length, offset, NOW_MS, 'more')).toBe('done');
    };
    feed(first, 'one\ntwo\nthr', 0);
    feed(first, 'three\n', 8);
    feed(second, 'eins\n', 100);
    feed(first, 'four\n', 14);
    const batch = small.takeBatch()!;
    expect(batch.segments).toEqual([
      { file: first, from: 0, to: 14, lines: 3 },
      { file: second, from: 100, to: 105, lines: 1 },
      { file: first, from: 14, to: 19, lines: 1 },
    ]);
    expect([batch.lines, batch.inputBytes]).toEqual([5, 24]);
    const paths = recordsOf(batch.bytes).map(({ attributes }) => attributes[0]?.value.stringValue);
    expect(paths).toEqual([FILE.path, FILE.path, FILE.path, '/var/log/other.log', FILE.path]);
    small.releaseBatch(batch.index);
  });

  it('keeps its bytes until it is released, and nothing is framed without one', () => {
    const kernel = createSmallKernel();
    const file = kernel.addFile(FILE);
    const feed = (text: string, offset: number): string => {
      kernel.landing.write(text);
      return kernel.frame(file, 0, text.length, offset, NOW_MS, 'more');
    };
    expect(kernel.takeBatch()).toBeUndefined();
    feed('first\n', 0);
    const first = kernel.takeBatch()!;
    feed('second\n', 6);
    const second = kernel.takeBatch()!;
    expect(kernel.freeBatches).toBe(0);
    expect(feed('third\n', 13)).toBe('no-batch');
    expect(kernel.nextOffset).toBe(13);
    kernel.releaseBatch(first.index);
    expect(feed('third\n', 13)).toBe('done');
    expect(recordsOf(second.bytes).map((record) => record.body.stringValue)).toEqual(['second']);
    expect(() => kernel.releaseBatch(first.index)).toThrow(new RangeError(`batch ${first.index} is not taken`));
  });
});

describe('what cannot be', () => {
  it.each([
    [{ batches: 0 }, 'batches is 0: a whole number from 1 to 64 is possible here'],
    [{ batchBytes: 3 << 20 }, 'batchBytes is 3145728: a whole number from 3150873 to 33554432 is possible here'],
    [{ maxLineBytes: 1.5 }, 'maxLineBytes is 1.5: a whole number from 1 to 33554432 is possible here'],
    [{ landingBytes: 4096 }, 'landingBytes is 4096: a whole number from 1048576 to 16777216 is possible here'],
  ])('is refused: sizes %j', (sizes, message) => {
    expect(() => createLogKernel(sizes)).toThrow(new RangeError(message));
  });

  it.each([
    [-5000, 5, 0],
    [0, 5000, 0],
    [6, 5, 0],
    [0, 0.5, 0],
    [0, 5, -1],
    [0, 5, 2 ** 53],
  ])('is refused: input from %d to %d at offset %d', (start, end, offset) => {
    expect(() => small.frame(small.addFile(FILE), start, end, offset, NOW_MS, 'more')).toThrow(RangeError);
  });

  it.each([
    ['', 'a'],
    [`/${'ü'.repeat(2048)}`, 'a'],
    ['/a', ''],
    ['/a', 'f'.repeat(65)],
    ['/a', 'a b'],
  ])('is refused: path %.10s, id %.10s', (path, id) => {
    expect(() => small.addFile({ path, id })).toThrow(/log file has|file id is/);
  });
});

function contiguous(reached: number, { from, to }: LogSegment): number {
  expect(from).toBe(reached);
  return to;
}
