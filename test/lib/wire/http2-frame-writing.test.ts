import { describe, expect, it } from 'vitest';
import {
  encodeDataFrames,
  encodeFrame,
  encodeGoaway,
  encodeHeaderFrames,
  encodeRstStream,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  headerBlockOf,
  HTTP2_ERROR,
  Http2FrameReader,
  SETTING,
  withStreamId,
  type Http2Frame,
} from '../../../src/lib/wire/http2-frames.ts';

function framesOf(bytes: Buffer): Http2Frame[] {
  const frames: Http2Frame[] = [];
  const reader = new Http2FrameReader(0xff_ffff);
  expect(reader.push(bytes, (frame) => frames.push(frame))).toBeUndefined();
  expect(reader.takePartial()).toBeUndefined();
  return frames;
}

describe('frames as they are written', () => {
  it.each([
    ['a frame without payload', encodeFrame(FRAME.SETTINGS, FLAG.ACK, 0), '000000 04 01 00000000'],
    ['any frame', encodeFrame(0xfe, 0xfd, 0x7fffffff, Buffer.from('abc')), '000003 fe fd 7fffffff 616263'],
    ['RST_STREAM', encodeRstStream(5, HTTP2_ERROR.CANCEL), '000004 03 00 00000005 00000008'],
    ['RST_STREAM of an unknown code', encodeRstStream(5, 0xffff_fffe), '000004 03 00 00000005 fffffffe'],
    ['GOAWAY', encodeGoaway(0x7fffffff, 0), '000008 07 00 00000000 7fffffff 00000000'],
    ['GOAWAY to people', encodeGoaway(9, 11, Buffer.from('hi')), '00000a 07 00 00000000 00000009 0000000b 6869'],
    ['WINDOW_UPDATE', encodeWindowUpdate(3, 0x7fff_ffff), '000004 08 00 00000003 7fffffff'],
    ['SETTINGS', encodeSettings([]), '000000 04 00 00000000'],
    [
      'SETTINGS of values',
      encodeSettings([
        [SETTING.HEADER_TABLE_SIZE, 0xffff_ffff],
        [0xabcd, 1],
      ]),
      '00000c 04 00 00000000 0001 ffffffff abcd 00000001',
    ],
  ])('%s', (_, frame, hex) => {
    expect(frame.toString('hex')).toBe(hex.replaceAll(' ', ''));
  });

  it('have their length in 24 bits, and are refused beyond', () => {
    expect(encodeFrame(0, 0, 1, Buffer.alloc(0x1_cdef)).subarray(0, 3).toString('hex')).toBe('01cdef');
    expect(() => encodeFrame(0, 0, 1, Buffer.alloc(0x100_0000))).toThrow(RangeError);
  });
});

describe('a header block', () => {
  const block = Buffer.from(Array.from({ length: 25 }, (_, i) => i));
  const row = ({ type, flags, streamId, bytes }: Http2Frame) => [type, flags, streamId, bytes.length - 9];

  it.each([
    [25, true, [[1, 0x5, 7, 25]]],
    [25, false, [[1, 0x4, 7, 25]]],
    [
      24,
      true,
      [
        [1, 0x1, 7, 24],
        [9, 0x4, 7, 1],
      ],
    ],
    [
      10,
      false,
      [
        [1, 0x0, 7, 10],
        [9, 0x0, 7, 10],
        [9, 0x4, 7, 5],
      ],
    ],
  ])('in frames of %d bytes that end the stream: %j', (maxFrameBytes, endStream, expected) => {
    const frames = framesOf(encodeHeaderFrames(7, block, endStream, maxFrameBytes));
    expect(frames.map(row)).toEqual(expected);
    expect(Buffer.concat(frames.map((frame) => headerBlockOf(frame)!)).equals(block)).toBe(true);
  });

  it('that is empty is one frame, and a size of 0 hangs nobody', () => {
    expect(framesOf(encodeHeaderFrames(7, Buffer.alloc(0), true, 100)).map(row)).toEqual([[1, 0x5, 7, 0]]);
    expect(framesOf(encodeHeaderFrames(7, block, true, 0))).toHaveLength(25);
  });

  it('whole in any size of frames', () => {
    for (let size = 1; size < 30; size++) {
      const frames = framesOf(encodeHeaderFrames(1, block, true, size));
      expect(Buffer.concat(frames.map((frame) => headerBlockOf(frame)!)).equals(block)).toBe(true);
      expect(frames.filter(({ flags }) => (flags & FLAG.END_HEADERS) !== 0)).toEqual([frames.at(-1)]);
    }
  });
});

describe('data', () => {
  it.each([
    ['abcdef', true, 3, ['000003 00 00 00000005 616263', '000003 00 01 00000005 646566']],
    ['abcd', false, 3, ['000003 00 00 00000005 616263', '000001 00 00 00000005 64']],
    ['', true, 3, ['000000 00 01 00000005']],
    ['', false, 3, []],
    ['ab', true, 0, ['000001 00 00 00000005 61', '000001 00 01 00000005 62']],
  ])('%j that ends the stream: %j, in frames of %d', (payload, endStream, maxFrameBytes, expected) => {
    const frames = encodeDataFrames(5, Buffer.from(payload), endStream, maxFrameBytes);
    expect(frames.map((frame) => frame.toString('hex'))).toEqual(expected.map((hex) => hex.replaceAll(' ', '')));
  });
});

describe('another stream id', () => {
  const original = encodeFrame(FRAME.DATA, 1, 5, Buffer.from('x'));

  it('is in a copy, and the frame stays', () => {
    const bytes = Buffer.from(original);
    const [frame] = framesOf(bytes);
    expect(withStreamId(frame!, 0x7fff_fffd).toString('hex')).toBe('00000100017ffffffd78');
    expect(bytes.equals(original)).toBe(true);
  });

  it('is written in place when that is allowed', () => {
    const bytes = Buffer.from(original);
    const [frame] = framesOf(bytes);
    expect(withStreamId(frame!, 7, true)).toBe(frame!.bytes);
    expect(bytes.toString('hex')).toBe('00000100010000000778');
  });

  it('that is the same leaves the bytes as they are', () => {
    const [frame] = framesOf(Buffer.from(original));
    expect(withStreamId(frame!, 5)).toBe(frame!.bytes);
  });
});
