import { connect as connectPlain, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClientHello } from '../../../src/lib/wire/tls-client-hello.ts';
import { until } from '../../support/until.ts';
import { records } from './client-hellos.ts';

/** Takes whatever comes, and answers nothing. */
const received = new Map<number, Buffer>();
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  const port = socket.remotePort ?? 0;
  socket.on('data', (chunk: Buffer) =>
    received.set(port, Buffer.concat([received.get(port) ?? Buffer.alloc(0), chunk])),
  );
  socket.on('error', () => socket.destroy());
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** The first bytes that Node's own client sends. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const { port } = server.address() as AddressInfo;
  const plain = connectPlain(port, '127.0.0.1');
  await new Promise<void>((resolve) => plain.once('connect', resolve));
  const client = connect({ socket: plain, rejectUnauthorized: false, ...options });
  client.on('error', () => client.destroy());
  const local = plain.localPort ?? 0;
  try {
    return await until('a hello', () => {
      const bytes = received.get(local);
      return bytes !== undefined && isWholeRecord(bytes) ? bytes : undefined;
    });
  } finally {
    client.destroy();
    plain.destroy();
  }
}

/** Node's hello is one record; whether it is here is seen without the reader under test. */
function isWholeRecord(bytes: Buffer): boolean {
  return bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt16BE(3);
}

describe('the hello of a real client', () => {
  it.each<[string, ConnectionOptions, object]>([
    ['with a name', { servername: 'Shop.example.test' }, { serverName: 'shop.example.test', alpn: [] }],
    ['without a name', {}, { serverName: undefined, alpn: [] }],
    [
      'with protocols',
      { servername: 'a.test', ALPNProtocols: ['h2', 'http/1.1'] },
      { serverName: 'a.test', alpn: ['h2', 'http/1.1'] },
    ],
    [
      'of TLS 1.2 at most',
      { servername: 'a.test', maxVersion: 'TLSv1.2' },
      { serverName: 'a.test', versions: [0x0303] },
    ],
    ['of TLS 1.3 only', { servername: 'a.test', minVersion: 'TLSv1.3' }, { serverName: 'a.test', versions: [0x0304] }],
    ['of both', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }, { versions: [0x0304, 0x0303] }],
    [
      'with a post-quantum key share',
      { servername: 'pq.test', ecdhCurve: 'X25519MLKEM768' },
      { serverName: 'pq.test' },
    ],
    [
      'with long lists',
      { servername: `${'a.'.repeat(100)}test`, ALPNProtocols: Array.from({ length: 50 }, (_, i) => `protocol-${i}`) },
      { serverName: `${'a.'.repeat(100)}test`, alpn: Array.from({ length: 50 }, (_, i) => `protocol-${i}`) },
    ],
  ])('%s is read, whole, cut and in tiny records', async (_, options, expected) => {
    const bytes = await helloOf(options);
    const whole = readClientHello(bytes);
    expect(whole).toMatchObject({ state: 'hello', ...expected });
    const length = 5 + bytes.readUInt16BE(3);
    for (let cut = 0; cut < length; cut++) expect(readClientHello(bytes.subarray(0, cut)).state).toBe('more');
    for (const size of [1, 3, 50, 700])
      expect(readClientHello(records(bytes.subarray(5, length), size))).toEqual(whole);
  });

  it('with a post-quantum key share is longer than 1400 bytes', async () => {
    expect((await helloOf({ ecdhCurve: 'X25519MLKEM768' })).length).toBeGreaterThan(1400);
  });
});
