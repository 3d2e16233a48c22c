import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/lib/events/run-events.ts';
import { UNPROTECTED } from '../../../src/lib/proxy/protection.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { until } from '../../support/until.ts';
import { drain, EchoClient, serveEcho, type EchoServer } from './grpc-harness.ts';
import { front, LOOPBACK, nowMs, type Fronted } from './harness.ts';

interface Echo extends Fronted {
  readonly server: EchoServer;
  readonly client: EchoClient;
}

/** A connection is joined with one to the service, or, where that is protected, its requests are balanced. */
const SERVICES = [
  { service: 'joined', more: {} },
  { service: 'protected', more: { protection: UNPROTECTED } },
] as const;

type More = (typeof SERVICES)[number]['more'];

async function frontEcho(more: More, protocol: 'auto' | 'http' = 'auto'): Promise<Echo> {
  const server = await serveEcho();
  const fronted = await front(protocol, [server.address], undefined, more);
  return { ...fronted, server, client: new EchoClient(fronted.address) };
}

function add({ proxy }: Fronted, kind: string, params: unknown, id = kind): void {
  proxy.addFilter({ service: 's', id, kind, params, seed: 42 });
}

function effectOf({ proxy }: Fronted, id: string): Effect {
  const effect = proxy.filterEffect('s', id);
  if (effect === undefined) throw new Error(`no filter ${id}`);
  return effect;
}

describe.each(SERVICES)('gRPC through the proxy, $service', ({ more }) => {
  it('unary: answers, errors and metadata arrive as they are', async () => {
    const { client, proxy } = await frontEcho(more);
    const metadata = new grpc.Metadata();
    metadata.set('token', 'geheim');
    const answer = await client.unary('hello', {}, metadata);
    expect([answer.code, answer.body?.toString(), answer.trailers?.get('seen')]).toEqual([0, 'hello', ['geheim']]);
    const failure = await client.unary('fail');
    expect([failure.code, failure.details]).toEqual([grpc.status.NOT_FOUND, 'nichts da: 100 % ✗']);
    expect(failure.trailers?.get('why-bin')).toEqual([Buffer.from([0, 1, 255])]);
    expect(proxy.counters('s')).toMatchObject({ requests: 2, inFlight: 0, errors: 0, spoken: { http2: 1 } });
  });

  it('streams in all directions, with messages larger than a window', async () => {
    const { client } = await frontEcho(more, 'http');
    const parts = Array.from({ length: 50 }, (_, i) => Buffer.alloc(20_000, i));
    const collected = await client.collect(parts);
    expect(collected.code).toBe(0);
    expect(collected.body?.equals(Buffer.concat(parts))).toBe(true);

    const repeated = await drain(client.repeat(30, 100_000));
    expect(repeated.code).toBe(0);
    expect(repeated.messages.map((message) => [message.length, message[0]])).toEqual(
      Array.from({ length: 30 }, (_, i) => [100_000, i + 1]),
    );

    const chat = client.chat();
    const answers: string[] = [];
    chat.on('data', (message: Buffer) => answers.push(message.toString()));
    for (let i = 0; i < 20; i++) {
      chat.write(Buffer.from(`message ${i}`));
      await until('the echo', () => answers.at(-1) === `message ${i}`);
    }
    const end = drain(chat);
    chat.end();
    expect((await end).code).toBe(0);
  });

  it('many calls at once on one connection each get their own answer', async () => {
    const { client, proxy } = await frontEcho(more);
    const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => client.unary(`call ${i}`)));
    expect(answers.map(({ body }) => body?.toString())).toEqual(Array.from({ length: 300 }, (_, i) => `call ${i}`));
    expect(proxy.counters('s')).toMatchObject({ connections: 1, requests: 300, inFlight: 0 });
  });

  it('deadlines and cancellations reach the service', async () => {
    const { client, server, proxy } = await frontEcho(more);
    const late = await client.unary('hang', { deadline: Date.now() + 150 });
    expect(late.code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await until('the service to hear of it', () => server.cancelled.includes('unary'));
    const chat = client.chat();
    chat.on('error', () => undefined);
    chat.write(Buffer.from('x'));
    await new Promise((resolve) => chat.once('data', resolve));
    chat.cancel();
    await until('the service to hear of it', () => server.cancelled.includes('chat'));
    await until('nothing to be under way', () => proxy.counters('s')?.inFlight === 0);
  });

  it('a service that cannot be reached is UNAVAILABLE, and says why', async () => {
    const { address } = await front('auto', [{ host: LOOPBACK, port: 1 }], undefined, more);
    const outcome = await new EchoClient(address).unary('x');
    expect(outcome.code).toBe(grpc.status.UNAVAILABLE);
    expect(outcome.details).toContain('the service refused the connection');
  });
});

