import { describe, expect, it } from 'vitest';
import { createLogKernel, type InputEnding } from '../../../src/lib/wire/otlp-log-kernel.ts';
import { createSmallKernel, drain, lineOf, linesOf, ship, type Shipped, type Source } from './log-kernel-input.ts';

const FILE = { path: '/var/log/app/server.log', id: '00fd01-1a2b3c' };
const NOW_MS = 1_796_126_400_000;
const MIB = 1 << 20;
const small = createSmallKernel();

describe('a line over the limit', () => {
  const lengths = [998, 999, 1000, 1001, 1002, 1003, 0, 2000, 3, 4095, 4096, 4097, 20_000];
  const texts = lengths.map((length) => [
    'x'.repeat(length),
    'x'.repeat(length),
    `${'y'.repeat(Math.max(0, length - 1))}\r`,
  ]);

  it.each([1, 7, 100, 999, 1000, 1001, 1003, 4096])(
    'is cut and says how long it was, in reads of %i bytes',
    (readBytes) => {
      const bytes = Buffer.from(texts.map(([a = '', b = '', c = '']) => `${a}\n${b}\r\n${c}\r\n`).join(''));
      const before = small.statistics();
      const { records, batches } = ship(small, small.addFile(FILE), bytes, () => readBytes);
      expect(records.map(lineOf)).toEqual(linesOf(bytes, FILE.id, 1000));
      expect(small.statistics().cutLines - before.cutLines).toBe(lengths.filter((length) => length > 1000).length * 3);
      expect(batches.reduce((sum, { inputBytes }) => sum + inputBytes, 0)).toBe(bytes.length);
    },
  );

  it.each([1, 100, 1001, 4096])('ends with its file, in reads of %i bytes', (readBytes) => {
    for (const length of [1000, 1001, 1002, 5000]) {
      for (const end of ['', '\r', '\r\n', '\n']) {
        const bytes = Buffer.from(`first\n${'z'.repeat(length)}${end}`);
        const { records } = ship(small, small.addFile(FILE), bytes, () => readBytes);
        expect(records.map(lineOf)).toEqual(linesOf(bytes, FILE.id, 1000));
      }
    }
  });

  it('is cut between characters', () => {
    for (const character of ['ü', '€', '𝄞']) {
      for (let lead = 990; lead <= 1000; lead++) {
        const bytes = Buffer.from(`${'a'.repeat(lead)}${character.repeat(20)}\nnext\n`);
        const { records } = ship(small, small.addFile(FILE), bytes, () => 300);
        expect(records.map(lineOf)).toEqual(linesOf(bytes, FILE.id, 1000));
      }
    }
  });

  it('of 64 MiB among others takes no memory', () => {
    const kernel = createLogKernel({ batches: 1 });
    const bytes: Source = { length: 64 * MIB + 12, copy: copyLongLine };
    const small = kernel.addFile(FILE);
    ship(kernel, small, Buffer.from(`${'w'.repeat(3 * MIB)}\n`), () => MIB); // touches what is touched below
    const beforeBytes = process.memoryUsage.rss();
    const { records } = ship(kernel, kernel.addFile(FILE), bytes, () => MIB);
    const grownBytes = process.memoryUsage.rss() - beforeBytes;
    const marks = ['log.truncated=true', `log.record.original_length=${64 * MIB}`];
    expect(records.map(lineOf).map(([body, ...rest]) => [body.length, ...rest])).toEqual([
      [5, `${FILE.id}-0`],
      [MIB, `${FILE.id}-6`, ...marks],
      [4, `${FILE.id}-${64 * MIB + 7}`],
    ]);
    // The decoded text of the cut line is a few megabytes.
    expect(grownBytes).toBeLessThan(16 * MIB);
  });

  it('waits while the batch is full, and is framed then', () => {
    const bytes = Buffer.from(`${'a'.repeat(900)}\n`.repeat(16) + `${'b'.repeat(5000)}\nend\n`);
    const { records, batches } = ship(small, small.addFile(FILE), bytes, () => 4096);
    expect(batches.length).toBeGreaterThan(1);
    expect(records.map(lineOf)).toEqual(linesOf(bytes, FILE.id, 1000));
  });

  it('is forgotten when the input goes on elsewhere', () => {
    const kernel = createSmallKernel();
    const file = kernel.addFile(FILE);
    kernel.landing.fill('q');
    expect(kernel.frame(file, 0, 4096, 0, NOW_MS, 'more')).toBe('done');
    expect([kernel.nextOffset, kernel.openLines]).toEqual([4096, 0]);
    kernel.landing.write('fresh\n');
    expect(kernel.frame(file, 0, 6, 0, NOW_MS, 'more')).toBe('done');
    const shipped: Shipped = { records: [], batches: [] };
    drain(kernel, shipped);
    expect(shipped.records.map(lineOf)).toEqual([['fresh', `${FILE.id}-0`]]);
  });
});

