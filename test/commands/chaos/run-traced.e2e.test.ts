import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openCollector } from '../../lib/telemetry/otlp-collector.ts';
import { run } from '../../support/cli.ts';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';

describe('chaos run with an OTLP endpoint', () => {
  it('sends the run, and what has passed its proxy with what the faults did to it', async () => {
    const collector = await openCollector();
    onTestFinished(() => collector.close());
    const parents = new Set<string>();
    const upstream = createServer((request, response) => {
      const { traceparent } = request.headers;
      if (typeof traceparent === 'string') parents.add(traceparent);
      response.end('ok');
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    onTestFinished(() => {
      upstream.closeAllConnections();
      upstream.close();
    });
    const [port] = (await freePorts(1)) as [number];
    const directory = temporaryDirectory();
    const file = join(directory, 'scenario.yaml');
    writeFileSync(
      file,
      `version: 1
name: traced
services:
  web: { endpoints: 'http://127.0.0.1:${(upstream.address() as AddressInfo).port}', listen: '127.0.0.1:${port}' }
load: { url: 'http://127.0.0.1:${port}/charge', rate: 20/s }
method: [{ fault: latency, id: slow, target: { service: web }, with: { delay: 5ms }, for: 500ms }]
timing: { before: 200ms, after: 0ms }
`,
    );
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const { code, stderr } = await run('chaos', ['run', file, '--plain', '--state', join(directory, 'state')], { env });
    expect([code, stderr]).toEqual([0, '']);

    const { spans } = collector;
    expect(spans.map(({ name }) => name)).toContain('run traced');
    const clients = spans.filter(({ kind }) => kind === 'client');
    expect(clients.length).toBeGreaterThan(5);
    const hurt = clients.filter(({ attributes }) => attributes['faultline.fault.id'] === 'slow');
    expect(hurt.length).toBeGreaterThan(5);
    for (const { traceId, spanId, parentSpanId, attributes } of clients) {
      expect(attributes).toMatchObject({ 'url.path': '/charge', 'faultline.service': 'web' });
      expect(spans.find((span) => span.spanId === parentSpanId)).toMatchObject({ kind: 'server', traceId });
      expect(parents).toContain(`00-${traceId}-${spanId}-01`);
    }
  });
});
