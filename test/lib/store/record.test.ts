import { describe, expect, it } from 'vitest';
import { formatRecord, parseRecord, scanRecords } from '../../../src/lib/store/record.ts';

const VALUES = [{ run: 'a', seq: 1 }, { text: 'F1|00000000|3|abc é ☃ 😀' }, [1, 2, 3], 'plain'];

describe('journal records', () => {
  it.each(VALUES)('gives back %j', (value) => {
    expect(parseRecord(formatRecord(value))).toEqual(value);
  });

  it('is refused when any single byte differs', () => {
    const bytes = Buffer.from(formatRecord({ run: 'a', seq: 1 }));
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x04;
      expect(parseRecord(changed.toString('latin1')), `byte ${at}`).toBeUndefined();
    }
  });

  it('finds every intact record among noise, cut at every byte', () => {
    const records = VALUES.map(formatRecord);
    const heap = Buffer.from(`noise F1|${records.join('\u0000F1|ffffffff|9|')}\u0000`);
    const ends = records.map((record) => heap.indexOf(Buffer.from(record)) + Buffer.byteLength(record));
    for (let cut = 0; cut <= heap.length; cut++) {
      const expected = VALUES.filter((_, index) => (ends[index] ?? 0) <= cut);
      expect(scanRecords(heap.subarray(0, cut)), `cut at ${cut}`).toEqual(expected);
    }
  });
});
