import { describe, expect, it } from 'vitest';
import {
  acceptWithoutContextTakeover,
  encodeCloseFrame,
  isSendableCloseCode,
  offerWithoutContextTakeover,
  WEBSOCKET_OPCODE,
  WebSocketScanner,
  type WebSocketProblem,
} from '../../../src/lib/wire/websocket-frames.ts';
import { mutate, noise, splitsOf } from './pieces.ts';

const { continuation, text, binary, close, ping, pong } = WEBSOCKET_OPCODE;
const FIN = 0x80;
const RSV1 = 0x40;
const MASK = Buffer.from([1, 2, 3, 4]);

/** A frame with the shortest length that fits, or with `lengthBytes` of it. */
function frame(
  first: number,
  payloadBytes: number,
  { mask = false, lengthBytes = shortest(payloadBytes) } = {},
): Buffer {
  const length = Buffer.alloc(lengthBytes);
  if (lengthBytes === 2) length.writeUInt16BE(payloadBytes);
  if (lengthBytes === 8) length.writeBigUInt64BE(BigInt(payloadBytes));
  const short = lengthBytes === 0 ? payloadBytes : lengthBytes === 2 ? 126 : 127;
  const head = Buffer.from([first, (mask ? 0x80 : 0) | short]);
  // The payload looks like frames itself: nobody may look into it.
  return Buffer.concat([head, length, mask ? MASK : Buffer.alloc(0), Buffer.alloc(payloadBytes, 0x81)]);
}

function shortest(payloadBytes: number): number {
  return payloadBytes < 126 ? 0 : payloadBytes < 65_536 ? 2 : 8;
}

interface Seen {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly masked: boolean;
  readonly payloadBytes: number;
  readonly message: string;
  readonly between: boolean;
  /** Where it ends, counted from the first byte of all. */
  readonly end: number;
}

interface Walk {
  readonly frames: Seen[];
  readonly problem: WebSocketProblem | undefined;
  readonly open: boolean;
}

function walk(pieces: readonly Buffer[]): Walk {
  const scanner = new WebSocketScanner();
  const frames: Seen[] = [];
  let before = 0;
  for (const bytes of pieces) {
    let at = 0;
    while (at < bytes.length) {
      const end = scanner.scan(bytes, at);
      if (end <= at || end > bytes.length) throw new Error(`from ${at} to ${end} of ${bytes.length}`);
      if (!scanner.isAtBoundary && end !== bytes.length) throw new Error('stopped within a frame');
      at = end;
      if (scanner.isAtBoundary) frames.push(look(scanner, before + end));
    }
    before += bytes.length;
  }
  return { frames, problem: scanner.problem, open: !scanner.isAtBoundary };
}

function look(scanner: WebSocketScanner, end: number): Seen {
  if (!scanner.hasHeader) throw new Error('a frame has ended without its header');
  const { opcode, fin, rsv1, masked, payloadBytes, startsMessage, endsMessage, isBetweenMessages } = scanner;
  const message = `${startsMessage ? 'starts' : ''}${endsMessage ? 'ends' : ''}`;
  return { opcode, fin, rsv1, masked, payloadBytes, message, between: isBetweenMessages, end };
}

