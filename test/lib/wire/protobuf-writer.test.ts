import { describe, expect, it } from 'vitest';
import { ProtobufWriter } from '../../../src/lib/wire/protobuf-writer.ts';

const writer = () => new ProtobufWriter();
/** The messages of protobuf's encoding.md, and numbers around the edges of a varint. */
const VECTORS: readonly (readonly [string, ProtobufWriter, string])[] = [
  ['a small number', writer().int(1, 150), '089601'],
  ['a text', writer().string(2, 'testing'), '120774657374696e67'],
  ['a message within', writer().message(3, writer().int(1, 150).finish()), '1a03089601'],
  ['fields in their order', writer().int(2, 1).int(1, 2), '10010802'],
  ['a number of one byte', writer().int(1, 127), '087f'],
  ['a number of two bytes', writer().int(1, 128), '088001'],
  ['-1', writer().int(1, -1), '08ffffffffffffffffff01'],
  ['-2', writer().int(1, -2), '08feffffffffffffffff01'],
  ['2^32', writer().int(1, 2 ** 32), '088080808010'],
  ['the largest safe number', writer().int(1, Number.MAX_SAFE_INTEGER), '08ffffffffffffff0f'],
  ['a field with a number of two bytes', writer().int(16, 1), '800101'],
  ['text in UTF-8', writer().string(1, 'ü'), '0a02c3bc'],
  ['bytes', writer().bytes(1, Buffer.from([0, 255])), '0a0200ff'],
  ['a long text', writer().string(1, 'a'.repeat(200)), `0ac801${'61'.repeat(200)}`],
  ['defaults, which are left out', writer().int(1, 0).string(2, '').bytes(3, Buffer.alloc(0)), ''],
  ['an empty message, which is not', writer().message(1, writer().finish()), '0a00'],
];

describe('a protobuf message', () => {
  it.each(VECTORS)('holds %s', (_, written, hex) => {
    expect(written.finish().toString('hex')).toBe(hex);
  });
});
