import { describe, expect, it } from 'vitest';
import { ChunkedReader } from '../../../src/lib/wire/http1-chunked-reader.ts';
import { ChunkedScanner } from '../../../src/lib/wire/http1-chunked.ts';
import { mutate, noise, splitsOf } from './pieces.ts';

interface Taken {
  readonly data: string;
  readonly end: number;
  readonly state: string;
}

/** Pushes the pieces one after another; `end` counts from the first byte of all. */
function take(pieces: readonly Buffer[]): Taken {
  const reader = new ChunkedReader();
  const data: Buffer[] = [];
  let before = 0;
  for (const piece of pieces) {
    const at = reader.push(piece, 0, (part) => {
      if (part.length === 0) throw new Error('a piece of nothing');
      data.push(part);
    });
    if (reader.state !== 'open') return { data: join(data), end: before + at, state: reader.state };
    if (at !== piece.length) throw new Error(`stopped at ${at} of ${piece.length}`);
    before += piece.length;
  }
  return { data: join(data), end: before, state: reader.state };
}

function join(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces).toString('latin1');
}

/** What ChunkedScanner, which only looks for the end, makes of the same bytes. */
function endOf(bytes: Buffer): Omit<Taken, 'data'> {
  const scanner = new ChunkedScanner();
  const end = scanner.scan(bytes, 0);
  return { end, state: scanner.state };
}

const BODIES: readonly (readonly [body: string, data: string])[] = [
  ['0\r\n\r\n', ''],
  [
    '4\r\nWiki\r\n5;a="b;c"\r\npedia\r\nE \t\r\n in\r\n\r\nchunks.\r\n0;last\r\nDigest: x\r\nA: b\r\n\r\n',
    'Wikipedia in\r\n\r\nchunks.',
  ],
  ['000000000000a\r\n0123456789\r\n00\r\n\r\n', '0123456789'],
  ['1\r\n\r\r\n1\r\n\n\r\n3\r\n0\r\n\r\n0\r\n\r\n', '\r\n0\r\n'],
];

describe('the data of a chunked body', () => {
  it.each(BODIES)('of %j is %j, wherever it is split', (body, data) => {
    const bytes = Buffer.from(`${body}HTTP/1.1 200 OK\r\n`);
    for (const pieces of splitsOf(bytes)) expect(take(pieces)).toEqual({ data, end: body.length, state: 'done' });
  });

  it.each(BODIES)('of %j is there as far as it has come', (body, data) => {
    for (let cut = 0; cut < body.length; cut++) {
      const taken = take([Buffer.from(body.slice(0, cut))]);
      expect(taken).toMatchObject({ end: cut, state: 'open' });
      expect(data.startsWith(taken.data)).toBe(true);
    }
  });

  it('is taken from the offset on that was asked for, without copying', () => {
    const bytes = Buffer.from('HEAD4\r\nWiki\r\n0\r\n\r\n');
    const pieces: Buffer[] = [];
    const reader = new ChunkedReader();
    expect(reader.push(bytes, 4, (piece) => pieces.push(piece))).toBe(bytes.length);
    expect(pieces.map((piece) => [piece.buffer === bytes.buffer, piece.toString()])).toEqual([[true, 'Wiki']]);
  });

  it('is over when the body is', () => {
    const reader = new ChunkedReader();
    const body = Buffer.from('0\r\n\r\n4\r\nWiki\r\n');
    const onData = (): never => expect.fail('there is no data');
    expect([reader.push(body, 0, onData), reader.push(body, 5, onData), reader.state]).toEqual([5, 5, 'done']);
  });

  it.each([
    ['4\r\nWikiX', 'Wiki', 7],
    ['4\r\nWiki\r\n-1\r\n', 'Wiki', 9],
    ['4\nWiki', '', 1],
    ['2\r\nab\r\n0\r\n\rX', 'ab', 11],
  ])('of %j is %j, up to where it goes bad', (body, data, end) => {
    for (const pieces of splitsOf(Buffer.from(body))) expect(take(pieces)).toEqual({ data, end, state: 'bad' });
  });

  it('ends where the scanner finds the end, whatever the bytes are', () => {
    const good = Buffer.from(BODIES[1]![0]);
    const states = new Set<string>();
    for (let round = 0; round < 3000; round++) {
      const bytes = round % 4 === 0 ? noise(12, 'chunks', round) : mutate(good, 'chunks', round);
      const { data, end, state } = take([bytes]);
      expect({ end, state }).toEqual(endOf(bytes));
      const cut = round % bytes.length;
      expect(take([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual({ data, end, state });
      states.add(state);
    }
    expect([...states].sort()).toEqual(['bad', 'done', 'open']);
  });
});
