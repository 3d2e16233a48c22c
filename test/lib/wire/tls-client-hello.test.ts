import { describe, expect, it } from 'vitest';
import { readClientHello } from '../../../src/lib/wire/tls-client-hello.ts';
import {
  alpn,
  extension,
  grease,
  hello,
  hostName,
  records,
  serverName,
  supportedVersions,
  u16,
  vector,
  type HelloParts,
} from './client-hellos.ts';
import { mutate, noise, roll } from './pieces.ts';

const MODERN: HelloParts = {
  extensions: [
    grease(0x1a1a),
    serverName(hostName('Shop.Example-1.test')),
    alpn('\x8a\x8a', 'h2', 'http/1.1'),
    // A post-quantum key share makes the hello longer than a packet.
    extension(51, vector(2, Buffer.concat([u16(0x11ec), vector(2, Buffer.alloc(1216, 5))]))),
    supportedVersions(0x3a3a, 0x0304, 0x0303),
    extension(23),
    grease(0xfafa, 64),
  ],
};
const MODERN_READ = {
  state: 'hello',
  serverName: 'shop.example-1.test',
  alpn: ['\x8a\x8a', 'h2', 'http/1.1'],
  versions: [0x3a3a, 0x0304, 0x0303],
};

const NOTHING = { serverName: undefined, alpn: [], versions: [0x0303] };
const read = (parts: HelloParts): ReturnType<typeof readClientHello> => readClientHello(records(hello(parts)));
const stateOf = (bytes: Buffer): string => readClientHello(bytes).state;

/** The number of bytes after which the state is no longer `more`. */
function decidedAt(bytes: Buffer): { state: string; after: number } {
  for (let after = 0; after <= bytes.length; after++) {
    const state = stateOf(bytes.subarray(0, after));
    if (state !== 'more') return { state, after };
  }
  return { state: 'more', after: bytes.length };
}

