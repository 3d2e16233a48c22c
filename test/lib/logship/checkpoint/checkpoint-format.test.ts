import { describe, expect, it } from 'vitest';
import { formatCheckpoint, parseCheckpoint } from '../../../../src/lib/logship/checkpoint/checkpoint-format.ts';
import { type CheckpointEntry, formatEntry, parseEntry } from '../../../../src/lib/logship/checkpoint/entry.ts';

const entry: CheckpointEntry = {
  id: '0123456789abcdef',
  path: '/v/ä\n.log',
  source: '/v/ä\n.log',
  key: '66304:18446744073709551615',
  bornUnixNs: '1796120816581043202',
  generation: 0,
  offset: 2 ** 45,
  head: { lengthBytes: 1024, hash: 'aa' },
  tail: { lengthBytes: 64, hash: 'bb' },
};
const other: CheckpointEntry = {
  ...entry,
  id: 'fedcba9876543210',
  path: '/v/b.log',
  vanishedUnixMs: 1_700_000_000_000,
};

describe('a checkpoint', () => {
  const bytes = formatCheckpoint(41, [entry, other].map(formatEntry));

  it('comes back as it was, also without entries', () => {
    expect(parseCheckpoint(bytes)).toEqual({ kind: 'intact', sequence: 41, entries: [entry, other] });
    expect(parseCheckpoint(formatCheckpoint(1, []))).toEqual({ kind: 'intact', sequence: 1, entries: [] });
  });

  it('is seen to be damaged wherever it is cut', () => {
    for (let end = 0; end < bytes.length; end++) expect(parseCheckpoint(bytes.subarray(0, end)).kind).toBe('damaged');
  });

  it('is seen to be damaged whichever of its bytes is another', () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x20, 0x80, 0xff]) {
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= flip;
        expect(parseCheckpoint(flipped).kind).toBe('damaged');
      }
    }
  });

  it.each<[what: string, damaged: Buffer, why: string]>([
    ['nothing', Buffer.alloc(0), 'is empty'],
    ['NULs', Buffer.alloc(500), 'is full of NULs'],
    ['something else', Buffer.from('{}\n'), 'is no checkpoint'],
    ['a later version', Buffer.from('logship checkpoint 2, crc32 00000000, 0 bytes\n'), 'is of version 2'],
    ['one with more after it', Buffer.concat([bytes, Buffer.from('x')]), 'does not have its checksum'],
    ['other entries', formatCheckpoint(1, ['{"id":"a"}']), 'holds entries of another version'],
  ])('is not read from %s', (_what, damaged, why) =>
    expect(parseCheckpoint(damaged)).toEqual({ kind: 'damaged', why }),
  );
});

describe('an entry', () => {
  it.each<[what: string, changed: object]>([
    ['a negative offset', { offset: -1 }],
    ['half an offset', { offset: 0.5 }],
    ['a number for a path', { path: 1 }],
    ['no head', { head: null }],
    ['a head without length', { head: { hash: 'a' } }],
    ['a wrong time', { vanishedUnixMs: 'x' }],
  ])('with %s is none', (_what, changed) =>
    expect(parseEntry(JSON.stringify({ ...entry, ...changed }))).toBeUndefined(),
  );

  it.each(['', 'null', '[', '"a"'])('is not read from %j', (line) => expect(parseEntry(line)).toBeUndefined());
});