describe('frames that are followed', () => {
  it.each([
    ['the longest short length', frame(FIN | text, 125), 125],
    ['the shortest 16-bit length', frame(FIN | text, 126), 126],
    ['the longest 16-bit length', frame(FIN | binary, 65_535), 65_535],
    ['the shortest 64-bit length', frame(FIN | binary, 65_536), 65_536],
    ['a length longer than need be', frame(FIN | text, 3, { lengthBytes: 8 }), 3],
    ['a payload of nothing', frame(FIN | text, 0), 0],
    ['a mask and nothing', frame(FIN | text, 0, { mask: true }), 0],
    ['a mask and 16 bits', frame(FIN | text, 300, { mask: true }), 300],
  ])('have %s', (_, bytes, payloadBytes) => {
    const { frames, problem, open } = walk([Buffer.concat([bytes, frame(FIN | ping, 0)])]);
    expect({ problem, open }).toEqual({ problem: undefined, open: false });
    expect(frames.map((one) => [one.payloadBytes, one.end])).toEqual([
      [payloadBytes, bytes.length],
      [0, bytes.length + 2],
    ]);
  });

  const conversation = Buffer.concat([
    frame(FIN | text, 5, { mask: true }),
    frame(RSV1 | binary, 130),
    frame(FIN | ping, 4, { mask: true }),
    frame(continuation, 0),
    frame(FIN | pong, 0),
    frame(FIN | continuation, 9, { mask: true, lengthBytes: 8 }),
    frame(FIN | RSV1 | text, 0, { mask: true }),
    frame(FIN | close, 2),
  ]);

  it('say which of them start and end a message, with control frames between fragments', () => {
    const { frames, problem } = walk([conversation]);
    expect(problem).toBeUndefined();
    expect(frames.map((one) => [one.opcode, one.fin, one.rsv1, one.masked, one.payloadBytes, one.message])).toEqual([
      [text, true, false, true, 5, 'startsends'],
      [binary, false, true, false, 130, 'starts'],
      [ping, true, false, true, 4, ''],
      [continuation, false, false, false, 0, ''],
      [pong, true, false, false, 0, ''],
      [continuation, true, false, true, 9, 'ends'],
      [text, true, true, true, 0, 'startsends'],
      [close, true, false, false, 2, ''],
    ]);
    expect(frames.map((one) => one.between)).toEqual([true, false, false, false, false, true, true, true]);
  });

  it('are the same wherever the bytes are split', () => {
    const whole = walk([conversation]);
    for (const pieces of splitsOf(conversation)) expect(walk(pieces)).toEqual(whole);
  });

  it('are under way when the bytes are cut within one of them', () => {
    const ends = [0, ...walk([conversation]).frames.map(({ end }) => end)];
    for (let cut = 0; cut <= conversation.length; cut++) {
      const { frames, problem, open } = walk([conversation.subarray(0, cut)]);
      expect(problem).toBeUndefined();
      expect(open).toBe(!ends.includes(cut));
      expect(frames.length).toBe(ends.findLastIndex((end) => end <= cut));
    }
  });

  it('tell opcode and FIN from their first byte on, and the rest once the header is there', () => {
    const scanner = new WebSocketScanner();
    const bytes = frame(RSV1 | binary, 300, { mask: true });
    for (let at = 0; at < 7; at++) {
      expect(scanner.scan(bytes.subarray(0, at + 1), at)).toBe(at + 1);
      expect([scanner.opcode, scanner.fin, scanner.rsv1, scanner.startsMessage]).toEqual([binary, false, true, true]);
      expect(scanner.hasHeader).toBe(false);
    }
    scanner.scan(bytes.subarray(0, 8), 7);
    expect([scanner.hasHeader, scanner.masked, scanner.payloadBytes]).toEqual([true, true, 300]);
    expect(scanner.isAtBoundary).toBe(false);
  });

  it('show nothing of the frame before them', () => {
    const scanner = new WebSocketScanner();
    const look = (): unknown[] => [scanner.fin, scanner.rsv1, scanner.masked, scanner.payloadBytes, scanner.hasHeader];
    expect([scanner.opcode, ...look()]).toEqual([0, false, false, false, 0, false]);
    const bytes = Buffer.concat([frame(FIN | RSV1 | text, 300, { mask: true }), frame(binary, 7)]);
    const end = scanner.scan(bytes, 0);
    expect(look()).toEqual([true, true, true, 300, true]);
    scanner.scan(bytes.subarray(0, end + 1), end);
    expect(look()).toEqual([false, false, false, 0, false]);
  });

  it('may be longer than four gigabytes', () => {
    const scanner = new WebSocketScanner();
    scanner.scan(Buffer.from([FIN | binary, 127, 0, 0, 1, 0, 0, 0, 0, 5]), 0);
    expect([scanner.payloadBytes, scanner.isAtBoundary, scanner.problem]).toEqual([2 ** 40 + 5, false, undefined]);
  });

  it('are not begun by no bytes at all', () => {
    const scanner = new WebSocketScanner();
    expect(scanner.scan(Buffer.alloc(0), 0)).toBe(0);
    expect([scanner.isAtBoundary, scanner.isBetweenMessages]).toEqual([true, true]);
    const bytes = frame(FIN | text, 1);
    expect(scanner.scan(bytes, 0)).toBe(3);
    expect(scanner.scan(bytes, 3)).toBe(3);
    expect([scanner.isAtBoundary, scanner.opcode, scanner.payloadBytes]).toEqual([true, text, 1]);
  });
});