describe('a ClientHello', () => {
  it('tells name, protocols and versions among extensions that mean nothing to us', () => {
    expect(hello(MODERN).length).toBeGreaterThan(1400);
    expect(read(MODERN)).toEqual(MODERN_READ);
  });

  it.each<[string, HelloParts, object]>([
    ['without extensions', { extensions: undefined, version: 0x0301 }, { ...NOTHING, versions: [0x0301] }],
    ['with a list of no extensions', { extensions: [] }, NOTHING],
    ['as short as can be', { sessionId: Buffer.alloc(0), suites: u16(1) }, NOTHING],
    ['with many compression methods', { compression: Buffer.alloc(255) }, NOTHING],
    ['of SSL 3.0', { version: 0x0300 }, { ...NOTHING, versions: [0x0300] }],
    ['with an empty extension last', { extensions: [extension(23)] }, NOTHING],
    [
      'with a name of a type that we do not know',
      { extensions: [serverName(hostName('\0\xff', 7), hostName('a.test'), hostName('', 8))] },
      { ...NOTHING, serverName: 'a.test' },
    ],
    ['with one version', { extensions: [supportedVersions(0x0304)] }, { ...NOTHING, versions: [0x0304] }],
    ['with odd versions', { extensions: [supportedVersions(0, 0xffff)] }, { ...NOTHING, versions: [0, 0xffff] }],
    ['with a protocol of one byte last', { extensions: [alpn('ab', 'x')] }, { ...NOTHING, alpn: ['ab', 'x'] }],
    ['with one protocol of one byte', { extensions: [alpn('x')] }, { ...NOTHING, alpn: ['x'] }],
  ])('%s', (_, parts, expected) => {
    expect(read(parts)).toEqual({ state: 'hello', ...expected });
  });

  it.each([
    ['localhost', 'localhost'],
    ['API.shop_v2.svc', 'api.shop_v2.svc'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a'.repeat(253), 'a'.repeat(253)],
    ['a'.repeat(254), undefined],
    ['a..b', undefined],
    ['.a', undefined],
    ['a.', undefined],
    ['a b', undefined],
    ['a\0b', undefined],
    ['a/../b', undefined],
    ['a\n', undefined],
    ['[::1]', undefined],
    ['b\xfccher', undefined],
  ])('names the server %j: %j', (name, expected) => {
    expect(read({ extensions: [serverName(hostName(name))] })).toMatchObject({ serverName: expected });
  });

  it('keeps a bounded number of protocols', () => {
    const names = Array.from({ length: 100 }, (_, i) => `p${i}`);
    expect(read({ extensions: [alpn(...names)] })).toMatchObject({ alpn: names.slice(0, 64) });
  });

  it('is read as soon as it is complete, whatever stands behind it', () => {
    const message = hello(MODERN);
    for (const rest of [
      Buffer.alloc(0),
      Buffer.from([0xff]),
      Buffer.from('GET / HTTP/1.1\r\n'),
      records(message, 99, 20),
    ]) {
      expect(readClientHello(Buffer.concat([records(message), rest]))).toEqual(MODERN_READ);
      expect(readClientHello(records(Buffer.concat([message, rest])))).toEqual(MODERN_READ);
    }
    expect(decidedAt(records(Buffer.concat([message, Buffer.alloc(100)])))).toEqual({
      state: 'hello',
      after: message.length + 5,
    });
  });
});

describe('a ClientHello in pieces', () => {
  it.each([1, 2, 3, 4, 5, 7, 64, 100, 1000, 16_384])('may be spread over records of %d bytes', (fragmentBytes) => {
    expect(readClientHello(records(hello(MODERN), fragmentBytes))).toEqual(MODERN_READ);
  });

  it.each([3, 500, 16_384])(
    'needs more when it is cut anywhere before its end (records of %d bytes)',
    (fragmentBytes) => {
      const bytes = records(hello(MODERN), fragmentBytes);
      for (let cut = 0; cut < bytes.length; cut++)
        expect(readClientHello(bytes.subarray(0, cut))).toEqual({ state: 'more' });
    },
  );

  it('may be as long as the limit, in large records and in small ones', () => {
    const padding = (bytes: number): HelloParts => ({
      extensions: [grease(21, bytes - 84), serverName(hostName('x'))],
    });
    // All of the message but the padding's data and its own header.
    const overhead = hello(padding(84)).length - 4;
    const longest = hello(padding(65_536 - overhead + 84));
    expect(longest.length - 4).toBe(65_536);
    expect(readClientHello(records(longest))).toMatchObject({ state: 'hello', serverName: 'x' });
    expect(readClientHello(records(longest, 16))).toMatchObject({ state: 'hello', serverName: 'x' });
  });
});

describe('what can be no ClientHello', () => {
  const from = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
  const body = (length: string): string => `16 0301 0200 01 ${length}`;
  const started = `${body('000100')} 0303 ${'aa'.repeat(32)}`;

  it.each<[string, Buffer]>([
    ['HTTP', Buffer.from('G')],
    ['an alert record', from('15')],
    ['SSL 2.0', from('80')],
    ['a record of another major version', from('16 02')],
    ['DTLS', from('16 fe')],
    ['a record that is too long', from('16 0301 41')],
    ['a record that is one byte too long', from('16 0301 4001')],
    ['a record of nothing', from('16 0301 0000')],
    ['another handshake message', from('16 0301 0200 02')],
    ['a message of another class of length', from(body('02'))],
    ['a message one byte too long', from(body('010001'))],
    ['a message of nothing', from(body('000000'))],
    ['a message one byte too short', from(body('000028'))],
    ['a message of another major version', from(`${body('000100')} 02`)],
    ['a session id too long', from(`${started} 21`)],
    ['a session id longer than the message', from(`${body('000029')} 0303 ${'aa'.repeat(32)} 01`)],
    ['half a cipher suite', from(`${started} 00 0003`)],
    ['no cipher suites', from(`${started} 00 0000`)],
    ['more cipher suites than there is room for', from(`${started} 00 01`)],
    [
      'more cipher suites than leave room for a compression method',
      from(`${body('000126')} 0303 ${'aa'.repeat(32)} 00 01`),
    ],
    ['room for half an extension', from(`${body('00002e')} 0303 ${'aa'.repeat(32)} 00 0002 1301 01`)],
    ['room for half a length of extensions', from(`${body('00002a')} 0303 ${'aa'.repeat(32)} 00 0002 1301 01`)],
    ['no compression methods', from(`${started} 00 0002 1301 00`)],
    [
      'more compression methods than there is room for',
      from(`${body('000029')} 0303 ${'aa'.repeat(32)} 00 0002 1301 02`),
    ],
    ['extensions that end before the message', from(`${started} 00 0002 1301 01 00 00d4`)],
    ['extensions that end after the message', from(`${started} 00 0002 1301 01 00 00d6`)],
    ['an extension that ends after the message', from(`${started} 00 0002 1301 01 00 00d5 1234 00d2`)],
    ['an extension with no room for the next one', from(`${started} 00 0002 1301 01 00 00d5 1234 00d0`)],
    ['an empty server_name', from(`${started} 00 0002 1301 01 00 00d5 0000 0000`)],
    ['a list of names that is too short', from(`${started} 00 0002 1301 01 00 00d5 0000 0010 000d`)],
    ['a list of names that is too long', from(`${started} 00 0002 1301 01 00 00d5 0000 0010 000f`)],
    ['an empty host name', from(`${started} 00 0002 1301 01 00 00d5 0000 0010 000e 00 0000`)],
    ['a host name that is too long', from(`${started} 00 0002 1301 01 00 00d5 0000 0010 000e 00 000c`)],
    ['a name with no room for the next one', from(`${started} 00 0002 1301 01 00 00d5 0000 0010 000e 00 0009`)],
    ['two host names', from(`${started} 00 0002 1301 01 00 00d5 0000 0010 000e 00 0001 61 00`)],
    ['an empty list of protocols', from(`${started} 00 0002 1301 01 00 00d5 0010 0002`)],
    ['an empty protocol', from(`${started} 00 0002 1301 01 00 00d5 0010 0010 000e 00`)],
    ['a protocol that is too long', from(`${started} 00 0002 1301 01 00 00d5 0010 0010 000e 0e`)],
    ['a protocol with no room for the next one', from(`${started} 00 0002 1301 01 00 00d5 0010 0010 000e 0c`)],
    ['half a version', from(`${started} 00 0002 1301 01 00 00d5 002b 0004`)],
    ['no versions', from(`${started} 00 0002 1301 01 00 00d5 002b 0001`)],
    ['versions that are too long', from(`${started} 00 0002 1301 01 00 00d5 002b 0005 05`)],
    ['server_name twice', from(`${started} 00 0002 1301 01 00 00d5 0000 0006 0004 00 0001 61 0000`)],
    ['supported_versions twice', from(`${started} 00 0002 1301 01 00 00d5 002b 0003 02 0304 002b`)],
    ['ALPN twice', from(`${started} 00 0002 1301 01 00 00d5 0010 0004 0002 01 61 0010`)],
    ['another type of record within the message', Buffer.concat([from('16 0301 0002 0100'), from('17')])],
    ['a record of nothing within the message', Buffer.concat([from('16 0301 0002 0100'), from('16 0301 0000')])],
  ])('%s, from the very byte on', (_, bytes) => {
    expect(decidedAt(bytes)).toEqual({ state: 'bad', after: bytes.length });
    // In a record of its own for each byte of the message it is no better.
    if (bytes[0] === 22 && bytes.length > 5 && bytes.readUInt16BE(3) > 2) {
      expect(decidedAt(records(bytes.subarray(5), 1)).state).toBe('bad');
    }
  });

  it('is bytes in the message that belong to nothing', () => {
    const extensions = [serverName(hostName('a.test'))];
    for (let length = 1; length < 9; length++) {
      expect(read({ extensions, rest: Buffer.alloc(length) })).toEqual({ state: 'bad' });
      expect(read({ extensions: [...extensions, Buffer.alloc(length % 4)], rest: Buffer.alloc(length) }).state).toBe(
        'bad',
      );
    }
  });

  it('stays bad, and a hello stays a hello, whatever bytes follow', () => {
    const message = hello(MODERN);
    const seen = new Set<string>();
    for (let round = 0; round < 1500; round++) {
      const bytes = mutate(records(message, 1 + roll(600, 'size', round)), 'hello', round);
      const whole = readClientHello(bytes);
      seen.add(whole.state);
      const { state, after } = decidedInSteps(bytes, round);
      expect(state).toBe(whole.state);
      if (state !== 'more') expect(readClientHello(bytes.subarray(0, after))).toEqual(whole);
    }
    expect([...seen].sort()).toEqual(['bad', 'hello']);
  });

  it('is most garbage, and none of it throws', () => {
    for (let round = 0; round < 3000; round++) {
      const garbage = noise(80, 'tls', round);
      // Bytes that look like a hello for ever longer.
      const looks = from(`${started} 00 0002 1301 01 00 00d5 0000`).subarray(0, roll(60, 'looks', round));
      const bytes = Buffer.concat([looks, garbage]);
      const state = stateOf(bytes);
      expect(['bad', 'more']).toContain(state);
      if (looks.length === 0 && garbage[0] !== 22) expect(state).toBe('bad');
    }
  });

  it('does not see what lies outside of the bytes given', () => {
    const bytes = records(hello(MODERN));
    for (let cut = 0; cut < bytes.length; cut += 13) {
      const behind = Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(2000, 0xff)]);
      expect(readClientHello(behind.subarray(0, cut))).toEqual({ state: 'more' });
      const ahead = Buffer.concat([Buffer.alloc(7, 0xff), bytes]);
      expect(readClientHello(ahead.subarray(7))).toEqual(MODERN_READ);
    }
  });
});

/** Like decidedAt, in steps of a few bytes. */
function decidedInSteps(bytes: Buffer, round: number): { state: string; after: number } {
  for (let after = 0; after < bytes.length; after += 1 + roll(40, 'step', round, after)) {
    const state = stateOf(bytes.subarray(0, after));
    if (state !== 'more') return { state, after };
  }
  return { state: stateOf(bytes), after: bytes.length };
}
