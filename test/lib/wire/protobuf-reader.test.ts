import { describe, expect, it } from 'vitest';
import { readProtobuf } from '../../../src/lib/wire/protobuf-reader.ts';
import { ProtobufWriter } from '../../../src/lib/wire/protobuf-writer.ts';

describe('readProtobuf', () => {
  it('gives back what was written, in its order', () => {
    const message = new ProtobufWriter().int(1, 300).string(2, 'é').int(3, -1).bytes(1000, Buffer.of(0)).finish();
    expect(readProtobuf(message)).toEqual([
      { number: 1, type: 'varint', value: 300n },
      { number: 2, type: 'bytes', value: Buffer.from('é') },
      { number: 3, type: 'varint', value: 0xffff_ffff_ffff_ffffn },
      { number: 1000, type: 'bytes', value: Buffer.of(0) },
    ]);
  });

  it('reads numbers of fixed length', () => {
    const message = Buffer.from('0901000000000000801502000080', 'hex');
    expect(readProtobuf(message)).toEqual([
      { number: 1, type: 'fixed64', value: 0x8000_0000_0000_0001n },
      { number: 2, type: 'fixed32', value: 0x8000_0002n },
    ]);
  });

  it('reads nothing of a message that is cut, wherever that is between its fields', () => {
    const message = new ProtobufWriter().string(1, 'abc').finish();
    const whole = [0, message.length];
    for (let end = 0; end <= message.length; end++)
      expect(readProtobuf(message.subarray(0, end)) !== undefined).toBe(whole.includes(end));
  });

  it.each([
    ['field number 0', '00'],
    ['a group', '0b0c'],
    ['an unknown wire type', '0e'],
    ['a varint without end', '08ffffffffffffffffffff01'],
    ['a length beyond the end', '0a05'],
    ['an enormous length', '0affffffffffffffffff01'],
    ['a tag of more than 32 bits', '8880808080808001'],
  ])('refuses %s', (_name, hex) => {
    expect(readProtobuf(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  it('never throws on garbage', () => {
    let state = 1;
    const random = (): number => (state = (state * 48_271) % 0x7fff_ffff) & 0xff;
    for (let i = 0; i < 2000; i++) {
      const bytes = Buffer.from(Array.from({ length: i % 40 }, random));
      expect(() => readProtobuf(bytes)).not.toThrow();
    }
  });
});
