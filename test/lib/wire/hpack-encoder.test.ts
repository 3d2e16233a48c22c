import { describe, expect, it } from 'vitest';
import { HpackDecoder, HpackEncoder, type HeaderField } from '../../../src/lib/wire/hpack.ts';
import { PLAIN_REQUESTS } from './hpack-examples.ts';
import { noise, roll } from './pieces.ts';

const MAX_LIST_BYTES = 1_000_000;

/** `name: value`; names may begin with a colon. */
function field(text: string): HeaderField {
  const colon = text.indexOf(': ');
  return { name: text.slice(0, colon), value: text.slice(colon + 2) };
}

const decoderOf = (maxTableBytes = 4096) => new HpackDecoder({ maxTableBytes, maxListBytes: MAX_LIST_BYTES });
const hexOf = (encoder: HpackEncoder, ...fields: string[]): string => encoder.encode(fields.map(field)).toString('hex');

describe('what is written', () => {
  it('is the example of RFC 7541 C.3', () => {
    const encoder = new HpackEncoder(4096);
    for (const { block, fields } of PLAIN_REQUESTS.blocks) expect(hexOf(encoder, ...fields)).toBe(block);
  });

  it.each([
    [':method: POST', '83'],
    [':path: /', '84'],
    [':status: 200', '88'],
    ['accept-encoding: gzip, deflate', '90'],
    // The table has the name with an empty value.
    ['cookie: ', 'a0'],
    [':status: 201', `48 03${Buffer.from('201').toString('hex')}`],
    ['x: y', '40 0178 0179'],
    ['x: ', '40 0178 00'],
  ])('of %s by a fresh encoder', (text, hex) => {
    expect(hexOf(new HpackEncoder(4096), text)).toBe(hex.replaceAll(' ', ''));
  });

  it('is an index the second time', () => {
    const encoder = new HpackEncoder(4096);
    const fields = [':authority: a', 'te: trailers', 'x: y'];
    hexOf(encoder, ...fields);
    expect(hexOf(encoder, ...fields)).toBe('c0bfbe');
    expect(hexOf(encoder, 'x: z', 'x: y', 'x: z', 'te: trailers')).toBe('7e017abfbec0');
  });

  it.each([
    [':path: /a/rather/long/path/that/names/one/thing/and/will/not/come/again/soon', false],
    [':path: /short?but=with-a-query', false],
    [':path: /helloworld.Greeter/SayHello', true],
    ['authorization: Bearer abc', false],
    ['content-length: 12', false],
    ['grpc-timeout: 99m', false],
    ['set-cookie: a=b', false],
    ['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
    ['user-agent: grpc-node-js/1.9.0', true],
    [`x: ${'y'.repeat(2015)}`, true],
    [`x: ${'y'.repeat(2016)}`, false],
  ])('of %.50s is kept for the next time: %j', (text, isKept) => {
    const encoder = new HpackEncoder(4096);
    const first = hexOf(encoder, text);
    const second = hexOf(encoder, text);
    expect(second.length === 2).toBe(isKept);
    expect(first === second).toBe(!isKept);
  });

  it('keeps what must not be indexed out of every table, and says so', () => {
    const secret: HeaderField = { name: 'x', value: 'y', neverIndexed: true };
    const encoder = new HpackEncoder(4096);
    expect(encoder.encode([secret]).toString('hex')).toBe('1001780179');
    hexOf(encoder, 'x: y');
    expect(encoder.encode([secret]).toString('hex')).toBe('1f2f0179');
    expect(encoder.encode([{ name: ':method', value: 'GET', neverIndexed: true }]).toString('hex')).toBe('1203474554');
    const decoder = decoderOf();
    expect(decoder.decode(new HpackEncoder(4096).encode([secret]))).toEqual([secret]);
  });

  it('does not change when the next block is written', () => {
    const encoder = new HpackEncoder(4096);
    const first = encoder.encode([field('a: b')]);
    const before = first.toString('hex');
    encoder.encode([field('cccc: dddd')]);
    expect(first.toString('hex')).toBe(before);
  });
});

describe('the size of the table', () => {
  const fields = ['x: 1', 'x: 2'];

  it('is not told at first when every receiver has as much', () => {
    for (const size of [0, 1, 4096]) expect(hexOf(new HpackEncoder(size), ':method: GET')).toBe('82');
    expect(hexOf(new HpackEncoder(5000), ':method: GET')).toBe('3fe92682');
  });

  it('of 0 leaves the receiver’s table alone', () => {
    const decoder = decoderOf();
    decoder.decode(new HpackEncoder(4096).encode([field('kept: here')]));
    const plain = new HpackEncoder(0);
    for (let i = 0; i < 3; i++) expect(decoder.decode(plain.encode(fields.map(field)))).toEqual(fields.map(field));
    expect(decoder.decode(Buffer.from([0xbe]))).toEqual([field('kept: here')]);
  });

  it('is told once by the block after it was set', () => {
    const encoder = new HpackEncoder(4096);
    encoder.setMaxTableBytes(1337);
    expect(hexOf(encoder, ':method: GET')).toBe('3f9a0a82');
    expect(hexOf(encoder, ':method: GET')).toBe('82');
  });

  it('is told with the smallest one in between, so that both evict the same', () => {
    const encoder = new HpackEncoder(4096);
    const decoder = decoderOf();
    decoder.decode(encoder.encode([field('x: 1')]));
    encoder.setMaxTableBytes(100);
    encoder.setMaxTableBytes(0);
    encoder.setMaxTableBytes(200);
    const block = encoder.encode([field('x: 1')]);
    expect(block.toString('hex')).toBe('203fa901400178' + '0131');
    expect(decoder.decode(block)).toEqual([field('x: 1')]);
  });

  it('is announced as 0 and then in full when the encoder starts over', () => {
    const decoder = decoderOf();
    decoder.decode(new HpackEncoder(4096).encode([field('left: over')]));
    const encoder = new HpackEncoder(100);
    encoder.restart();
    const block = encoder.encode([field(':method: GET')]);
    expect(block.toString('hex')).toBe('203f4582');
    expect(decoder.decode(block)).toEqual([field(':method: GET')]);
    expect(decoder.decode(Buffer.from([0xbe]))).toBe('bad-index');

    const empty = new HpackEncoder(0);
    empty.restart();
    expect([hexOf(empty, ':method: GET'), hexOf(empty, ':method: GET')]).toEqual(['2082', '82']);
  });

  it('starts over in the middle, and forgets what it had sent', () => {
    const encoder = new HpackEncoder(4096);
    const decoder = decoderOf();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3; i++) expect(decoder.decode(encoder.encode(fields.map(field)))).toEqual(fields.map(field));
      encoder.restart();
    }
  });
});

