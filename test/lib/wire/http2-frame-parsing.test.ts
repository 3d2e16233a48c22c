import { describe, expect, it } from 'vitest';
import {
  dataOf,
  encodeFrame,
  encodeGoaway,
  encodeRstStream,
  encodeSettings,
  encodeWindowUpdate,
  errorCodeOf,
  FLAG,
  FRAME,
  headerBlockOf,
  Http2FrameReader,
  parseGoaway,
  parseSettings,
  SETTING,
  windowIncrementOf,
  type Http2Frame,
} from '../../../src/lib/wire/http2-frames.ts';
import { mutate, noise, roll } from './pieces.ts';

function frameOf(bytes: Buffer): Http2Frame {
  const frames: Http2Frame[] = [];
  new Http2FrameReader(0xff_ffff).push(bytes, (frame) => frames.push(frame));
  expect(frames).toHaveLength(1);
  return frames[0]!;
}

const frame = (type: number, flags: number, streamId: number, payload: string): Http2Frame =>
  frameOf(encodeFrame(type, flags, streamId, Buffer.from(payload.replaceAll(' ', ''), 'hex')));

const { HEADERS, CONTINUATION, PUSH_PROMISE, DATA, SETTINGS } = FRAME;
const { PADDED, PRIORITY, ACK } = FLAG;

describe('the header block', () => {
  it.each([
    ['HEADERS', frame(HEADERS, 0, 1, '8286'), '8286'],
    ['empty HEADERS', frame(HEADERS, 0, 1, ''), ''],
    ['padded HEADERS', frame(HEADERS, PADDED, 1, '02 8286 0000'), '8286'],
    ['HEADERS padded with nothing', frame(HEADERS, PADDED, 1, '00 8286'), '8286'],
    ['HEADERS of padding only', frame(HEADERS, PADDED, 1, '02 0000'), ''],
    ['HEADERS padded too much', frame(HEADERS, PADDED, 1, '03 0000'), undefined],
    ['HEADERS without the length of its padding', frame(HEADERS, PADDED, 1, ''), undefined],
    ['HEADERS with a priority', frame(HEADERS, PRIORITY, 1, '8000000310 82'), '82'],
    ['HEADERS with half a priority', frame(HEADERS, PRIORITY, 1, '80000003'), undefined],
    ['padded HEADERS with a priority', frame(HEADERS, PADDED | PRIORITY, 1, '01 8000000310 82 00'), '82'],
    ['HEADERS padded into its priority', frame(HEADERS, PADDED | PRIORITY, 1, '02 8000000310 00'), undefined],
    ['HEADERS of no stream', frame(HEADERS, 0, 0, '82'), undefined],
    ['CONTINUATION', frame(CONTINUATION, PADDED | PRIORITY, 1, '0282'), '0282'],
    ['CONTINUATION of no stream', frame(CONTINUATION, 0, 0, '82'), undefined],
    ['PUSH_PROMISE', frame(PUSH_PROMISE, 0, 1, '00000002 82'), '82'],
    ['padded PUSH_PROMISE', frame(PUSH_PROMISE, PADDED, 1, '01 00000002 82 00'), '82'],
    ['half a PUSH_PROMISE', frame(PUSH_PROMISE, 0, 1, '000000'), undefined],
    ['DATA', frame(DATA, 0, 1, '82'), undefined],
  ])('of %s', (_, from, block) => {
    expect(headerBlockOf(from)?.toString('hex')).toBe(block);
  });

  it('and data are parts of the frame, not copies', () => {
    const headers = frame(HEADERS, PADDED, 1, '01 82 00');
    expect(headerBlockOf(headers)?.buffer).toBe(headers.bytes.buffer);
    expect(dataOf(frame(DATA, 0, 1, '82'))?.byteOffset).toBeGreaterThanOrEqual(9);
  });
});

describe('the data', () => {
  it.each([
    ['DATA', frame(DATA, 0, 1, '0102'), '0102'],
    ['DATA with a bit that means nothing', frame(DATA, PRIORITY, 1, '010203040506'), '010203040506'],
    ['empty DATA', frame(DATA, 0, 1, ''), ''],
    ['padded DATA', frame(DATA, PADDED, 1, '01 0102 00'), '0102'],
    ['DATA with the longest padding', frame(DATA, PADDED, 1, `ff 0102 ${'00'.repeat(255)}`), '0102'],
    ['DATA of padding only', frame(DATA, PADDED, 1, '01 00'), ''],
    ['DATA padded too much', frame(DATA, PADDED, 1, '02 00'), undefined],
    ['DATA without the length of its padding', frame(DATA, PADDED, 1, ''), undefined],
    ['DATA of no stream', frame(DATA, 0, 0, '00'), undefined],
    ['HEADERS', frame(HEADERS, 0, 1, '82'), undefined],
  ])('of %s', (_, from, data) => {
    expect(dataOf(from)?.toString('hex')).toBe(data);
  });
});