describe.each(SERVICES)('grpc_status, $service', ({ more }) => {
  it('answers in the place of the service, with message and details, also a call that goes on sending', async () => {
    const echo = await frontEcho(more);
    const detail = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' };
    add(echo, 'grpc_status', { code: 'RESOURCE_EXHAUSTED', message: 'zu viel ✗', details: [detail] });
    const outcome = await echo.client.unary('x');
    expect([outcome.code, outcome.details]).toEqual([grpc.status.RESOURCE_EXHAUSTED, 'zu viel ✗']);
    expect(outcome.trailers?.get('grpc-status-details-bin')).toHaveLength(1);
    expect(outcome.trailers?.get('x-faultline')).toEqual(['injected']);
    const chat = echo.client.chat();
    chat.write(Buffer.from('never ends'));
    expect((await drain(chat)).code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    expect(echo.server.calls).toEqual([]);
    echo.proxy.removeFilter('s', 'grpc_status');
    expect((await echo.client.unary('again')).body?.toString()).toBe('again');
    expect(effectOf(echo, 'grpc_status')).toMatchObject({ touched: 2, delivered: { responses: 2 } });
    expect(echo.proxy.counters('s')).toMatchObject({ connections: 1, inFlight: 0 });
  });

  it('after n messages lets those pass, and cancels the call at the service', async () => {
    const echo = await frontEcho(more);
    add(echo, 'grpc_status', { code: 'UNAVAILABLE', after: 3, match: { grpc: { method: 'Repeat' } } });
    const { messages, code } = await drain(echo.client.repeat(1_000, 1_000));
    expect([messages.length, code]).toEqual([3, grpc.status.UNAVAILABLE]);
    await until('the service to be cancelled', () => echo.server.cancelled.includes('repeat'));
    expect((await echo.client.unary('other method')).code).toBe(0);
  });

  it('hurts the very same calls for the same seed, and the connection goes on', async () => {
    const run = async (): Promise<grpc.status[]> => {
      const echo = await frontEcho(more);
      add(echo, 'grpc_status', { percent: '30%' });
      const codes = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const metadata = new grpc.Metadata();
          metadata.set('baggage', `chaos.run=r,chaos.request=${i}`);
          return (await echo.client.unary(`${i}`, {}, metadata)).code;
        }),
      );
      expect(echo.proxy.counters('s')?.connections).toBe(1);
      return codes;
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect(first.filter((code) => code === grpc.status.UNAVAILABLE).length).toBeGreaterThan(30);
    expect(first.filter((code) => code === grpc.status.OK).length).toBeGreaterThan(100);
  });
});

