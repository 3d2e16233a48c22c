import { describe, expect, it } from 'vitest';
import { GrpcMessageScanner } from '../../../src/lib/wire/grpc.ts';
import { chop, noise, roll, splitsOf } from './pieces.ts';

function message(length: number, flag = 0): Buffer {
  const prefix = Buffer.alloc(5, flag);
  prefix.writeUInt32BE(length, 1);
  // The content looks like messages itself.
  return Buffer.concat([prefix, Buffer.alloc(length, 0)]);
}

interface Seen {
  /** Where messages began and ended, counted from the first byte of all. */
  readonly begins: number[];
  readonly ends: number[];
  readonly begun: number;
  readonly finished: number;
  readonly isAtBoundary: boolean;
}

function scanAll(pieces: readonly Buffer[]): Seen {
  const scanner = new GrpcMessageScanner();
  const begins: number[] = [];
  const ends: number[] = [];
  let before = 0;
  for (const bytes of pieces) {
    for (let at = 0; at < bytes.length;) {
      if (scanner.isAtBoundary) begins.push(before + at);
      const { finished } = scanner;
      const next = scanner.scan(bytes, at);
      expect(next).toBeGreaterThan(at);
      expect(next).toBeLessThanOrEqual(bytes.length);
      at = next;
      if (scanner.finished > finished) ends.push(before + at);
      else expect(at).toBe(bytes.length);
    }
    before += bytes.length;
  }
  const { begun, finished, isAtBoundary } = scanner;
  return { begins, ends, begun, finished, isAtBoundary };
}

const STREAM = Buffer.concat([message(3), message(0), message(0), message(300, 1), message(1)]);
const BEGINS = [0, 8, 13, 18, 323];
const ENDS = [8, 13, 18, 323, 329];

describe('messages', () => {
  it('begin and end where their prefixes say', () => {
    const expected = { begins: BEGINS, ends: ENDS, begun: 5, finished: 5, isAtBoundary: true };
    expect(scanAll([STREAM])).toEqual(expected);
  });

  it('are the same wherever they are cut', () => {
    const expected = scanAll([STREAM]);
    for (const pieces of splitsOf(STREAM)) expect(scanAll(pieces)).toEqual(expected);
    for (let size = 2; size < 20; size++) expect(scanAll(chop(STREAM, size))).toEqual(expected);
  });

  it('have begun with their first byte, and ended with their last', () => {
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const { begun, finished, isAtBoundary } = scanAll([STREAM.subarray(0, cut)]);
      expect(begun).toBe(BEGINS.filter((begin) => begin < cut).length);
      expect(finished).toBe(ENDS.filter((end) => end <= cut).length);
      expect(isAtBoundary).toBe(begun === finished);
    }
  });

  it('are counted before they are scanned: the next one has the number of those begun', () => {
    const scanner = new GrpcMessageScanner();
    expect([scanner.isAtBoundary, scanner.begun]).toEqual([true, 0]);
    scanner.scan(STREAM, 0);
    expect([scanner.isAtBoundary, scanner.begun, scanner.finished]).toEqual([true, 1, 1]);
  });

  it('of the largest length go on for 4 GiB', () => {
    const scanner = new GrpcMessageScanner();
    const prefix = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
    const mebibyte = Buffer.alloc(1_048_576);
    expect(scanner.scan(prefix, 0)).toBe(5);
    for (let i = 0; i < 4095; i++) expect(scanner.scan(mebibyte, 0)).toBe(mebibyte.length);
    expect(scanner.finished).toBe(0);
    expect(scanner.scan(mebibyte, 0)).toBe(mebibyte.length - 1);
    expect(scanner.finished).toBe(1);
  });

  it('need bytes: nothing happens without them', () => {
    const scanner = new GrpcMessageScanner();
    for (const cut of [0, 3, 5, 7]) {
      const piece = STREAM.subarray(0, cut);
      scanner.scan(piece, scanner.scan(piece, 0));
      const { begun, finished } = scanner;
      expect(scanner.scan(Buffer.alloc(0), 0)).toBe(0);
      expect([scanner.begun, scanner.finished]).toEqual([begun, finished]);
    }
  });

  it('of garbage are the same in any pieces', () => {
    for (let round = 0; round < 300; round++) {
      const bytes = noise(100, 'grpc', round);
      for (let at = 1; at < 97; at += 7) bytes.fill(0, at, at + 3);
      const whole = scanAll([bytes]);
      expect(scanAll(chop(bytes, 1 + roll(12, 'grpc', round, 'size')))).toEqual(whole);
    }
  });
});