describe('any fields', () => {
  const NAMES = [':path', ':authority', 'x-a', 'x-b', 'cookie', 'accept', 'content-length', 'set-cookie', 'x-ÿ'];

  function randomFields(seed: string, round: number): HeaderField[] {
    return Array.from({ length: roll(12, seed, round, 'count') }, (_, i) => {
      const roll100 = (what: string) => roll(100, seed, round, i, what);
      const name = NAMES[roll(NAMES.length, seed, round, i, 'name')]!;
      const value =
        roll100('kind') < 70 ? `value ${roll100('value') % 20}` : noise(roll100('value') * 3, seed, round * 100 + i);
      const text = typeof value === 'string' ? value : value.toString('latin1');
      return roll100('never') < 10 ? { name, value: text, neverIndexed: true } : { name, value: text };
    });
  }

  it.each(['a', 'b', 'c', 'd'])('come back through evictions, changes of the size and new starts (%s)', (seed) => {
    const encoder = new HpackEncoder(500);
    const decoder = decoderOf();
    for (let round = 0; round < 400; round++) {
      const change = roll(30, seed, round, 'change');
      if (change === 0) encoder.restart();
      if (change <= 2) encoder.setMaxTableBytes(roll(1000, seed, round, 'size'));
      const fields = randomFields(seed, round);
      expect(decoder.decode(encoder.encode(fields))).toEqual(fields);
    }
  });

  it('come back from a table of thousands of entries', () => {
    const encoder = new HpackEncoder(65_536);
    const decoder = decoderOf(65_536);
    for (let round = 0; round < 40; round++) {
      const fields = Array.from({ length: 100 }, (_, i) => ({ name: 'n', value: `${(round * 67 + i) % 3000}` }));
      expect(decoder.decode(encoder.encode(fields))).toEqual(fields);
    }
    const fields = Array.from({ length: 1000 }, (_, i) => ({ name: 'n', value: `${i + 1500}` }));
    expect(encoder.encode(fields).length).toBeLessThan(4500);
  });

  it('come back when they are as long as the room set aside, or longer', () => {
    const roomBytes = 16_384;
    for (let length = roomBytes - 20; length < roomBytes; length++) {
      const [back] = decoderOf().decode(new HpackEncoder(4096).encode([{ name: 'a', value: 'b'.repeat(length) }]));
      expect(back).toHaveProperty('value.length', length);
    }
    const long = [
      { name: 'a', value: 'b'.repeat(100_000) },
      { name: 'c'.repeat(150_000), value: '' },
    ];
    expect(decoderOf().decode(new HpackEncoder(4096).encode(long))).toEqual(long);
  });
});