describe('settings', () => {
  const pair = (id: number, value: number) => frameOf(encodeSettings([[id, value]]));

  it.each([
    ['none', frameOf(encodeSettings([])), []],
    ['an acknowledgement', frame(SETTINGS, ACK, 0, ''), []],
    [
      'some, in their order',
      frame(SETTINGS, 0, 0, '0004 0000ffff abcd ffffffff 0004 00000001'),
      [
        [4, 65_535],
        [0xabcd, 0xffff_ffff],
        [4, 1],
      ],
    ],
    ['an acknowledgement with settings', frame(SETTINGS, ACK, 0, '0004 0000ffff'), undefined],
    ['half a setting', frame(SETTINGS, 0, 0, '0004 0000ff'), undefined],
    ['those of a stream', frame(SETTINGS, 0, 1, ''), undefined],
    ['another frame', frame(DATA, 0, 0, ''), undefined],
    ['a push that is 1', pair(SETTING.ENABLE_PUSH, 1), [[2, 1]]],
    ['a push that is 2', pair(SETTING.ENABLE_PUSH, 2), undefined],
    ['the largest window', pair(SETTING.INITIAL_WINDOW_SIZE, 0x7fff_ffff), [[4, 0x7fff_ffff]]],
    ['a window that is too large', pair(SETTING.INITIAL_WINDOW_SIZE, 0x8000_0000), undefined],
    ['the smallest frame', pair(SETTING.MAX_FRAME_SIZE, 16_384), [[5, 16_384]]],
    ['a frame that is too small', pair(SETTING.MAX_FRAME_SIZE, 16_383), undefined],
    ['the largest frame', pair(SETTING.MAX_FRAME_SIZE, 0xff_ffff), [[5, 0xff_ffff]]],
    ['a frame that is too large', pair(SETTING.MAX_FRAME_SIZE, 0x100_0000), undefined],
  ])('%s', (_, from, settings) => {
    expect(parseSettings(from)).toEqual(settings);
  });
});

describe('the rest', () => {
  it.each([
    ['a window update', frameOf(encodeWindowUpdate(0, 5)), 5],
    ['the largest one', frameOf(encodeWindowUpdate(1, 0x7fff_ffff)), 0x7fff_ffff],
    ['one with the reserved bit', frame(FRAME.WINDOW_UPDATE, 0, 1, '80000005'), 5],
    ['one of nothing', frameOf(encodeWindowUpdate(1, 0)), undefined],
    ['half a one', frame(FRAME.WINDOW_UPDATE, 0, 1, '000005'), undefined],
    ['a frame of another type', frame(FRAME.RST_STREAM, 0, 1, '00000005'), undefined],
  ])('%s', (_, from, increment) => {
    expect(windowIncrementOf(from)).toBe(increment);
  });

  it.each([
    ['a reset', frameOf(encodeRstStream(1, 8)), 8],
    ['a reset with an unknown code', frameOf(encodeRstStream(1, 0xffff_ffff)), 0xffff_ffff],
    ['a reset of no stream', frameOf(encodeRstStream(0, 8)), undefined],
    ['half a reset', frame(FRAME.RST_STREAM, 0, 1, '000008'), undefined],
    ['another frame than a reset', frame(FRAME.WINDOW_UPDATE, 0, 1, '00000008'), undefined],
  ])('%s', (_, from, code) => {
    expect(errorCodeOf(from)).toBe(code);
  });

  it.each([
    ['a goodbye', frameOf(encodeGoaway(9, 2)), { lastStreamId: 9, code: 2, debug: Buffer.alloc(0) }],
    [
      'a goodbye to people',
      frame(FRAME.GOAWAY, 0, 0, 'ffffffff ffffffff 6869'),
      { lastStreamId: 0x7fff_ffff, code: 0xffff_ffff, debug: Buffer.from('hi') },
    ],
    ['half a goodbye', frame(FRAME.GOAWAY, 0, 0, '00000009 000000'), undefined],
    ['a goodbye of a stream', frame(FRAME.GOAWAY, 0, 1, '00000009 00000000'), undefined],
    ['another frame than a goodbye', frame(DATA, 0, 0, '00000009 00000000'), undefined],
  ])('%s', (_, from, expected) => {
    expect(parseGoaway(from)).toEqual(expected);
  });
});

describe('garbage', () => {
  it('is read or not, and never throws', () => {
    const readers = [headerBlockOf, dataOf, parseSettings, windowIncrementOf, errorCodeOf, parseGoaway];
    const outcomes = new Set<string>();
    for (let round = 0; round < 2000; round++) {
      const payload = noise(roll(24, 'parse', round, 'length'), 'parse', round);
      const bytes = mutate(
        encodeFrame(round % 10, roll(256, 'parse', round, 'flags'), round % 3, payload),
        'at',
        round,
      );
      const read = { type: bytes[3]!, flags: bytes[4]!, streamId: bytes[8]!, bytes };
      for (const reader of readers) outcomes.add(`${reader.name} ${reader(read) === undefined}`);
    }
    expect(outcomes.size).toBe(2 * readers.length);
  });
});
