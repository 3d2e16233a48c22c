import * as grpc from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { grpcBreaker, type GrpcBreakerOptions } from '../../../../src/lib/app/library/grpc-breaker.ts';
import { CircuitBreaker, type CircuitBreakerOptions } from '../../../../src/lib/resilience/breaker.ts';
import { until } from '../../../support/until.ts';

const same = (bytes: Buffer): Buffer => bytes;
const METHOD: grpc.MethodDefinition<Buffer, Buffer> = {
  path: '/shop.v1.Prices/Get',
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};
const WATCH = { ...METHOD, path: '/shop.v1.Prices/Watch', responseStream: true };

/** By their numbers, 0 to 16. */
const STATUSES = Object.values(grpc.status).filter((value) => typeof value === 'number');

/** A real server that answers with the status its request names, `hang` never, and a real client of it behind a breaker. */
async function setUp(breakerOptions: CircuitBreakerOptions = {}, options: Partial<GrpcBreakerOptions> = {}) {
  const seen: string[] = [];
  const server = new grpc.Server();
  server.addService(
    { get: METHOD, watch: WATCH },
    {
      get({ request }: { request: Buffer }, done: grpc.sendUnaryData<Buffer>) {
        const text = request.toString();
        seen.push(text);
        if (text === '0') done(null, request);
        else if (text !== 'hang') done({ code: STATUSES[Number(text)]!, details: 'as asked' });
      },
      watch(call: grpc.ServerWritableStream<Buffer, Buffer>) {
        seen.push('watch');
        call.write(call.request);
        call.write(call.request);
        call.end();
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const time = { nowMs: 1000 };
  const breaker = new CircuitBreaker({ name: 'prices', openMs: 1000, trials: 1, ...breakerOptions });
  const interceptor: grpc.Interceptor = grpcBreaker(grpc, breaker, {
    clock: { monotonicMs: () => time.nowMs },
    ...options,
  });
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    interceptors: [interceptor],
  });
  onTestFinished(() => {
    client.close();
    server.forceShutdown();
  });
  const start = (text: string, callOptions: grpc.CallOptions, done: (status: grpc.StatusObject) => void) =>
    client.makeUnaryRequest(
      METHOD.path,
      same,
      same,
      Buffer.from(text),
      new grpc.Metadata(),
      callOptions,
      (error, value) => {
        const ok = { code: grpc.status.OK, details: value?.toString() ?? '', metadata: new grpc.Metadata() };
        done(error ?? ok);
      },
    );
  const get = (text: string, callOptions: grpc.CallOptions = {}) =>
    new Promise<grpc.StatusObject>((resolve) => void start(text, callOptions, resolve));
  const state = () => breaker.view(time.nowMs).state;
  return { breaker, client, get, seen, start, state, time };
}

describe('a gRPC client behind a breaker', () => {
  it('reaches its server no more after six failures, and again when a trial succeeded', async () => {
    const { get, seen, state, time } = await setUp();
    for (let i = 0; i < 6; i++) expect(await get('14')).toMatchObject({ code: 14, details: 'as asked' });
    expect(state()).toBe('open');

    const refused = await get('0');
    expect(refused).toMatchObject({ code: grpc.status.UNAVAILABLE });
    expect(refused.details).toBe('circuit breaker prices is open: nothing was sent');
    expect(refused.metadata).toBeInstanceOf(grpc.Metadata);
    expect(seen).toHaveLength(6);

    time.nowMs += 1000;
    expect(await get('0')).toMatchObject({ code: 0, details: '0' });
    expect(state()).toBe('closed');
    expect(seen).toHaveLength(7);
  });

  it.each([2, 4, 12, 13, 14, 15])('counts status %i as a failure', async (code) => {
    const { get, state } = await setUp({ consecutiveFailures: 0 });
    await get(String(code));
    expect(state()).toBe('open');
  });

  it.each([0, 3, 5, 6, 7, 8, 9, 10, 11, 16])('counts status %i as an answer', async (code) => {
    const { breaker, get } = await setUp({ consecutiveFailures: 0, window: { kind: 'count', calls: 10 } });
    await get(String(code));
    expect(breaker.view(1000)).toMatchObject({ state: 'closed', counts: { calls: 1, failures: 0 } });
  });

  it('counts the failures that its owner names instead', async () => {
    const { get, state } = await setUp({ consecutiveFailures: 0 }, { isFailure: (code) => code === 8 });
    await get('14');
    expect(state()).toBe('closed');
    await get('8');
    expect(state()).toBe('open');
  });

  it('counts a deadline that passed against the server, and a call that its caller cancels not at all', async () => {
    const { breaker, get, seen, start } = await setUp({ consecutiveFailures: 0 });
    const cancelled = new Promise<grpc.StatusObject>((resolve) => {
      const call = start('hang', {}, resolve);
      void until('the call is there', () => seen.length === 1).then(() => call.cancel());
    });
    expect(await cancelled).toMatchObject({ code: grpc.status.CANCELLED });
    expect(breaker.view(1000)).toMatchObject({ state: 'closed', counts: { calls: 0 } });
    expect(await get('hang', { deadline: Date.now() + 50 })).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
    expect(breaker.view(1000).state).toBe('open');
  });

  it('passes streams on, and ends them at once while it is open', async () => {
    const { breaker, client, seen } = await setUp();
    const watch = () =>
      new Promise<{ code: number; texts: string[] }>((resolve) => {
        const texts: string[] = [];
        const stream = client.makeServerStreamRequest(WATCH.path, same, same, Buffer.from('x'));
        stream.on('data', (message: Buffer) => texts.push(message.toString()));
        stream.on('error', () => undefined);
        stream.on('status', ({ code }: grpc.StatusObject) => resolve({ code, texts }));
      });
    expect(await watch()).toEqual({ code: 0, texts: ['x', 'x'] });
    breaker.force('open', 1000);
    expect(await watch()).toEqual({ code: grpc.status.UNAVAILABLE, texts: [] });
    expect(seen).toEqual(['watch']);
  });

  it('never makes a call that was cancelled before an outer interceptor started it', async () => {
    const { breaker, client, seen } = await setUp();
    let release = (): void => undefined;
    const holding: grpc.Interceptor = (options, nextCall) =>
      new grpc.InterceptingCall(nextCall(options), {
        start(metadata, listener, next) {
          release = () => next(metadata, listener);
        },
      });
    const interceptors = [holding, grpcBreaker(grpc, breaker)];
    const status = await new Promise<unknown>((resolve) => {
      const call = client.makeUnaryRequest(METHOD.path, same, same, Buffer.from('0'), { interceptors }, resolve);
      call.cancel();
      release();
    });
    expect(status).toMatchObject({ code: grpc.status.CANCELLED });
    expect(seen).toEqual([]);
  });
});
