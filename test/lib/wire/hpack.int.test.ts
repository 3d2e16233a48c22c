import { once } from 'node:events';
import * as http2 from 'node:http2';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HpackDecoder, HpackEncoder, type HeaderField } from '../../../src/lib/wire/hpack.ts';
import {
  CONNECTION_PREFACE,
  dataOf,
  encodeDataFrames,
  encodeFrame,
  encodeHeaderFrames,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  headerBlockOf,
  Http2FrameReader,
  parseSettings,
  SETTING,
  type Http2Frame,
} from '../../../src/lib/wire/http2-frames.ts';
import { until } from '../../support/until.ts';

const MAX_FRAME_BYTES = 16_384;
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Message {
  readonly streamId: number;
  readonly fields: readonly HeaderField[];
}

/** Our end of a connection: what it has read, by the codecs under test. */
class Peer {
  readonly socket: Socket;
  readonly messages: Message[] = [];
  readonly frames: { readonly type: number; readonly flags: number }[] = [];
  readonly settings: [number, number][] = [];
  data = '';
  problem: string | undefined;
  readonly encoder = new HpackEncoder(4096);
  readonly #reader = new Http2FrameReader(MAX_FRAME_BYTES);
  readonly #decoder: HpackDecoder;
  #block: Buffer[] = [];

  constructor(socket: Socket, maxTableBytes: number) {
    this.socket = socket;
    this.#decoder = new HpackDecoder({ maxTableBytes, maxListBytes: 1_000_000 });
    socket.on('error', (error) => (this.problem = error.message));
    socket.setNoDelay();
  }

  read(chunk: Buffer): void {
    this.problem ??= this.#reader.push(chunk, (frame) => this.#onFrame(frame));
  }

  #onFrame(frame: Http2Frame): void {
    const { type, flags, streamId } = frame;
    this.frames.push({ type, flags });
    if (type === FRAME.SETTINGS && (flags & FLAG.ACK) === 0) {
      this.settings.push(...parseSettings(frame)!);
      this.socket.write(encodeFrame(FRAME.SETTINGS, FLAG.ACK, 0));
    }
    if (type === FRAME.DATA) this.data += dataOf(frame)!.toString();
    if (type !== FRAME.HEADERS && type !== FRAME.CONTINUATION) return;
    this.#block.push(Buffer.from(headerBlockOf(frame)!));
    if ((flags & FLAG.END_HEADERS) === 0) return;
    const fields = this.#decoder.decode(Buffer.concat(this.#block));
    this.#block = [];
    if (typeof fields === 'string') this.problem = fields;
    else this.messages.push({ streamId, fields });
  }

  respond(streamId: number, fields: readonly HeaderField[], data: string): void {
    this.socket.write(encodeHeaderFrames(streamId, this.encoder.encode(fields), false, MAX_FRAME_BYTES));
    for (const frame of encodeDataFrames(streamId, Buffer.from(data), true, MAX_FRAME_BYTES)) this.socket.write(frame);
  }

  async message(index: number): Promise<Message> {
    return until(`message ${index} (${this.problem ?? 'no problem'})`, () => this.messages[index]);
  }
}

async function listen(server: Server | http2.Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A client of Node's, connected to us. */
async function nodeClient(settings: http2.Settings, ourTableBytes: number) {
  const peers: Peer[] = [];
  const server = createServer((socket) => {
    const peer = new Peer(socket, ourTableBytes);
    closers.push(() => socket.destroy());
    peers.push(peer);
    socket.write(encodeSettings([[SETTING.HEADER_TABLE_SIZE, ourTableBytes]]));
    let left = CONNECTION_PREFACE.length;
    socket.on('data', (chunk: Buffer) => {
      const skipped = Math.min(left, chunk.length);
      left -= skipped;
      peer.read(chunk.subarray(skipped));
    });
  });
  const port = await listen(server);
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings, maxSessionMemory: 100 });
  closers.push(() => session.destroy());
  return { session, peer: await until('a connection', () => peers[0]) };
}

async function responseOf(stream: http2.ClientHttp2Stream) {
  let text = '';
  let headers: http2.IncomingHttpHeaders = {};
  stream.on('response', (received) => (headers = received));
  stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(stream, 'close');
  return { headers, text };
}

const plain = (fields: readonly HeaderField[]) => Object.fromEntries(fields.map(({ name, value }) => [name, value]));

