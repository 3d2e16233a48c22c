import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openCollector, type ReceivedSpan } from '../telemetry/otlp-collector.ts';
import { startFake, startService, stopService, type DemoService } from './demo-services.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const BAGGAGE = 'chaos.run=run-7,chaos.request=12';

describe('the checkout demo', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const start: typeof startService = async (name, env) => {
    const service = await startService(name, env);
    cleanups.push(() => stopService(service, 'SIGKILL'));
    return service;
  };
  const fake: typeof startFake = async (listener) => {
    const service = await startFake(listener);
    cleanups.push(() => service.close());
    return service;
  };
  /** With more patience than users have: how long a machine takes is no matter of these tests. */
  const startChain = async (more: Record<string, string> = {}) => {
    const env = { CHECKOUT_TIMEOUT_MS: '10000', PAYMENTS_TIMEOUT_MS: '10000', ...more };
    const payments = await start('payments', env);
    const checkout = await start('checkout', { ...env, PAYMENTS_URL: payments.url });
    const gateway = await start('gateway', { ...env, CHECKOUT_URL: checkout.url });
    expect(await order(gateway)).toMatchObject({ status: 200 });
    return { gateway, checkout, payments };
  };

  it('takes an order through all three services', async () => {
    const { gateway } = await startChain();
    expect(await order(gateway)).toEqual({
      status: 200,
      fallback: null,
      body: {
        order: '42',
        totalCents: 4999,
        payment: { receipt: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        fresh: true,
      },
    });
  });

  it('answers with the last good answer when payments is gone, and freshly again when it is back', async () => {
    const { gateway, payments } = await startChain();
    await stopService(payments);
    expect(await order(gateway)).toMatchObject({
      status: 200,
      fallback: 'cached',
      body: { order: '42', fresh: false },
    });
    await start('payments', { PORT: new URL(payments.url).port });
    await expect
      .poll(() => order(gateway), { timeout: 10_000 })
      .toMatchObject({ fallback: null, body: { fresh: true } });
  });

  it('has no last good answer for an order that it never answered', async () => {
    const { gateway, payments } = await startChain();
    await stopService(payments);
    expect(await order(gateway, '43')).toMatchObject({ status: 502, fallback: null });
  });

  it('passes failures on with FALLBACK=off', async () => {
    const { gateway, payments } = await startChain({ FALLBACK: 'off' });
    await stopService(payments);
    expect(await order(gateway)).toMatchObject({ status: 502, fallback: null });
  });

  it('does not wait longer for checkout than its patience lasts', async () => {
    const checkout = await fake(() => undefined);
    const gateway = await start('gateway', { CHECKOUT_URL: checkout.url, CHECKOUT_TIMEOUT_MS: '100' });
    expect(await order(gateway)).toMatchObject({ status: 504, body: { error: 'no answer in 100 ms' } });
    expect(checkout.requests).toHaveLength(1);
  });

  it('falls back at a status from 500 on and at an answer that is no JSON, not at a 404', async () => {
    let reply: [status: number, body: string] = [200, '{"order":"42"}'];
    const checkout = await fake((_request, response) => response.writeHead(reply[0]).end(reply[1]));
    const gateway = await start('gateway', { CHECKOUT_URL: checkout.url, CHECKOUT_TIMEOUT_MS: '5000' });
    expect(await order(gateway)).toMatchObject({ status: 200, fallback: null });
    for (const [status, body, expected] of [
      [503, '{}', { status: 200, fallback: 'cached' }],
      [200, 'injected', { status: 200, fallback: 'cached' }],
      [404, '{}', { status: 404, fallback: null }],
    ] as const) {
      reply = [status, body];
      expect(await order(gateway)).toMatchObject(expected);
    }
  });

  it('asks payments once, with the trace and the baggage of the caller', async () => {
    const payments = await fake((_request, response) => response.end('{"receipt":"r"}'));
    const checkout = await start('checkout', { PAYMENTS_URL: payments.url });
    const gateway = await start('gateway', { CHECKOUT_URL: checkout.url, CHECKOUT_TIMEOUT_MS: '5000' });
    await order(gateway, '42', { traceparent: TRACEPARENT, baggage: BAGGAGE });
    expect(payments.requests).toHaveLength(1);
    const [{ path, headers } = { path: '', headers: {} }] = payments.requests;
    expect(path).toBe('/charge?order=42');
    expect(headers.baggage).toBe(BAGGAGE);
    expect(headers.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(headers.traceparent).not.toBe(TRACEPARENT);
  });

  it('sees a charge through although the gateway has hung up', async () => {
    let answerPayment: (() => void) | undefined;
    let ended: 'answered' | 'dropped' | undefined;
    const payments = await fake((_request, response) => {
      answerPayment = () => void response.end('{"receipt":"r"}');
      response.once('close', () => (ended = response.writableFinished ? 'answered' : 'dropped'));
    });
    const checkout = await start('checkout', { PAYMENTS_URL: payments.url, PAYMENTS_TIMEOUT_MS: '60000' });
    const gateway = await start('gateway', { CHECKOUT_URL: checkout.url });
    await expect.poll(async () => (await order(gateway)).status).toBe(504);
    answerPayment?.();
    await expect.poll(() => ended, { timeout: 5_000 }).toBe('answered');
  });

  it('sends one trace of five spans to an OTLP endpoint, each with the run that the request belongs to', async () => {
    const collector = await openCollector();
    cleanups.push(() => collector.close());
    const { gateway } = await startChain({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    await order(gateway, '42', { traceparent: TRACEPARENT, baggage: BAGGAGE });
    const ofRun = (): ReceivedSpan[] => collector.spans.filter(({ traceId }) => TRACEPARENT.includes(traceId));
    await expect.poll(() => ofRun().length, { timeout: 10_000 }).toBe(5);

    expect(pathOf(ofRun(), 'b7ad6b7169203331')).toEqual([
      'gateway GET /checkout/:id 200',
      'gateway GET 200',
      'checkout GET /checkout/:id 200',
      'checkout GET 200',
      'payments GET /charge 200',
    ]);
    expect(ofRun().map(({ attributes }) => attributes['chaos.run'])).toEqual(Array(5).fill('run-7'));
  });

  it('marks the spans of a request that fell back', async () => {
    const collector = await openCollector();
    cleanups.push(() => collector.close());
    const { gateway, payments } = await startChain({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    await stopService(payments);
    await order(gateway, '42', { traceparent: TRACEPARENT });
    const span = (service: string, name: string): ReceivedSpan | undefined =>
      collector.spans.find((one) => TRACEPARENT.includes(one.traceId) && one.service === service && one.name === name);
    await expect
      .poll(() => span('gateway', 'GET /checkout/:id'), { timeout: 10_000 })
      .toMatchObject({
        isError: false,
        events: ['fallback'],
      });
    await expect
      .poll(() => span('checkout', 'GET /checkout/:id'), { timeout: 10_000 })
      .toMatchObject({ isError: true });
    expect(span('checkout', 'GET')).toMatchObject({ isError: true, events: ['exception'] });
    expect(span('gateway', 'GET')?.attributes).toMatchObject({
      'http.response.status_code': '502',
      'error.type': '502',
    });
  });

  it('answers what is under way before it ends on SIGTERM', async () => {
    let answerPayment: (() => void) | undefined;
    const payments = await fake((_request, response) => (answerPayment = () => void response.end('{"receipt":"r"}')));
    const checkout = await start('checkout', { PAYMENTS_URL: payments.url });
    const answer = order(checkout);
    await expect.poll(() => answerPayment, { timeout: 5_000 }).toBeDefined();
    const stopped = stopService(checkout);
    await expect.poll(() => isListening(checkout), { timeout: 5_000 }).toBe(false);
    answerPayment?.();
    expect(await answer).toMatchObject({ status: 200 });
    expect(await stopped).toBe(0);
  });

  it.each(['gateway', 'checkout', 'payments'] as const)(
    'has a health page of %s that needs no other service',
    async (name) => {
      const { url } = await start(name, { CHECKOUT_URL: 'http://127.0.0.1:1', PAYMENTS_URL: 'http://127.0.0.1:1' });
      expect((await fetch(`${url}/health`)).status).toBe(200);
      expect((await fetch(`${url}/nothing`)).status).toBe(404);
    },
  );
});

async function order(service: DemoService, id = '42', headers: Record<string, string> = {}) {
  const response = await fetch(`${service.url}/checkout/${id}`, { headers });
  return {
    status: response.status,
    fallback: response.headers.get('x-fallback'),
    body: await response.json(),
  };
}

/** The spans from the caller's down to the last, as `service name status`. */
function pathOf(spans: readonly ReceivedSpan[], parentSpanId: string): string[] {
  const child = spans.find((span) => span.parentSpanId === parentSpanId);
  if (!child) return [];
  const line = `${child.service} ${child.name} ${child.attributes['http.response.status_code'] ?? '?'}`;
  return [line, ...pathOf(spans, child.spanId)];
}

async function isListening({ url }: DemoService): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