describe.each(SERVICES)('other faults on gRPC, $service', ({ more }) => {
  it('latency holds one call, and lets others on the same connection overtake it', async () => {
    const echo = await frontEcho(more);
    add(echo, 'latency', { delay: '300ms', first: 1 });
    const startedMs = nowMs();
    const slow = echo.client.unary('slow').then(() => nowMs() - startedMs);
    await until('it to be held', () => effectOf(echo, 'latency').touched === 1);
    for (let i = 0; i < 20; i++) expect((await echo.client.unary(`fast ${i}`)).body?.toString()).toBe(`fast ${i}`);
    expect(await slow).toBeGreaterThanOrEqual(299);
    expect(echo.server.calls).toHaveLength(21);
  });

  it('grpc_delay delays each message of the service, and keeps their order', async () => {
    const echo = await frontEcho(more);
    add(echo, 'grpc_delay', { delay: '40ms' });
    const chat = echo.client.chat();
    const answers: string[] = [];
    chat.on('data', (message: Buffer) => answers.push(message.toString()));
    const startedMs = nowMs();
    chat.write(Buffer.from('a'));
    await until('a', () => answers.length === 1);
    expect(nowMs() - startedMs).toBeGreaterThanOrEqual(39);
    const ended = drain(chat);
    for (const text of ['b', 'c', 'd']) chat.write(Buffer.from(text));
    chat.end();
    expect((await ended).code).toBe(0);
    expect(answers).toEqual(['a', 'b', 'c', 'd']);
    expect(effectOf(echo, 'grpc_delay')).toMatchObject({ touched: 4, decisions: { seen: 4, hit: 4 } });
  });

  it('acts on a call that has long been open, from the next message on, and stops acting at once', async () => {
    const echo = await frontEcho(more);
    const chat = echo.client.chat();
    const answers: string[] = [];
    chat.on('data', (message: Buffer) => answers.push(message.toString()));
    chat.write(Buffer.from('before'));
    await until('an answer', () => answers.length === 1);
    add(echo, 'grpc_delay', { delay: '30s', stream: 'upstream' });
    chat.write(Buffer.from('held'));
    await until('it to be held', () => effectOf(echo, 'grpc_delay').touched === 1);
    const startedMs = nowMs();
    echo.proxy.removeFilter('s', 'grpc_delay');
    expect(nowMs() - startedMs).toBeLessThan(10);
    await until('it to be let go', () => answers.length === 2);
    expect(nowMs() - startedMs).toBeLessThan(500);
    const ended = drain(chat);
    chat.end();
    expect((await ended).code).toBe(0);
  });

  it.each([
    ['CANCEL', grpc.status.CANCELLED],
    ['REFUSED_STREAM', grpc.status.UNAVAILABLE],
    ['ENHANCE_YOUR_CALM', grpc.status.RESOURCE_EXHAUSTED],
    ['INTERNAL_ERROR', grpc.status.INTERNAL],
  ])('rst_stream %s is status %d at the client', async (code, status) => {
    const echo = await frontEcho(more);
    add(echo, 'rst_stream', { code });
    expect((await echo.client.unary('x')).code).toBe(status);
    echo.proxy.removeFilter('s', 'rst_stream');
    expect((await echo.client.unary('again')).code).toBe(0);
    expect(echo.server.calls).toEqual(['unary']);
    expect(echo.proxy.counters('s')?.connections).toBe(1);
  });

  it('goaway sends the client to a new connection, and lets other calls end', async () => {
    const echo = await frontEcho(more);
    const chat = echo.client.chat();
    const answers: string[] = [];
    chat.on('data', (message: Buffer) => answers.push(message.toString()));
    chat.write(Buffer.from('one'));
    await until('an answer', () => answers.length === 1);
    add(echo, 'goaway', { first: 1, debug: 'moving' });
    const refused = await echo.client.unary('x');
    expect([grpc.status.UNAVAILABLE, 0]).toContain(refused.code);
    expect((await echo.client.unary('on a new connection')).code).toBe(0);
    expect(echo.proxy.counters('s')?.connections).toBe(2);
    chat.write(Buffer.from('two'));
    await until('the old call to go on', () => answers.length === 2);
    const ended = drain(chat);
    chat.end();
    expect((await ended).code).toBe(0);
    await until('the old connection to end', () => echo.proxy.counters('s')?.openConnections === 1);
  });

  it('goaway with cut is seen as the connection breaking', async () => {
    const echo = await frontEcho(more);
    add(echo, 'goaway', { first: 1, code: 'ENHANCE_YOUR_CALM', debug: 'too_many_pings', cut: true });
    expect((await echo.client.unary('x')).code).not.toBe(0);
    expect((await echo.client.unary('again')).code).toBe(0);
  });

  it('error answers with an HTTP status, which gRPC clients translate', async () => {
    const echo = await frontEcho(more);
    add(echo, 'error', { status: 503, body: 'no' });
    expect((await echo.client.unary('x')).code).toBe(grpc.status.UNAVAILABLE);
    await realClock.sleep(1);
    expect(echo.server.calls).toEqual([]);
  });
});
