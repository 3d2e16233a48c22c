import { describe, expect, it } from 'vitest';
import { HpackDecoder, HpackEncoder, type HeaderField, type HpackProblem } from '../../../src/lib/wire/hpack.ts';
import { HPACK_EXAMPLES } from './hpack-examples.ts';
import { mutate, noise, roll } from './pieces.ts';

const LIMITS = { maxTableBytes: 4096, maxListBytes: 65_536 };

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function fieldsOf(decoded: HeaderField[] | HpackProblem): HeaderField[] {
  if (typeof decoded === 'string') throw new Error(decoded);
  return decoded;
}

function rows(decoded: HeaderField[] | HpackProblem): string[] | HpackProblem {
  if (typeof decoded === 'string') return decoded;
  return decoded.map(({ name, value, neverIndexed }) => `${name}: ${value}${neverIndexed ? ' (never indexed)' : ''}`);
}

/** A literal without indexing; lengths below 127. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

/** A literal that enters the table. */
const indexed = (name: string, value: string): Buffer => {
  const block = literal(name, value);
  block[0] = 0x40;
  return block;
};

describe('the examples of RFC 7541', () => {
  it.each(HPACK_EXAMPLES)('$section', ({ maxTableBytes, blocks }) => {
    const decoder = new HpackDecoder({ ...LIMITS, maxTableBytes });
    for (const { block, fields } of blocks) expect(rows(decoder.decode(hex(block)))).toEqual(fields);
  });

  it.each(HPACK_EXAMPLES)('$section cut anywhere is part of the fields, or a problem', ({ maxTableBytes, blocks }) => {
    const last = hex(blocks.at(-1)!.block);
    const problems = new Set<string>();
    for (let cut = 0; cut < last.length; cut++) {
      const fresh = new HpackDecoder({ ...LIMITS, maxTableBytes });
      for (const { block } of blocks.slice(0, -1)) fresh.decode(hex(block));
      const decoded = rows(fresh.decode(last.subarray(0, cut)));
      if (typeof decoded === 'string') problems.add(decoded);
      else expect(blocks.at(-1)!.fields.slice(0, decoded.length)).toEqual(decoded);
    }
    expect([...problems]).toEqual(last.length === 1 ? [] : ['truncated']);
  });
});

describe('a field of a table', () => {
  it('is the same object each time', () => {
    const decoder = new HpackDecoder(LIMITS);
    const [first] = fieldsOf(decoder.decode(indexed('a', 'b')));
    const [again, method] = fieldsOf(decoder.decode(hex('be 82')));
    expect(again).toBe(first);
    expect(fieldsOf(new HpackDecoder(LIMITS).decode(hex('82')))[0]).toBe(method);
  });

  it('lends its name to a literal', () => {
    const decoder = new HpackDecoder(LIMITS);
    decoder.decode(indexed('a', 'b'));
    const block = hex('7e 01 63 0f 2f 01 64 1f 30 01 65');
    expect(rows(decoder.decode(block))).toEqual(['a: c', 'a: d', 'a: e (never indexed)']);
  });

  it('lends its name even when it leaves the table for the new one', () => {
    const decoder = new HpackDecoder({ ...LIMITS, maxTableBytes: 40 });
    decoder.decode(indexed('name', 'old'));
    expect(rows(decoder.decode(hex('7e 03 6e 65 77 be')))).toEqual(['name: new', 'name: new']);
  });

  it('is gone once a larger field than the table has emptied it', () => {
    const decoder = new HpackDecoder({ ...LIMITS, maxTableBytes: 40 });
    decoder.decode(indexed('a', 'b'));
    expect(rows(decoder.decode(indexed('name', 'much too long')))).toEqual(['name: much too long']);
    expect(decoder.decode(hex('be'))).toBe('bad-index');
  });

  it('stays until its size and 32 bytes for each are more than the table', () => {
    for (const [maxTableBytes, expected] of [
      [102, ['a: 1', 'c: 3']],
      [101, 'bad-index'],
    ] as const) {
      const decoder = new HpackDecoder({ ...LIMITS, maxTableBytes });
      decoder.decode(Buffer.concat([indexed('a', '1'), indexed('b', '2'), indexed('c', '3')]));
      expect(rows(decoder.decode(hex('c0 be')))).toEqual(expected);
    }
  });
});

describe('a table', () => {
  it('has no more fields than have come, whatever the index', () => {
    for (let index = 63; index < 400; index++) {
      const decoder = new HpackDecoder(LIMITS);
      decoder.decode(indexed('a', 'b'));
      const rest = index - 127;
      const block = rest < 0 ? [0x80 | index] : rest < 128 ? [0xff, rest] : [0xff, 0x80 | (rest & 0x7f), rest >> 7];
      expect(decoder.decode(Buffer.from(block))).toBe('bad-index');
    }
  });

  it('keeps its fields in order when it grows after some have left', () => {
    const decoder = new HpackDecoder(LIMITS);
    for (let i = 0; i < 90; i++) decoder.decode(indexed('large', 'x'.repeat(100)));
    for (let i = 0; i < 100; i++) decoder.decode(indexed('n', `${i}`));
    for (let i = 0; i < 60; i++) expect(rows(decoder.decode(Buffer.from([0xbe + i])))).toEqual([`n: ${99 - i}`]);
  });
});

