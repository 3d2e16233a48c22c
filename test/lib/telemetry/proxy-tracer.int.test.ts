import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openProxy } from '../../../src/lib/proxy/proxy.ts';
import type { ExchangeOutcome, ExchangeStart, FaultDeed } from '../../../src/lib/proxy/tracing.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { lookupProxyTracer, type ProxyTracing } from '../../../src/lib/telemetry/proxy-tracer.ts';
import { openCollector, type Collector, type ReceivedSpan } from './otlp-collector.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

interface Scene {
  readonly collector: Collector;
  readonly tracing: ProxyTracing;
  readonly notes: readonly string[];
}

async function scene(env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const collector = await openCollector();
  onTestFinished(() => collector.close());
  const notes: string[] = [];
  const tracing = await lookupProxyTracer(
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, ...env },
    { clock: realClock, version: '0.1.0', note: (text) => notes.push(text) },
  );
  if (tracing === undefined) throw new Error('it is not traced');
  return { collector, tracing, notes };
}

function startOf(changes: Partial<ExchangeStart> = {}, headers: Readonly<Record<string, string>> = {}): ExchangeStart {
  return {
    service: 'payments',
    protocol: 'http/1.1',
    source: '127.0.0.1',
    request: {
      method: 'GET',
      path: '/charge',
      target: '/charge?card=4000',
      header: (name) => headers[name],
    },
    ...changes,
  };
}

const DONE: ExchangeOutcome = { status: 200, grpcStatus: undefined, error: undefined, endpoint: '127.0.0.1:7303' };

/** The spans of one exchange: the server's and the client's. */
async function spansOf(
  { collector, tracing }: Scene,
  start: ExchangeStart,
  outcome: ExchangeOutcome = DONE,
  deeds: readonly FaultDeed[] = [],
): Promise<{ server: ReceivedSpan; client: ReceivedSpan; headers: Readonly<Record<string, string>> }> {
  const trace = tracing.tracer.begin(start);
  for (const deed of deeds) trace?.fault(deed);
  trace?.end(outcome);
  await tracing.shutdown();
  const find = (kind: string): ReceivedSpan => collector.spans.find((span) => span.kind === kind)!;
  expect(collector.spans).toHaveLength(2);
  return { server: find('server'), client: find('client'), headers: trace!.headers };
}

