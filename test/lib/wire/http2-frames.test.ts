import { describe, expect, it } from 'vitest';
import {
  CONNECTION_PREFACE,
  encodeDataFrames,
  encodeFrame,
  encodeSettings,
  FRAME,
  FRAME_HEADER_BYTES,
  HTTP2_ERROR,
  Http2FrameReader,
  lookupHttp2ErrorName,
  type FrameProblem,
  type Http2Frame,
} from '../../../src/lib/wire/http2-frames.ts';
import { chop, mutate, noise, roll, splitsOf } from './pieces.ts';

const MAX_FRAME_BYTES = 16_384;

interface Read {
  readonly frames: Http2Frame[];
  readonly problem: FrameProblem | undefined;
  readonly partial: Buffer | undefined;
}

function readAll(pieces: readonly Buffer[], maxFrameBytes = MAX_FRAME_BYTES): Read {
  const reader = new Http2FrameReader(maxFrameBytes);
  const frames: Http2Frame[] = [];
  let problem: FrameProblem | undefined;
  for (const piece of pieces) problem = reader.push(piece, (frame) => frames.push(frame));
  return { frames, problem, partial: reader.takePartial() };
}

const rows = ({ frames }: Read): string[] =>
  frames.map(({ type, flags, streamId, bytes }) => `${type} ${flags} ${streamId} ${bytes.toString('hex')}`);

const FRAMES = [
  encodeSettings([]),
  encodeFrame(FRAME.HEADERS, 0x5, 1, Buffer.from('82', 'hex')),
  encodeFrame(FRAME.DATA, 0, 3, Buffer.from('hello')),
  encodeFrame(0xfa, 0xff, 0x7fff_ffff, Buffer.alloc(20, 7)),
];
const STREAM = Buffer.concat(FRAMES);

describe('the reader of frames', () => {
  it('reads type, flags and stream id of each, and its bytes', () => {
    expect(rows(readAll([STREAM]))).toEqual([
      '4 0 0 000000040000000000',
      '1 5 1 00000101050000000182',
      '0 0 3 00000500000000000368656c6c6f',
      `250 255 2147483647 000014faff7fffffff${'07'.repeat(20)}`,
    ]);
  });

  it('leaves the reserved bit out of the stream id, and in the bytes', () => {
    const frame = Buffer.from('000000080080000003', 'hex');
    expect(rows(readAll([frame]))).toEqual(['8 0 3 000000080080000003']);
  });

  it('reads the same wherever chunks end', () => {
    const expected = rows(readAll([STREAM]));
    for (const pieces of splitsOf(STREAM)) expect(rows(readAll(pieces))).toEqual(expected);
    for (let size = 2; size < 30; size++) expect(rows(readAll(chop(STREAM, size)))).toEqual(expected);
  });

  it('hands out what is missing its end, and then begins anew', () => {
    let starts = 0;
    for (let cut = 0; cut < STREAM.length; cut++) {
      const { frames, partial, problem } = readAll([STREAM.subarray(0, cut)]);
      const whole = Buffer.concat(frames.map(({ bytes }) => bytes));
      expect(Buffer.concat([whole, partial ?? Buffer.alloc(0)]).equals(STREAM.subarray(0, cut))).toBe(true);
      expect(problem).toBeUndefined();
      if (partial === undefined) starts++;
    }
    expect(starts).toBe(FRAMES.length);

    const reader = new Http2FrameReader(MAX_FRAME_BYTES);
    const seen: number[] = [];
    reader.push(STREAM.subarray(0, 12), () => undefined);
    expect(reader.takePartial()?.equals(STREAM.subarray(9, 12))).toBe(true);
    expect(reader.takePartial()).toBeUndefined();
    reader.push(FRAMES[2]!, ({ type }) => seen.push(type));
    expect(seen).toEqual([FRAME.DATA]);
  });

  it('does not copy a frame that came in one chunk, and copies one that did not', () => {
    const chunk = Buffer.from(STREAM);
    const [first, second] = readAll([chunk]).frames;
    chunk[9 + 9] = 0xaa;
    expect([first!.bytes.buffer === chunk.buffer, second!.bytes.at(-1)]).toEqual([true, 0xaa]);
    expect(readAll([FRAMES[2]!]).frames[0]?.bytes).toBe(FRAMES[2]);

    const half = Buffer.from(FRAMES[2]!);
    const { frames } = readAll([half.subarray(0, 11), half.subarray(11)]);
    half.fill(0);
    expect(frames[0]!.bytes.equals(FRAMES[2]!)).toBe(true);
  });

  it('puts a large frame together without copying it again and again', () => {
    const payload = noise(1000, 'large', 0);
    const frame = encodeFrame(FRAME.DATA, 0, 1, Buffer.alloc(8_000_000, payload));
    // Copied anew with each of the 62,500 chunks this would be 250 GB, more than the time for a test allows.
    const { frames } = readAll(chop(frame, 128), 16_777_215);
    expect(frames.map(({ bytes }) => bytes.equals(frame))).toEqual([true]);
  });
});