describe('files take turns', () => {
  it('in the middle of long lines, and none forgets', () => {
    const kernel = createSmallKernel();
    const files = ['a', 'b', 'c'].map((id) => ({ file: kernel.addFile({ path: `/${id}`, id }), id }));
    const shipped: Shipped = { records: [], batches: [] };
    const feed = (turn: number, text: string, offset: number): string => {
      kernel.landing.write(text);
      return kernel.frame(files[turn]!.file, 0, text.length, offset, NOW_MS, 'more');
    };
    for (const turn of [0, 1, 2]) expect(feed(turn, String(turn).repeat(1500 + turn), 0)).toBe('done');
    for (const turn of [2, 0, 1]) expect(feed(turn, `${turn}\r`, 1500 + turn)).toBe('done');
    for (const turn of [1, 2, 0]) {
      expect(feed(turn, '\nnext\n', 1502 + turn)).toBe('head-needed');
      expect(kernel.nextOffset).toBe(0);
      expect(feed(turn, String(turn).repeat(1000), 0)).toBe('done');
      expect(kernel.nextOffset).toBe(1503 + turn);
    }
    drain(kernel, shipped);
    expect(shipped.records.map(lineOf)).toEqual(
      [1, 2, 0].map((turn) => [
        String(turn).repeat(1000),
        `${files[turn]!.id}-0`,
        'log.truncated=true',
        `log.record.original_length=${1501 + turn}`,
      ]),
    );
    for (const { file } of files) kernel.removeFile(file);
  });
});

describe('a line that its newline does not come for', () => {
  const feed = (pieces: readonly (readonly [text: string, ending: InputEnding])[]): unknown[] => {
    const kernel = createSmallKernel();
    const file = kernel.addFile(FILE);
    let offset = 0;
    for (const [text, ending] of pieces) {
      kernel.landing.write(text);
      expect(kernel.frame(file, 0, text.length, offset, NOW_MS, ending)).toBe('done');
      offset = kernel.nextOffset;
    }
    const shipped: Shipped = { records: [], batches: [] };
    drain(kernel, shipped);
    return shipped.records.map(lineOf);
  };

  it('waits', () => {
    expect(feed([['one\ntw', 'more']])).toEqual([['one', `${FILE.id}-0`]]);
    expect(
      feed([
        ['one\ntw', 'more'],
        ['two\n', 'more'],
      ]),
    ).toEqual([
      ['one', `${FILE.id}-0`],
      ['two', `${FILE.id}-4`],
    ]);
  });

  it('is flushed in parts that say so, without losing a byte', () => {
    const pieces = [
      ['a\nbc', 'flush'],
      ['\rd', 'flush'],
      ['e\r\n', 'more'],
      ['f\n', 'more'],
    ] as const;
    expect(feed(pieces)).toEqual([
      ['a', `${FILE.id}-0`],
      ['bc', `${FILE.id}-2`, 'log.partial=true'],
      ['\rd', `${FILE.id}-4`, 'log.partial=true', 'log.continuation=true'],
      ['e', `${FILE.id}-6`, 'log.continuation=true'],
      ['f', `${FILE.id}-9`],
    ]);
  });

  it('is a line at the end of its file', () => {
    expect(feed([['one\ntwo', 'last']])).toEqual([
      ['one', `${FILE.id}-0`],
      ['two', `${FILE.id}-4`],
    ]);
    expect(feed([['one\n', 'last']])).toEqual([['one', `${FILE.id}-0`]]);
    expect(
      feed([
        ['one\n', 'flush'],
        ['two\n', 'more'],
      ]),
    ).toEqual([
      ['one', `${FILE.id}-0`],
      ['two', `${FILE.id}-4`],
    ]);
  });
});

/** `first`, 64 MiB of x, `last`. */
function copyLongLine(target: Buffer, at: number, from: number, to: number): number {
  target.fill('x', at, at + to - from);
  for (const [text, place] of [
    ['first\n', 0],
    ['\nlast\n', 64 * MIB + 6],
  ] as const) {
    for (const [i, byte] of Buffer.from(text).entries()) {
      const byteAt = place + i;
      if (byteAt >= from && byteAt < to) target[at + byteAt - from] = byte;
    }
  }
  return to - from;
}
