import { describe, expect, it } from 'vitest';
import {
  decodeGrpcMessage,
  encodeGrpcMessage,
  GRPC_STATUS,
  lookupGrpcStatus,
  nameOfGrpcStatus,
} from '../../../src/lib/wire/grpc.ts';
import { mutate, noise } from './pieces.ts';

describe('a status of gRPC', () => {
  it.each([
    ['OK', 0],
    ['UNAVAILABLE', 14],
    ['UNAUTHENTICATED', 16],
    ['0', 0],
    ['14', 14],
    [14, 14],
    [0, 0],
    [16, 16],
    ['17', undefined],
    ['014', undefined],
    ['-1', undefined],
    ['1.0', undefined],
    ['14\n', undefined],
    ['unavailable', undefined],
    ['toString', undefined],
    ['', undefined],
    [17, undefined],
    [-1, undefined],
    [1.5, undefined],
    [Number.NaN, undefined],
  ])('%j is %j', (status, code) => {
    expect(lookupGrpcStatus(status)).toBe(code);
  });

  it('has the name of its code', () => {
    for (const [name, code] of Object.entries(GRPC_STATUS)) {
      expect([nameOfGrpcStatus(code), lookupGrpcStatus(name), lookupGrpcStatus(`${code}`)]).toEqual([name, code, code]);
    }
    expect(Object.values(GRPC_STATUS)).toEqual(Array.from({ length: 17 }, (_, code) => code));
    expect([nameOfGrpcStatus(17), nameOfGrpcStatus(-1), nameOfGrpcStatus(0.5)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a message of a status', () => {
  it.each([
    ['plain text: !"#$&\'()*+,-./ ~', 'plain text: !"#$&\'()*+,-./ ~'],
    ['100%', '100%25'],
    ['tab\tand\r\nnewline', 'tab%09and%0D%0Anewline'],
    ['\u007f', '%7F'],
    ['Übergröße', '%C3%9Cbergr%C3%B6%C3%9Fe'],
    ['☺😀', '%E2%98%BA%F0%9F%98%80'],
    ['', ''],
  ])('%j is sent as %j', (text, value) => {
    expect(encodeGrpcMessage(text)).toBe(value);
    expect(decodeGrpcMessage(value)).toBe(text);
  });

  it.each([
    ['%', '%'],
    ['100%!', '100%!'],
    ['%4', '%4'],
    ['%zz%41', '%zzA'],
    ['%c3%9c', 'Ü'],
    ['%ff', '\ufffd'],
    ['%E2%98', '\ufffd'],
    // Sent as bytes, against the rules.
    ['\u00c3\u009c', 'Ü'],
  ])('%j, which is not quite right, reads %j', (value, text) => {
    expect(decodeGrpcMessage(value)).toBe(text);
  });

  it('is printable ASCII for every character, and comes back', () => {
    for (let code = 0; code < 0x1_0000; code += code < 0x300 ? 1 : 97) {
      const text = `a${String.fromCodePoint(code)}b`;
      const value = encodeGrpcMessage(text);
      expect(value).toMatch(/^[ -~]*$/);
      expect(decodeGrpcMessage(value)).toBe(text.toWellFormed());
    }
  });

  it('never fails on garbage', () => {
    const sample = Buffer.from(encodeGrpcMessage('Übergröße 100%'));
    for (let round = 0; round < 500; round++) {
      const bytes = round % 2 === 0 ? noise(30, 'message', round) : mutate(sample, 'message', round);
      expect(decodeGrpcMessage(bytes.toString('latin1'))).toBeTypeOf('string');
    }
  });
});
