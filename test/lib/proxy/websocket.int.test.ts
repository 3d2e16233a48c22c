import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import type { Effect } from '../../../src/lib/events/run-events.ts';
import { until } from '../../support/until.ts';
import { front, listenOn, LOOPBACK, nowMs, type Fronted } from './harness.ts';

interface Echo extends Fronted {
  /** What the service received, as text. */
  readonly received: string[];
  /** How the service saw its connections end. */
  readonly closed: number[];
}

/** A real WebSocket service that echoes, in front of it the proxy. */
async function frontEcho(perMessageDeflate = false): Promise<Echo> {
  const server = createServer((_request, response) => response.end('plain'));
  const sockets = new WebSocketServer({ server, perMessageDeflate });
  const received: string[] = [];
  const closed: number[] = [];
  sockets.on('connection', (socket) => {
    socket.on('message', (data: RawData, isBinary: boolean) => {
      received.push(textOf(data));
      socket.send(data, { binary: isBinary });
    });
    socket.on('close', (code) => closed.push(code));
    socket.on('error', () => undefined);
  });
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  const fronted = await front('auto', [await listenOn(server)]);
  return { ...fronted, received, closed };
}

class Client {
  readonly socket: WebSocket;
  readonly messages: string[] = [];
  close: { readonly code: number; readonly reason: string } | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: RawData) => this.messages.push(textOf(data)));
    socket.on('close', (code, reason) => (this.close = { code, reason: reason.toString() }));
    socket.on('error', () => undefined);
    onTestFinished(() => socket.terminate());
  }

  static async open({ address }: Fronted, path = '/', perMessageDeflate = false): Promise<Client> {
    const socket = new WebSocket(`ws://${LOOPBACK}:${address.port}${path}`, { perMessageDeflate });
    const client = new Client(socket);
    await once(socket, 'open');
    return client;
  }

  send(text: string): this {
    this.socket.send(text);
    return this;
  }

  async until(...texts: string[]): Promise<void> {
    await until(`${texts.join()}, but got ${this.messages.join()}`, () => this.messages.join() === texts.join());
  }
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : Buffer.concat(data as Buffer[]).toString();
}

function add({ proxy }: Fronted, kind: string, params: unknown, id = kind): void {
  proxy.addFilter({ service: 's', id, kind, params, seed: 42 });
}

function effectOf({ proxy }: Fronted, id: string): Effect {
  const effect = proxy.filterEffect('s', id);
  if (effect === undefined) throw new Error(`no filter ${id}`);
  return effect;
}

describe('a WebSocket through the proxy', () => {
  it.each([false, true])('carries messages of every size both ways (compressed: %s)', async (compressed) => {
    const echo = await frontEcho(compressed);
    const client = await Client.open(echo, '/', compressed);
    const texts = ['', 'a', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(70_000), 'w'.repeat(2_000_000)];
    for (const text of texts) client.send(text);
    await client.until(...texts);
    expect(echo.received).toEqual(texts);
    client.socket.ping();
    await once(client.socket, 'pong');
    client.socket.close(4001, 'done');
    await until('the service to know', () => echo.closed.length === 1);
    expect(echo.closed).toEqual([4001]);
    expect(echo.proxy.counters('s')).toMatchObject({ spoken: { http1: 1, websocket: 1 }, fallbacks: 0 });
    await until('the connection to end', () => echo.proxy.counters('s')?.openConnections === 0);
  });

  it('never leans on earlier messages when it compresses, so that any can be dropped', async () => {
    const echo = await frontEcho(true);
    const client = await Client.open(echo, '/', true);
    expect(client.socket.extensions).toContain('permessage-deflate');
    const text = 'the same words again and again. '.repeat(100);
    client.send(text);
    await client.until(text);
    add(echo, 'ws_drop', { stream: 'both', nth: [2, 4] });
    for (let i = 0; i < 6; i++) client.send(`${i} ${text}`);
    // Of the service's echoes the second and the fourth are lost as well.
    await client.until(text, `3 ${text}`, `5 ${text}`);
    expect(echo.received.slice(1)).toEqual([1, 3, 4, 5].map((i) => `${i} ${text}`));
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe('faults on a WebSocket', () => {
  it('ws_drop drops whole messages, and pings get through', async () => {
    const echo = await frontEcho();
    const client = await Client.open(echo);
    let pongs = 0;
    client.socket.on('pong', () => pongs++);
    add(echo, 'ws_drop', { stream: 'upstream', nth: [2, 3] });
    client.send('one');
    client.socket.send('two, in ', { fin: false });
    client.socket.ping();
    client.socket.send('fragments', { fin: true });
    client.send('three').send('four');
    await client.until('one', 'four');
    expect(pongs).toBe(1);
    expect(effectOf(echo, 'ws_drop')).toMatchObject({ touched: 2, delivered: { droppedMessages: 2 } });
  });

  it('ws_duplicate sends messages twice, fragments included', async () => {
    const echo = await frontEcho();
    const client = await Client.open(echo);
    add(echo, 'ws_duplicate', { stream: 'upstream' });
    client.socket.send('in ', { fin: false });
    client.socket.send('pieces', { fin: true });
    await client.until('in pieces', 'in pieces');
    expect(effectOf(echo, 'ws_duplicate')).toMatchObject({ touched: 1, delivered: { duplicates: 1 } });
  });

  it('ws_delay delays each message, keeps the order, and lets go when it is taken away', async () => {
    const echo = await frontEcho();
    const client = await Client.open(echo);
    add(echo, 'ws_delay', { delay: '60ms', jitter: '50ms' });
    const startedMs = nowMs();
    for (const text of ['a', 'b', 'c', 'd']) client.send(text);
    await client.until('a', 'b', 'c', 'd');
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(10);
    add(echo, 'ws_delay', { delay: '30s' }, 'long');
    client.send('held');
    await until('it to be held', () => effectOf(echo, 'long').touched === 1);
    echo.proxy.removeFilter('s', 'long');
    echo.proxy.removeFilter('s', 'ws_delay');
    await client.until('a', 'b', 'c', 'd', 'held');
  });

  it('ws_close closes both ends with its code, after so many messages', async () => {
    const echo = await frontEcho();
    const client = await Client.open(echo);
    add(echo, 'ws_close', { code: 1013, reason: 'try again later', after: 2 });
    client.send('one').send('two').send('three');
    await until('the end', () => client.close !== undefined);
    expect(client.messages).toEqual(['one', 'two']);
    expect(client.close).toEqual({ code: 1013, reason: 'try again later' });
    await until('the service to know', () => echo.closed.length === 1);
    expect(echo.closed).toEqual([1013]);
    await until('the connection to end', () => echo.proxy.counters('s')?.openConnections === 0);
  });

  it('hurts only connections whose request matches', async () => {
    const echo = await frontEcho();
    const [good, bad] = [await Client.open(echo, '/good'), await Client.open(echo, '/bad?room=7')];
    add(echo, 'ws_drop', { stream: 'both', match: { path: '/bad', query: { room: '7' } } });
    bad.send('lost');
    good.send('kept');
    await good.until('kept');
    expect(echo.received).toEqual(['kept']);
  });

  it('is reset, delayed and limited like any stream', async () => {
    const echo = await frontEcho();
    const client = await Client.open(echo);
    add(echo, 'latency', { delay: '80ms', stream: 'downstream' });
    const startedMs = nowMs();
    client.send('late');
    await client.until('late');
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(79);
    add(echo, 'reset_peer', {});
    client.send('x');
    await until('the end', () => client.close !== undefined);
    expect(client.close?.code).toBe(1006);
  });
});