describe('a frame that is too large', () => {
  const frame = encodeFrame(FRAME.DATA, 0, 1, Buffer.alloc(101));
  const next = FRAMES[1]!;

  it('is a problem as soon as its header is read, and no frame follows', () => {
    for (const pieces of [[frame, next], [Buffer.concat([frame, next])], ...splitsOf(frame.subarray(0, 9))]) {
      expect(readAll([next, ...pieces], 100)).toMatchObject({ frames: [{ type: 1 }], problem: 'frame-too-large' });
    }
    expect(readAll([next, frame.subarray(0, 8)], 100).problem).toBeUndefined();
    expect(readAll([frame], 101)).toMatchObject({ frames: [{ type: 0 }], problem: undefined });
  });

  it('leaves the reader dead, whatever is allowed afterwards', () => {
    for (const pieces of [[frame], [frame.subarray(0, 5), frame.subarray(5)]]) {
      const reader = new Http2FrameReader(100);
      for (const piece of pieces) reader.push(piece, () => expect.fail('no frame'));
      reader.setMaxFrameBytes(1000);
      expect(reader.push(next, () => expect.fail('no frame'))).toBe('frame-too-large');
    }
  });

  it('may come once a larger size is set, even by a frame before it in the same chunk', () => {
    const reader = new Http2FrameReader(100);
    const types: number[] = [];
    const problem = reader.push(Buffer.concat([encodeSettings([]), frame]), ({ type }) => {
      types.push(type);
      reader.setMaxFrameBytes(101);
    });
    expect([types, problem]).toEqual([[FRAME.SETTINGS, FRAME.DATA], undefined]);
  });
});

describe('garbage', () => {
  it('is frames or a problem, the same in any chunks', () => {
    for (let round = 0; round < 300; round++) {
      const bytes = round % 2 === 0 ? noise(200, 'frames', round) : mutate(STREAM, 'frames', round);
      const whole = readAll([bytes], 300);
      const pieces = readAll(chop(bytes, 1 + roll(20, 'frames', round, 'size')), 300);
      expect([rows(pieces), pieces.problem]).toEqual([rows(whole), whole.problem]);
      const taken = whole.frames.reduce((sum, frame) => sum + frame.bytes.length, whole.partial?.length ?? 0);
      if (whole.problem === undefined) expect(taken).toBe(bytes.length);
    }
  });
});

describe('names and numbers', () => {
  it('are those of RFC 9113', () => {
    expect(CONNECTION_PREFACE.toString('hex')).toBe('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a');
    expect(FRAME_HEADER_BYTES).toBe(encodeDataFrames(1, Buffer.alloc(0), true, 10)[0]!.length);
    expect(Object.values(FRAME)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(Object.values(HTTP2_ERROR)).toEqual(Array.from({ length: 14 }, (_, code) => code));
  });

  it.each([
    [0, 'NO_ERROR'],
    [8, 'CANCEL'],
    [13, 'HTTP_1_1_REQUIRED'],
    [14, undefined],
    [-1, undefined],
  ])('error %d is %s', (code, name) => {
    expect(lookupHttp2ErrorName(code)).toBe(name);
  });
});
