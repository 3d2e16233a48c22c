import { execFile } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { lookupRunTracer, type RunTracer } from '../../../src/lib/telemetry/run-tracer.ts';
import { openCollector } from './otlp-collector.ts';
import { sampleRun, START_UNIX_MS } from './sample-run.ts';

/** The bound of shutdown (3 s), and what a busy machine may add. */
const SHUTDOWN_BOUND_MS = 4_500;

describe('the trace of a run', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  const openTracer = async (env: Record<string, string>) => {
    const notes: string[] = [];
    const tracer = await lookupRunTracer(env, {
      clock: realClock,
      version: '0.1.0',
      note: (text) => notes.push(text),
    });
    return { tracer, notes };
  };
  const collect = async (answer?: 'accept' | 'refuse' | 'never') => {
    const collector = await openCollector(answer);
    cleanups.push(() => collector.close());
    return collector;
  };

  it('arrives at an OTLP endpoint, whole, as one trace', async () => {
    const collector = await collect();
    const { tracer, notes } = await openTracer({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    for (const event of sampleRun()) tracer?.onEvent(event);
    await tracer?.shutdown();

    expect(notes).toEqual([]);
    expect(collector.spans).toHaveLength(14);
    expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1);
    const run = collector.spans.find(({ name }) => name === 'run shop');
    expect(run).toMatchObject({
      service: 'faultline',
      parentSpanId: '',
      startUnixNs: BigInt(START_UNIX_MS) * 1_000_000n,
      endUnixNs: BigInt(START_UNIX_MS + 3200) * 1_000_000n,
      events: ['probe.out_of_tolerance', 'probe.within_tolerance_again'],
      isError: false,
    });
    expect(run?.attributes).toMatchObject({
      'faultline.run.id': 'run-1',
      'faultline.seed': '42',
      'faultline.verdict': 'passed',
      'faultline.exit_code': '0',
    });
    const probes = collector.spans.filter(({ name }) => name === 'probe gateway');
    expect(probes.map(({ isError }) => isError).sort()).toEqual([false, false, true, true]);
  });

  it('continues the trace of the CI job that TRACEPARENT names', async () => {
    const collector = await collect();
    const { tracer } = await openTracer({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.endpoint,
      TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    for (const event of sampleRun()) tracer?.onEvent(event);
    await tracer?.shutdown();
    expect(collector.spans.find(({ name }) => name === 'run shop')).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
    });
  });

  it('sends spans while the run goes on', async () => {
    const collector = await collect();
    const { tracer } = await openTracer({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    cleanups.push(() => tracer?.shutdown());
    for (const event of sampleRun().slice(0, 10)) tracer?.onEvent(event);
    await expect.poll(() => collector.spans.map(({ name }) => name), { timeout: 10_000 }).toContain('probe gateway');
  });

  it('sends what is open when the run is cut off', async () => {
    const collector = await collect();
    const { tracer } = await openTracer({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    for (const event of sampleRun().slice(0, 9)) tracer?.onEvent(event);
    await tracer?.shutdown();
    expect(collector.spans.find(({ name }) => name === 'run shop')?.isError).toBe(true);
    expect(collector.spans.map(({ name }) => name)).toContain('fault slow');
  });

  it.each<[name: string, open: () => Promise<string>, reason: RegExp]>([
    [
      'nobody listens',
      async () => {
        const server = createServer().listen(0, '127.0.0.1');
        await new Promise((resolve) => server.once('listening', resolve));
        const { port } = server.address() as AddressInfo;
        await new Promise((resolve) => server.close(resolve));
        return `http://127.0.0.1:${port}`;
      },
      /UNAVAILABLE/,
    ],
    [
      'connections are accepted and nothing is ever said',
      async () => {
        const server = createServer((socket) => cleanups.push(() => socket.destroy())).listen(0, '127.0.0.1');
        cleanups.push(() => server.close());
        await new Promise((resolve) => server.once('listening', resolve));
        return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      },
      /DEADLINE_EXCEEDED|UNAVAILABLE|no answer/,
    ],
    ['requests are never answered', async () => (await collect('never')).endpoint, /DEADLINE_EXCEEDED|no answer/],
    ['requests are refused', async () => (await collect('refuse')).endpoint, /PERMISSION_DENIED/],
  ])('ends within its bound and says so once when %s', async (_name, open, reason) => {
    const endpoint = await open();
    const { tracer, notes } = await openTracer({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    for (const event of sampleRun()) tracer?.onEvent(event);
    const startMs = performance.now();
    await tracer?.shutdown();
    expect(performance.now() - startMs).toBeLessThan(SHUTDOWN_BOUND_MS);
    expect(notes).toEqual([expect.stringMatching(reason)]);
    expect(notes[0]).toContain(endpoint);
  });

  it('does not repeat the login of an endpoint', async () => {
    const { tracer, notes } = await openTracer({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:hush@127.0.0.1:1' });
    for (const event of sampleRun()) tracer?.onEvent(event);
    await tracer?.shutdown();
    expect(notes).toEqual([expect.stringMatching(/to http:\/\/127\.0\.0\.1:1: .*UNAVAILABLE/)]);
  });

  it('is no trace, and no error, when the endpoint is no address', async () => {
    const { tracer, notes } = await openTracer({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://[nonsense' });
    expect(tracer).toBeUndefined();
    expect(notes).toEqual([expect.stringMatching(/not traced/)]);
  });

  it('costs nothing without an endpoint: the SDK is not loaded', async () => {
    expect(await inProcess({})).toEqual({ traced: false, loaded: 0 });
    const { endpoint } = await collect();
    expect((await inProcess({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).loaded).toBeGreaterThan(0);
  });

  it('does not keep the process alive after its bound when the endpoint is stalled', async () => {
    const { endpoint } = await collect('never');
    const startMs = performance.now();
    expect(await inProcess({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toMatchObject({ traced: true });
    expect(performance.now() - startMs).toBeLessThan(SHUTDOWN_BOUND_MS + 2_000);
  });

  it('never throws at the run, whatever an event holds', async () => {
    const collector = await collect();
    const { tracer, notes } = await openTracer({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    const [start] = sampleRun();
    tracer?.onEvent(start!);
    const broken = { ...start!, type: 'gate.judged' } as Parameters<RunTracer['onEvent']>[0];
    expect(() => tracer?.onEvent(broken)).not.toThrow();
    await tracer?.shutdown();
    expect(notes).toHaveLength(1);
  });
});

/** Traces a run in a process of its own, which must end by itself; how many modules of OpenTelemetry it had loaded. */
async function inProcess(env: Record<string, string>): Promise<{ traced: boolean; loaded: number }> {
  const file = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { createRequire } from 'node:module';
    const { lookupRunTracer } = await import(${file('../../../src/lib/telemetry/run-tracer.ts')});
    const { realClock } = await import(${file('../../../src/lib/runtime/clock.ts')});
    const { sampleRun } = await import(${file('./sample-run.ts')});
    const tracer = await lookupRunTracer(process.env, { clock: realClock, version: '0', note: () => {} });
    for (const event of sampleRun()) tracer?.onEvent(event);
    await tracer?.shutdown();
    const { cache } = createRequire(${file('./sample-run.ts')});
    const loaded = Object.keys(cache).filter((name) => name.includes('@opentelemetry')).length;
    console.log(JSON.stringify({ traced: tracer !== undefined, loaded }));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env.PATH, ...env },
    timeout: 20_000,
  });
  return JSON.parse(stdout) as { traced: boolean; loaded: number };
}