describe('the spans of a request', () => {
  it('are a server span and its child, within the trace that the client came with', async () => {
    const start = startOf(
      {},
      { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'shop=1', host: 'shop.test:8080' },
    );
    const { server, client, headers } = await spansOf(await scene(), start);
    expect(server).toMatchObject({
      name: 'GET',
      traceId: TRACE,
      parentSpanId: PARENT,
      service: 'faultline',
      isError: false,
    });
    expect(client).toMatchObject({ name: 'GET', traceId: TRACE, parentSpanId: server.spanId, isError: false });
    expect(headers).toEqual({ traceparent: `00-${TRACE}-${client.spanId}-01`, tracestate: 'shop=1' });
    expect(server.attributes).toEqual({
      'http.request.method': 'GET',
      'url.path': '/charge',
      'network.protocol.name': 'http',
      'network.protocol.version': '1.1',
      'faultline.service': 'payments',
      'client.address': '127.0.0.1',
      'server.address': 'shop.test',
      'server.port': '8080',
      'http.response.status_code': '200',
    });
    expect(client.attributes).toMatchObject({
      'server.address': '127.0.0.1',
      'server.port': '7303',
      'url.path': '/charge',
    });
  });

  it('begin a trace when the client comes without one, or with what is none', async () => {
    const { server, headers } = await spansOf(await scene(), startOf({}, { traceparent: '00-nonsense' }));
    expect(server.parentSpanId).toBe('');
    expect(headers.traceparent).toContain(server.traceId);
    expect(headers).not.toHaveProperty('tracestate');
  });

  it.each<[name: string, path: string, rpc: object]>([
    ['shop.Payments/Charge', '/shop.Payments/Charge', { 'rpc.service': 'shop.Payments', 'rpc.method': 'Charge' }],
    ['POST', '/not/a/call', {}],
  ])('are called %s for gRPC', async (name, path, rpc) => {
    const request = { ...startOf().request, method: 'POST', path };
    const { server, client } = await spansOf(await scene(), startOf({ protocol: 'grpc', request }), {
      ...DONE,
      grpcStatus: 0,
    });
    expect([server.name, client.name]).toEqual([name, name]);
    expect(client.attributes).toMatchObject({
      'rpc.system': 'grpc',
      'network.protocol.version': '2',
      'rpc.grpc.status_code': '0',
      ...rpc,
    });
    expect(server.isError).toBe(false);
  });

  it.each<[name: string, outcome: Partial<ExchangeOutcome>, server: string | undefined, client: string | undefined]>([
    ['an answer', { status: 204 }, undefined, undefined],
    ['a mistake of the client', { status: 404 }, undefined, '404'],
    ['a mistake of the service', { status: 503 }, '503', '503'],
    ['no answer', { status: undefined, error: 'reset' }, 'reset', 'reset'],
    ['an answer that is cut', { status: 200, error: 'upstream-closed' }, 'upstream-closed', 'upstream-closed'],
    ['a gRPC call that the client got wrong', { grpcStatus: 5 }, undefined, '5'],
    ['a gRPC call that failed', { grpcStatus: 14 }, '14', '14'],
    ['a fallback', { status: 200, error: 'fallback; reason=open; from=cache' }, undefined, 'fallback'],
    ['nothing that can be told', { status: undefined }, 'no-answer', 'no-answer'],
  ])('tell of %s', async (_, outcome, ofServer, ofClient) => {
    const { server, client } = await spansOf(await scene(), startOf(), { ...DONE, ...outcome });
    expect([server.attributes['error.type'], client.attributes['error.type']]).toEqual([ofServer, ofClient]);
    expect([server.isError, client.isError]).toEqual([ofServer !== undefined, ofClient !== undefined]);
  });

  it('tell how often a request was sent, what became of the breaker, and where a fallback came from', async () => {
    const error = 'fallback; reason=failed; from=fixed';
    const { client } = await spansOf(await scene(), startOf(), { ...DONE, attempts: 3, breaker: 'open', error });
    expect(client.attributes).toMatchObject({
      'http.request.resend_count': '2',
      'faultline.breaker.state': 'open',
      'faultline.fallback.reason': 'failed',
      'faultline.fallback.from': 'fixed',
    });
  });

  it('tell each deed of a fault, and of all together how long they have held the request back', async () => {
    const deeds: FaultDeed[] = [
      { fault: 'slow', kind: 'latency', action: 'delay', delayMs: 300 },
      { fault: 'slower', kind: 'latency', action: 'delay', delayMs: 200 },
      { fault: 'broken', kind: 'error', action: 'respond', delayMs: undefined },
    ];
    const outcome = { ...DONE, status: 503, endpoint: undefined };
    const { server, client } = await spansOf(await scene(), startOf(), outcome, deeds);
    expect(client.events).toEqual(['faultline.fault', 'faultline.fault', 'faultline.fault']);
    expect(client.eventAttributes).toEqual([
      {
        'faultline.fault.id': 'slow',
        'faultline.fault.kind': 'latency',
        'faultline.fault.action': 'delay',
        'faultline.fault.delay_ms': '300',
      },
      expect.objectContaining({ 'faultline.fault.id': 'slower', 'faultline.fault.delay_ms': '200' }),
      { 'faultline.fault.id': 'broken', 'faultline.fault.kind': 'error', 'faultline.fault.action': 'respond' },
    ]);
    expect(client.attributes).toMatchObject({ 'faultline.fault.id': 'slow', 'faultline.fault.delay_ms': '500' });
    expect(client.attributes).not.toHaveProperty('server.address');
    expect(server.events).toEqual([]);
  });

  it('are named after methods that exist, and cut what is long', async () => {
    const request = { ...startOf().request, method: 'BREW', path: `/${'x'.repeat(5000)}` };
    const { server } = await spansOf(await scene(), startOf({ request }));
    expect(server.name).toBe('HTTP');
    expect(server.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'BREW',
    });
    expect(server.attributes['url.path']).toHaveLength(1024);
  });
});

