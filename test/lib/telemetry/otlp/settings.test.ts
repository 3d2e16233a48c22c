import { describe, expect, it } from 'vitest';
import { readTraceSettings } from '../../../../src/lib/telemetry/otlp/settings.ts';

const ENDPOINT = 'http://localhost:4317';
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the OpenTelemetry variables', () => {
  it.each<[name: string, env: Record<string, string>]>([
    ['without an endpoint', {}],
    ['with an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
    ['with the SDK disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }],
    ['with no exporter of traces', { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
    ['with an endpoint of metrics only', { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ENDPOINT }],
  ])('switch tracing off %s', (_name, env) => {
    expect(readTraceSettings(env)).toEqual({ state: 'off' });
  });

  it.each<[name: string, env: Record<string, string>, settings: object]>([
    ['the general endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT }, { endpoint: ENDPOINT }],
    [
      'the endpoint of traces before the general one',
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other:4317' },
      { endpoint: ENDPOINT },
    ],
    ['SDK_DISABLED=false as enabled', { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_SDK_DISABLED: 'false' }, {}],
    ['gRPC by name', { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, {}],
    [
      'the protocol of traces before the general one',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      },
      {},
    ],
    [
      'another name',
      { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_SERVICE_NAME: 'nightly' },
      { serviceName: 'nightly' },
    ],
    ['our own name by default', { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT }, { serviceName: 'faultline' }],
    [
      'the span of a CI job',
      { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, TRACEPARENT: PARENT, TRACESTATE: 'a=1' },
      { parent: { traceparent: PARENT, tracestate: 'a=1' } },
    ],
  ])('take %s', (_name, env, settings) => {
    expect(readTraceSettings(env)).toMatchObject({ state: 'on', ...settings });
  });

  it('say what to do about a protocol that is not spoken', () => {
    const settings = readTraceSettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    expect(settings).toEqual({
      state: 'unsupported',
      why: expect.stringMatching(/http\/protobuf; set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc/) as string,
    });
  });
});