describe('a client of Node’s', () => {
  const request = {
    ':method': 'POST',
    ':path': '/helloworld.Greeter/SayHello',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'grpc-node-js/1.9.0',
    'x-bytes': '\u00ff~!{',
  };

  it.each([4096, 0, 65_536])('is read, again and again, with a table of %d bytes, and reads us', async (tableBytes) => {
    const { session, peer } = await nodeClient({ enablePush: false }, tableBytes);
    for (let i = 0; i < 20; i++) {
      const stream = session.request({ ...request, 'x-turn': `${i % 7}`, 'content-length': '2' });
      stream.end('hi');
      const { streamId, fields } = await peer.message(i);
      expect(plain(fields)).toMatchObject({ ...request, 'x-turn': `${i % 7}`, ':scheme': 'http' });
      const answer = [
        { name: ':status', value: '200' },
        { name: 'content-type', value: 'application/grpc' },
        { name: 'x-turn', value: `${i % 5}` },
        { name: 'x-secret', value: 'yes', neverIndexed: true },
        { name: 'x-large', value: 'z'.repeat(i * 100) },
      ];
      peer.respond(streamId, answer, `turn ${i}`);
      const { headers, text } = await responseOf(stream);
      expect(headers).toMatchObject(plain(answer.slice(1)));
      expect(text).toBe(`turn ${i}`);
    }
    expect(peer.problem).toBeUndefined();
    expect(peer.data).toBe('hi'.repeat(20));
    expect(peer.settings).toContainEqual([SETTING.ENABLE_PUSH, 0]);
  });

  it('marks what must not be indexed', async () => {
    const { session, peer } = await nodeClient({}, 4096);
    session.request({ 'x-secret': 'one', 'x-open': 'two', [http2.sensitiveHeaders]: ['x-secret'] });
    const { fields } = await peer.message(0);
    expect(fields).toContainEqual({ name: 'x-secret', value: 'one', neverIndexed: true });
    expect(fields).toContainEqual({ name: 'x-open', value: 'two' });
  });

  it('sends and reads headers that need more than one frame', async () => {
    const { session, peer } = await nodeClient({ maxHeaderListSize: 200_000 }, 4096);
    const large = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`x-large-${i}`, `${i}`.repeat(7000)]));
    const stream = session.request(large);
    const { streamId, fields } = await peer.message(0);
    expect(plain(fields)).toMatchObject(large);
    expect(peer.frames.filter(({ type }) => type === FRAME.CONTINUATION).length).toBeGreaterThan(0);

    const answer = Object.entries({ ':status': '200', ...large }).map(([name, value]) => ({ name, value }));
    peer.respond(streamId, answer, 'large');
    const { headers, text } = await responseOf(stream);
    expect(headers).toMatchObject(large);
    expect(text).toBe('large');
  });

  it.each([
    ['smaller', 100],
    ['none', 0],
    ['larger', 65_536],
  ])('that wants a table that is %s reads us once the encoder is told', async (_, headerTableSize) => {
    const { session, peer } = await nodeClient({ headerTableSize }, 4096);
    await until('settings', () => peer.settings.some(([id]) => id === SETTING.HEADER_TABLE_SIZE));
    expect(peer.settings).toContainEqual([SETTING.HEADER_TABLE_SIZE, headerTableSize]);
    peer.encoder.setMaxTableBytes(headerTableSize);
    for (let i = 0; i < 8; i++) {
      const stream = session.request({});
      const { streamId } = await peer.message(i);
      if (i === 5) peer.encoder.restart();
      const answer = Array.from({ length: 20 }, (_, n) => ({ name: `x-${n % 10}`, value: `value ${(i + n) % 13}` }));
      peer.respond(streamId, [{ name: ':status', value: '200' }, ...answer.slice(0, 10)], 'fine');
      const { headers } = await responseOf(stream);
      expect(headers).toMatchObject(plain(answer.slice(0, 10)));
    }
  });
});

describe('a server of Node’s', () => {
  it('reads our requests, and is read', async () => {
    const seen: http2.IncomingHttpHeaders[] = [];
    const server = http2.createServer({ settings: { maxHeaderListSize: 200_000 } });
    server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
      seen.push(headers);
      stream.respond({ ':status': 203, 'x-echo': headers['x-turn'], 'x-same': 'always' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
      stream.end('body');
    });
    const socket = connect(await listen(server), '127.0.0.1');
    closers.push(() => socket.destroy());
    const peer = new Peer(socket, 4096);
    socket.on('data', (chunk: Buffer) => peer.read(chunk));
    socket.write(Buffer.concat([CONNECTION_PREFACE, encodeSettings([]), encodeWindowUpdate(0, 1000)]));
    for (let i = 0; i < 10; i++) {
      const large = i % 4 === 3 ? 'l'.repeat(40_000) : 'small';
      const fields = [
        { name: ':method', value: 'POST' },
        { name: ':scheme', value: 'http' },
        { name: ':path', value: '/a.B/C' },
        { name: ':authority', value: 'localhost' },
        { name: 'x-turn', value: `${i}` },
        { name: 'x-large', value: large },
      ];
      socket.write(encodeHeaderFrames(2 * i + 1, peer.encoder.encode(fields), true, MAX_FRAME_BYTES));
      const head = await peer.message(2 * i);
      const trailers = await peer.message(2 * i + 1);
      expect(seen[i]).toMatchObject(plain(fields));
      expect(head.streamId).toBe(2 * i + 1);
      expect(plain(head.fields)).toMatchObject({ ':status': '203', 'x-echo': `${i}`, 'x-same': 'always' });
      expect(plain(trailers.fields)).toEqual({ 'grpc-status': '0', 'grpc-message': 'fine' });
    }
    expect(peer.problem).toBeUndefined();
    expect(peer.data).toBe('body'.repeat(10));
  });
});