describe('sampling', () => {
  const unsampled = { traceparent: `00-${TRACE}-${PARENT}-00` };
  const sampled = { traceparent: `00-${TRACE}-${PARENT}-01` };

  it.each<
    [sampler: string | undefined, argument: string | undefined, headers: Record<string, string>, isTraced: boolean]
  >([
    [undefined, undefined, {}, true],
    [undefined, undefined, unsampled, false],
    ['parentbased_always_off', undefined, {}, false],
    ['parentbased_always_off', undefined, sampled, true],
    ['always_on', undefined, unsampled, true],
    ['always_off', undefined, sampled, false],
    ['traceidratio', '0', sampled, false],
    ['traceidratio', '1', unsampled, true],
    ['traceidratio', 'half', {}, true],
    ['traceidratio', '', {}, true],
    ['parentbased_traceidratio', '0', {}, false],
    ['parentbased_traceidratio', '0', sampled, true],
    ['nonsense', undefined, unsampled, false],
    [' ALWAYS_OFF ', undefined, {}, false],
  ])('by %s %s of a request with %j', async (sampler, argument, headers, isTraced) => {
    const { tracing } = await scene({
      ...(sampler === undefined ? {} : { OTEL_TRACES_SAMPLER: sampler }),
      ...(argument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: argument }),
    });
    const trace = tracing.tracer.begin(startOf({}, headers));
    trace?.end(DONE);
    await tracing.shutdown();
    expect(trace !== undefined).toBe(isTraced);
  });
});

describe('a tracer of a proxy', () => {
  it('is none where no endpoint is named, and says why where it cannot be one', async () => {
    const notes: string[] = [];
    const options = { clock: realClock, version: '0', note: (text: string) => notes.push(text) };
    expect(await lookupProxyTracer({}, options)).toBeUndefined();
    expect(notes).toEqual([]);
    const http = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };
    expect(await lookupProxyTracer(http, options)).toBeUndefined();
    expect(notes).toEqual([expect.stringMatching(/^what passes the proxy is not traced: .*gRPC only/)]);
  });

  it('never throws at the proxy, whatever a request holds', async () => {
    const { tracing, notes } = await scene();
    const request = {
      ...startOf().request,
      header: (): string | undefined => {
        throw new Error('no such header');
      },
    };
    expect(tracing.tracer.begin(startOf({ request }))).toBeUndefined();
    await tracing.shutdown();
    expect(notes).toEqual([expect.stringMatching(/^spans of the proxy are not delivered to .*: no such header/)]);
  });

  it('gives the service the span that the proxy sends by, through a real proxy with a fault', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const upstream = createServer((incoming, response) => {
      seen.push(incoming.headers);
      response.end('ok');
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    onTestFinished(() => void upstream.close());
    const { collector, tracing } = await scene();
    const proxy = openProxy({ clock: realClock, tracer: tracing.tracer });
    onTestFinished(() => proxy.close());
    const address = await proxy.listen({
      service: 'payments',
      protocol: 'http',
      listen: { host: '127.0.0.1', port: 0 },
      upstreams: [{ host: '127.0.0.1', port: (upstream.address() as AddressInfo).port }],
    });
    proxy.addFilter({ service: 'payments', id: 'slow', kind: 'latency', params: { delay: '20ms' }, seed: 1 });
    const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
    const sent = request({ ...address, path: '/charge?x=1', headers, agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    await proxy.close();
    await tracing.shutdown();

    const [server] = collector.spans.filter(({ kind }) => kind === 'server');
    const [client] = collector.spans.filter(({ kind }) => kind === 'client');
    expect(server).toMatchObject({ traceId: TRACE, parentSpanId: PARENT });
    expect(client).toMatchObject({ traceId: TRACE, parentSpanId: server?.spanId, events: ['faultline.fault'] });
    expect(seen[0]?.traceparent).toBe(`00-${TRACE}-${client?.spanId}-01`);
    expect(client?.attributes).toMatchObject({ 'faultline.fault.id': 'slow', 'http.response.status_code': '200' });
    expect(client!.endUnixNs - client!.startUnixNs).toBeGreaterThan(19_000_000n);
  });
});