describe('bytes that are no frames', () => {
  /** The last byte is the one that decides. */
  it.each<[WebSocketProblem, number[]]>([
    ['reserved-opcode', [FIN | 0x3]],
    ['reserved-opcode', [FIN | 0x7]],
    ['reserved-opcode', [FIN | 0xb]],
    ['reserved-opcode', [FIN | 0xf]],
    ['fragmented-control', [ping]],
    ['fragmented-control', [close]],
    ['long-control', [FIN | ping, 126]],
    ['long-control', [FIN | close, 0x80 | 127]],
    ['stray-continuation', [continuation]],
    ['stray-continuation', [FIN | continuation]],
    ['stray-continuation', [FIN | text, 0, FIN | continuation]],
    ['stray-continuation', [text, 0, FIN | continuation, 0, continuation]],
    ['unfinished-message', [text, 0, FIN | text]],
    ['unfinished-message', [binary, 0, FIN | ping, 0, continuation, 0, binary]],
    ['bad-length', [FIN | text, 127, 0x80]],
    ['bad-length', [FIN | text, 127, 0, 0x20, 0, 0, 0, 0, 0, 0]],
  ])('%s: %j', (problem, bytes) => {
    expect(walk([Buffer.from(bytes.slice(0, -1))]).problem).toBeUndefined();
    for (const pieces of splitsOf(Buffer.from([...bytes, 0, 0, 0]))) {
      expect(walk(pieces)).toMatchObject({ problem, open: true });
    }
  });

  it('are all behind the owner once there is a problem', () => {
    const scanner = new WebSocketScanner();
    const bytes = Buffer.concat([frame(FIN | text, 2), Buffer.from([0xff]), frame(FIN | text, 2)]);
    expect(scanner.scan(bytes, 0)).toBe(4);
    expect(scanner.scan(bytes, 4)).toBe(bytes.length);
    expect(scanner.scan(frame(FIN | text, 2), 1)).toBe(4);
    expect([scanner.problem, scanner.isAtBoundary]).toEqual(['reserved-opcode', false]);
  });

  it('give a problem or frames, the same in any pieces, whatever they are', () => {
    const good = Buffer.concat([frame(text, 3), frame(FIN | ping, 1, { mask: true }), frame(FIN | continuation, 200)]);
    const problems = new Set<string | undefined>();
    for (let round = 0; round < 3000; round++) {
      const garbage = noise(24, 'frames', round);
      if (round % 3 === 0) garbage.set([FIN | text, 127]);
      const bytes = round % 3 === 1 ? mutate(good, 'frames', round) : garbage;
      const cut = round % bytes.length;
      const whole = walk([bytes]);
      expect(walk([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
      problems.add(whole.problem);
    }
    expect(problems.size).toBe(7);
  });
});

describe('a close frame', () => {
  it('is unmasked from a server', () => {
    expect(encodeCloseFrame(1001, 'bye', undefined)).toEqual(Buffer.from('880503e9627965', 'hex'));
    expect(encodeCloseFrame(1000, '', undefined)).toEqual(Buffer.from('880203e8', 'hex'));
  });

  it('is masked from a client', () => {
    expect(encodeCloseFrame(1001, 'bye', MASK)).toEqual(Buffer.from('88850102030402eb617d64', 'hex'));
    const zero = encodeCloseFrame(4000, 'why', Buffer.alloc(4));
    expect(zero.subarray(6).toString('latin1')).toBe('\x0f\xa0why');
  });

  it.each([
    ['a'.repeat(123), 'a'.repeat(123)],
    ['a'.repeat(124), 'a'.repeat(123)],
    [`${'a'.repeat(121)}éé`, `${'a'.repeat(121)}é`],
    [`${'a'.repeat(122)}é`, 'a'.repeat(122)],
    [`${'a'.repeat(120)}€€`, `${'a'.repeat(120)}€`],
    [`${'a'.repeat(122)}€`, 'a'.repeat(122)],
    [`${'a'.repeat(119)}🙂🙂`, `${'a'.repeat(119)}🙂`],
    [`${'a'.repeat(120)}🙂`, 'a'.repeat(120)],
    ['\ud800', '�'],
  ])('holds %j as far as it fits', (reason, kept) => {
    for (const mask of [undefined, MASK]) {
      const bytes = encodeCloseFrame(1011, reason, mask);
      const walked = walk([bytes]);
      expect(walked).toMatchObject({ problem: undefined, open: false });
      expect(walked.frames).toMatchObject([
        { opcode: close, fin: true, masked: mask !== undefined, end: bytes.length },
      ]);
      const payload = bytes.subarray(mask === undefined ? 2 : 6).map((byte, i) => byte ^ (mask?.[i % 4] ?? 0));
      expect(Buffer.from(payload.subarray(2)).toString()).toBe(kept);
    }
  });

  it('refuses a mask of another length, and a code of more than 16 bits', () => {
    expect(() => encodeCloseFrame(1000, '', Buffer.alloc(3))).toThrow('a mask of 3 bytes');
    expect(() => encodeCloseFrame(65_536, '', undefined)).toThrow(RangeError);
  });

  it.each([
    [[999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 1000.5, Number.NaN, -1000], false],
    [[1000, 1001, 1002, 1003, 1007, 1008, 1011, 1014, 3000, 3999, 4000, 4999], true],
  ])('with a code of %j may be sent: %s', (codes, may) => {
    for (const code of codes) expect(isSendableCloseCode(code), String(code)).toBe(may);
  });
});

describe('offers and answers of compression', () => {
  it.each([
    ['permessage-deflate', 'permessage-deflate; X'],
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate; client_max_window_bits; X'],
    ['Permessage-Deflate', 'Permessage-Deflate; X'],
    [',permessage-deflate,', ',permessage-deflate; X,'],
    ['permessage-deflate;X', undefined],
    ['permessage-deflate ;\tX ; client_max_window_bits="10"', undefined],
    ['permessage-deflate; X=true', undefined],
    ['permessage-deflate; a="X"', 'permessage-deflate; a="X"; X'],
    ['permessage-deflate; a="; X"', 'permessage-deflate; a="; X"; X'],
    [
      ' permessage-deflate; a=1 ,\tpermessage-deflate\t, x-webkit-deflate-frame',
      ' permessage-deflate; a=1; X ,\tpermessage-deflate; X\t, x-webkit-deflate-frame',
    ],
    ['foo; a="x, permessage-deflate", permessage-deflate', 'foo; a="x, permessage-deflate", permessage-deflate; X'],
    ['foo; a="\\", permessage-deflate"', undefined],
    ['foo; a="unclosed, permessage-deflate', undefined],
    ['permessage-deflate-2, x-permessage-deflate, foo; permessage-deflate', undefined],
    [',, ', undefined],
    ['', undefined],
  ])('%j is completed', (header, completed) => {
    for (const [complete, parameter] of [
      [offerWithoutContextTakeover, 'server_no_context_takeover'],
      [acceptWithoutContextTakeover, 'client_no_context_takeover'],
    ] as const) {
      const named = (value: string): string => value.replaceAll('X', parameter);
      const result = complete(named(header));
      expect(result).toBe(named(completed ?? header));
      expect(complete(result)).toBe(result);
    }
  });

  it('are not mistaken for each other', () => {
    const both = 'permessage-deflate; client_no_context_takeover; server_no_context_takeover';
    expect(offerWithoutContextTakeover('permessage-deflate; client_no_context_takeover')).toBe(both);
  });

  it('never throw on garbage, and only add to it', () => {
    const alphabet = ['permessage-deflate', ';', ',', '"', '\\', ' ', '=', 'a', '\xa0'];
    for (let round = 0; round < 2000; round++) {
      const parts = [...noise(8, 'extensions', round)].map((byte) => alphabet[byte % alphabet.length] ?? '');
      const header = parts.join('');
      const result = offerWithoutContextTakeover(header);
      expect(result.replaceAll('; server_no_context_takeover', '')).toBe(header);
    }
  });
});
