import { describe, expect, it } from 'vitest';
import { readOtlpTarget } from '../../../src/lib/logship/otlp-environment.ts';

const readFile = (path: string): string => `PEM of ${path}`;
const read = (env: Record<string, string>, given?: Parameters<typeof readOtlpTarget>[1]) =>
  readOtlpTarget(env, given, readFile);

describe('OTEL_EXPORTER_OTLP_*', () => {
  it('name no endpoint by default, nor when they are empty', () => {
    expect(read({})).toBeUndefined();
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' })).toBeUndefined();
  });

  it.each([
    [{ ENDPOINT: 'http://c:4318' }, 'http/protobuf', 'http://c:4318/v1/logs'],
    [{ ENDPOINT: 'http://c:4318/otlp/' }, 'http/protobuf', 'http://c:4318/otlp/v1/logs'],
    [{ LOGS_ENDPOINT: 'http://c:4318/mine' }, 'http/protobuf', 'http://c:4318/mine'],
    [{ ENDPOINT: 'http://a:1', LOGS_ENDPOINT: 'https://b:2' }, 'http/protobuf', 'https://b:2/'],
    [{ ENDPOINT: 'http://c:4317', PROTOCOL: 'grpc' }, 'grpc', 'http://c:4317/'],
    [{ ENDPOINT: 'c:4317', LOGS_PROTOCOL: 'grpc' }, 'grpc', 'http://c:4317/'],
  ])('%j', (variables, protocol, url) => {
    const env = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]),
    );
    const target = read(env);
    expect([target?.protocol, target?.endpoint.url.href]).toEqual([protocol, url]);
  });

  it('complete an endpoint that was given otherwise', () => {
    const given = { protocol: 'http/protobuf', url: new URL('http://x:1') } as const;
    const target = read(
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://ignored',
        OTEL_EXPORTER_OTLP_HEADERS: 'Api-Key=a%20b, tenant = t1',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'zstd',
        OTEL_EXPORTER_OTLP_TIMEOUT: '2500',
        OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
        OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY: '/key.pem',
      },
      given,
    );
    expect(target?.endpoint).toEqual({
      url: new URL('http://x:1/v1/logs'),
      headers: { 'api-key': 'a b', tenant: 't1' },
      compression: 'zstd',
      timeoutMs: 2500,
      tls: { ca: 'PEM of /ca.pem', cert: undefined, key: 'PEM of /key.pem' },
    });
  });

  it.each([
    ['ENDPOINT', 'nowhere', 'OTEL_EXPORTER_OTLP_ENDPOINT is "nowhere": expected a URL'],
    ['LOGS_ENDPOINT', 'ftp://x', 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT is "ftp://x"'],
    ['PROTOCOL', 'http/json', 'expected one of grpc, http/protobuf'],
    ['COMPRESSION', 'br', 'expected one of none, gzip, zstd'],
    ['TIMEOUT', '10s', 'expected milliseconds'],
    ['HEADERS', 'novalue', 'expected name=value pairs'],
    ['HEADERS', 'secret=%zz', 'OTEL_EXPORTER_OTLP_HEADERS is "…"'],
  ])('%s=%s is refused by name', (name, value, message) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', [`OTEL_EXPORTER_OTLP_${name}`]: value };
    expect(() => read(env)).toThrow(message);
  });
});