describe('any byte', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

  it('survives in names and values', () => {
    const text = all.toString('latin1');
    const block = Buffer.concat([hex('00 7f 8101'), all, hex('7f 8101'), all]);
    expect(new HpackDecoder(LIMITS).decode(block)).toEqual([{ name: text, value: text }]);
  });
});

describe('the size of the table', () => {
  it('may be announced in front of a block, more than once', () => {
    const decoder = new HpackDecoder(LIMITS);
    decoder.decode(indexed('a', 'b'));
    expect(rows(decoder.decode(hex('20 3fe11f 82')))).toEqual([':method: GET']);
    expect(decoder.decode(hex('be'))).toBe('bad-index');
  });

  it('evicts what does not fit any more', () => {
    const decoder = new HpackDecoder(LIMITS);
    decoder.decode(Buffer.concat([indexed('a', '1'), indexed('b', '2')]));
    expect(rows(decoder.decode(hex('3f03 be')))).toEqual(['b: 2']);
    expect(decoder.decode(hex('bf'))).toBe('bad-index');
  });

  it('is bounded by the setting, from the next announcement on', () => {
    const decoder = new HpackDecoder({ ...LIMITS, maxTableBytes: 100 });
    decoder.decode(indexed('a', '1'));
    decoder.setMaxTableBytes(40);
    expect(rows(decoder.decode(Buffer.concat([indexed('b', '2'), hex('bf')])))).toEqual(['b: 2', 'a: 1']);
    expect(decoder.decode(hex('3f 0a'))).toBe('table-size-too-large');

    const larger = new HpackDecoder({ ...LIMITS, maxTableBytes: 40 });
    larger.setMaxTableBytes(100);
    expect(rows(larger.decode(Buffer.concat([hex('3f45'), indexed('a', '1'), indexed('b', '2'), hex('bf')])))).toEqual([
      'a: 1',
      'b: 2',
      'a: 1',
    ]);
  });
});

describe('a block that is wrong', () => {
  it.each<[string, string, HpackProblem]>([
    ['index 0', '80', 'bad-index'],
    ['an index behind both tables', 'be', 'bad-index'],
    ['an index far behind both tables', 'ff ffffff7f', 'bad-index'],
    ['a name behind both tables', '7e 00', 'bad-index'],
    ['an integer without its end', 'ff', 'truncated'],
    ['an integer without its end, later', 'ff 80', 'truncated'],
    ['an integer of five bytes', 'ff 8080808000', 'bad-integer'],
    ['an integer that never ends', `ff ${'ff'.repeat(100)}`, 'bad-integer'],
    ['a size above the limit', '3fe21f', 'table-size-too-large'],
    ['a size after a field', '82 20', 'misplaced-table-size'],
    ['a literal without a name', '40', 'truncated'],
    ['a literal without a value', '40 01 61', 'truncated'],
    ['a value shorter than it says', '40 01 61 02 62', 'truncated'],
    ['a name much shorter than it says', '40 7f ffffff7f', 'truncated'],
    ['a Huffman code with eight bits of padding', '40 01 61 82 1fff', 'bad-huffman'],
    ['a Huffman code padded with zeros', '40 01 61 81 18', 'bad-huffman'],
    ['the Huffman code for the end', '40 01 61 84 ffffffff', 'bad-huffman'],
  ])('%s', (_, block, problem) => {
    const decoder = new HpackDecoder(LIMITS);
    expect(decoder.decode(hex(block))).toBe(problem);
    // The tables may differ from here on.
    expect(decoder.decode(hex('82'))).toBe(problem);
  });

  it('is too large by its fields, not by its bytes', () => {
    const block = Buffer.concat([literal('a', 'b'), literal('c', 'd'), hex('82')]);
    const bytes = 34 + 34 + 42;
    expect(new HpackDecoder({ ...LIMITS, maxListBytes: bytes }).decode(block)).toHaveLength(3);
    expect(new HpackDecoder({ ...LIMITS, maxListBytes: bytes - 1 }).decode(block)).toBe('list-too-large');
    const bomb = Buffer.concat([indexed('a', 'b'.repeat(100)), Buffer.alloc(1000, 0xbe)]);
    expect(new HpackDecoder(LIMITS).decode(bomb)).toBe('list-too-large');
  });
});

describe('garbage', () => {
  it('is fields or a problem', () => {
    const sample = new HpackEncoder(4096).encode([
      { name: ':path', value: '/a.B/C' },
      { name: 'x-one', value: 'two' },
      { name: 'te', value: 'trailers', neverIndexed: true },
    ]);
    const outcomes = new Set<string>();
    for (let round = 0; round < 3000; round++) {
      const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 150 });
      const block = round % 2 === 0 ? noise(1 + roll(60, 'hpack', round), 'hpack', round) : mutate(sample, 'm', round);
      for (const part of [sample, block]) {
        const decoded = decoder.decode(part);
        outcomes.add(typeof decoded === 'string' ? decoded : 'fields');
      }
    }
    expect([...outcomes].toSorted()).toEqual([
      'bad-huffman',
      'bad-index',
      'bad-integer',
      'fields',
      'list-too-large',
      'misplaced-table-size',
      'table-size-too-large',
      'truncated',
    ]);
  });
});
