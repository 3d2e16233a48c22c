import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { tcpProbe } from '../../../../src/lib/probes/kinds/tcp.ts';
import type { ProbeHost, ProbeOutcome } from '../../../../src/lib/probes/probe.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';

const host: ProbeHost = { clock: realClock, servicePids: () => undefined, directory: '/' };
const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function probe(params: object, expected: object = {}, timeoutMs = 2_000): Promise<ProbeOutcome & { tookMs: number }> {
  return tcpProbe.bind(params, expected)(host, timeoutMs);
}

describe('a tcp probe', () => {
  it('connects, by address or by host and port', async () => {
    const port = await serve(() => undefined);
    for (const params of [{ address: `127.0.0.1:${port}` }, { host: '127.0.0.1', port }, { port }]) {
      expect((await probe(params)).value).toMatch(/^connected in /);
    }
  });

  it('sends, and waits for the answer even when it comes in pieces', async () => {
    const port = await serve((socket) => {
      socket.once('data', (bytes) => {
        socket.write('+PO');
        setTimeout(() => socket.write(`NG ${bytes.toString()}`), 30);
      });
    });
    const outcome = await probe({ port, send: 'PING\r\n' }, { contains: '+PONG', matches: 'PING\\r\\n$' });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.value).toMatch(/^answered in /);
  });

  it('delivers what it sends when it expects no answer', async () => {
    const received = Promise.withResolvers<string>();
    const port = await serve((socket) => socket.on('data', (bytes) => received.resolve(bytes.toString())));
    expect(await probe({ port, send: 'metric:1|c' })).toMatchObject({ ok: true });
    expect(await received.promise).toBe('metric:1|c');
  });

  it.each([
    [
      'closes silently',
      (socket: Socket) => socket.end(),
      'the peer closed without an answer: answer does not contain "OK"',
    ],
    [
      'answers something else and closes',
      (socket: Socket) => socket.end('NO'),
      'the peer closed: answer does not contain "OK"',
    ],
    ['resets', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()), 'read ECONNRESET'],
  ])('fails when the peer %s', async (_name, act, reason) => {
    const port = await serve(act);
    expect((await probe({ port, send: 'hello' }, { contains: 'OK' })).reason).toBe(reason);
  });

  it('is a timeout when the peer accepts and stays silent', async () => {
    const port = await serve(() => undefined);
    const outcome = await probe({ port }, { contains: 'OK' }, 150);
    expect(outcome.reason).toBe('timed out after 150ms while waiting for an answer (0B received)');
    expect(outcome.tookMs).toBeLessThan(1_500);
  });

  it('is a timeout when the answer never becomes the expected one', async () => {
    const port = await serve((socket) => socket.write('hello'));
    const outcome = await probe({ port }, { contains: 'OK' }, 150);
    expect(outcome.reason).toBe('timed out after 150ms while waiting for the expected answer (5B received)');
  });

  it('stops listening to a peer that talks without end', async () => {
    const port = await serve((socket) => {
      const timer = setInterval(() => socket.write('x'.repeat(20_000)), 1);
      socket.on('close', () => clearInterval(timer));
    });
    expect((await probe({ port }, { contains: 'OK' })).reason).toBe('answer does not contain "OK"');
  });

  it('judges the latency', async () => {
    const port = await serve((socket) => void setTimeout(() => socket.write('OK'), 80));
    expect((await probe({ port }, { contains: 'OK', latency: '20ms' })).reason).toMatch(/^took .*, more than 20ms$/);
  });

  it('names the address that refuses', async () => {
    const port = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect((await probe({ port })).reason).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
  });

  it.each([
    [{}, 'give an address (host:port), or a port'],
    [{ address: 'a:1', port: 2 }, 'give either address, or host and port'],
    [{ address: 'nothing' }, 'expected host:port'],
    [{ address: 'a:70000' }, 'the port is larger than 65535'],
    [{ port: 0 }, 'with.port'],
  ])('refuses %j', (params, message) => {
    expect(() => tcpProbe.bind(params, {})).toThrow(message);
  });
});
