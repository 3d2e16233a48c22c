import { describe, expect, it } from 'vitest';
import { createSmallKernel, lineOf, linesOf, sequence, ship } from './log-kernel-input.ts';

const FILE = { path: '/var/log/app/server.log', id: '00fd01-1a2b3c' };

/** Sequences that are no UTF-8, or are at its edges: the Unicode standard's table 3-7 and its examples of replacement. */
const SEQUENCES = [
  '80', 'bf', 'c0', 'c0af', 'c1bf', 'c2', 'c280', 'c27f', 'dfbf', 'e0', 'e080', 'e09fbf', 'e0a0', 'e0a080', 'e1', 'e180', 'e180e2f09192f1bf41',
  'ed9fbf', 'eda080', 'edbfbf', 'ee8080', 'efbfbf', 'efbbbf', 'f0', 'f08f', 'f09080', 'f0908080', 'f0808080', 'f18080', 'f1808080', 'f48fbfbf',
  'f490', 'f4908080', 'f5', 'f8888080', 'ff', 'fe', 'fffe', '00', 'c328', 'a0a1', 'e228a1', 'e28228', 'f0288cbc', 'f09028bc', 'f0288c28',
]; // prettier-ignore

describe('bytes that are no UTF-8', () => {
  const kernel = createSmallKernel();

  it.each(SEQUENCES)('become replacement characters at every place: %s', (hex) => {
    const bytes = Buffer.from(hex, 'hex');
    const texts = Array.from({ length: 70 }, (_, at) => [
      Buffer.from('a'.repeat(at)),
      bytes,
      Buffer.from(`${'b'.repeat(70 - at)}\n`),
    ]);
    const all = Buffer.concat([...texts.flat(), bytes]);
    const { records } = ship(kernel, kernel.addFile(FILE), all, () => 1000);
    expect(records.map(lineOf)).toEqual(linesOf(all, FILE.id));
  });

  it('change no other line, and are counted', () => {
    const all = Buffer.concat([Buffer.from('grün\n'), Buffer.from([0x67, 0xfc, 0x0a]), Buffer.from('größer\n')]);
    const before = kernel.statistics().replacedLines;
    const { records } = ship(kernel, kernel.addFile(FILE), all, () => 4096);
    expect(records.map(({ body }) => body.stringValue)).toEqual(['grün', 'g\ufffd', 'größer']);
    expect(kernel.statistics().replacedLines - before).toBe(1);
  });

  it('are kept as they were when wanted, as many as there is room for', () => {
    const keeper = createSmallKernel({ keepOriginal: true, batchBytes: 8200, maxLineBytes: 1000, batches: 1 });
    const bad = Buffer.alloc(1000, 0xff);
    const all = Buffer.concat([Buffer.from('fine\n'), Buffer.from([0x80, 0x41, 0x0a]), bad, Buffer.from('\n')]);
    const { records } = ship(keeper, keeper.addFile(FILE), all, () => 4096);
    const [fine, short, long] = records.map(lineOf);
    expect(fine).toEqual(['fine', `${FILE.id}-0`]);
    expect(short).toEqual(['\ufffdA', `${FILE.id}-5`, 'log.record.original=8041']);
    expect(long).toEqual(['\ufffd'.repeat(1000), `${FILE.id}-8`, `log.record.original=${bad.toString('hex')}`]);

    const wide = { path: `/${'p'.repeat(4095)}`, id: 'f'.repeat(64) };
    const cramped = ship(keeper, keeper.addFile(wide), bad, () => 4096).records.map(lineOf)[0]!;
    const kept = cramped[2]!.replace('log.record.original=', '');
    expect(cramped[0]).toBe('\ufffd'.repeat(1000));
    expect(kept.length / 2).toBeGreaterThan(700);
    expect(kept.length / 2).toBeLessThan(1000);
  });

  it('are passed on when nobody asks for a check', () => {
    const careless = createSmallKernel({ checkUtf8: false });
    Buffer.from([0x61, 0xff, 0x62, 0x0a]).copy(careless.landing);
    careless.frame(careless.addFile(FILE), 0, 4, 0, 0, 'more');
    expect(careless.takeBatch()!.bytes.includes(Buffer.from([0x61, 0xff, 0x62]))).toBe(true);
  });

  it('are found in any mixture, as a decoder finds them', () => {
    const random = sequence(99);
    const parts = [...SEQUENCES, '61', '6162636465666768696a6b6c6d6e6f7071', 'c3bc', 'e282ac', '0a', '0d0a', '0a'];
    const hex = Array.from({ length: 20_000 }, () => parts[random(parts.length)]).join('');
    const all = Buffer.from(hex, 'hex');
    const { records } = ship(kernel, kernel.addFile(FILE), all, () => 1 + random(4096));
    expect(records.map(lineOf)).toEqual(linesOf(all, FILE.id));
  });
});
