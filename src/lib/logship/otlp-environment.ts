import { AppError } from '../errors/app-error.ts';
import type { Environment } from '../runtime/environment.ts';
import { COMPRESSIONS, type Compression } from './exporters/compression.ts';
import type { OtlpEndpoint, TlsFiles } from './otlp-endpoint.ts';

export const OTLP_PROTOCOLS = ['grpc', 'http/protobuf'] as const;
export type OtlpProtocol = (typeof OTLP_PROTOCOLS)[number];

/** What the standard variables say of where logs go; undefined: they name no endpoint. */
export interface OtlpTarget {
  readonly protocol: OtlpProtocol;
  readonly endpoint: OtlpEndpoint;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 3_600_000;
const LOGS_PATH = '/v1/logs';

/** An endpoint that was given otherwise, which the variables complete. */
export interface GivenEndpoint {
  readonly protocol: OtlpProtocol;
  /** Without a path it gets that of the signal. */
  readonly url: URL;
}

/**
 * Reads `OTEL_EXPORTER_OTLP_*` (OpenTelemetry specification, "OTLP Exporter Configuration"); those of logs alone go before those of all signals. Throws
 * AppError `usage` that names the variable. `readFile` reads the PEM files that are named.
 */
export function readOtlpTarget(
  env: Environment,
  given: GivenEndpoint | undefined,
  readFile: (path: string) => string,
): OtlpTarget | undefined {
  const variables = new OtlpVariables(env);
  const protocol = given?.protocol ?? readProtocol(variables);
  const url = given === undefined ? readUrl(variables, protocol) : withPath(given.url);
  if (url === undefined) return undefined;
  return {
    protocol,
    endpoint: {
      url,
      headers: readHeaders(variables),
      compression: readCompression(variables),
      timeoutMs: readTimeoutMs(variables),
      tls: readTls(variables, readFile),
    },
  };
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

class OtlpVariables {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** The one of logs, or that of all signals; what is empty counts as not set. */
  lookup(what: string): Variable | undefined {
    return this.ofLogs(what) ?? this.#lookup(`OTEL_EXPORTER_OTLP_${what}`);
  }

  ofLogs(what: string): Variable | undefined {
    return this.#lookup(`OTEL_EXPORTER_OTLP_LOGS_${what}`);
  }

  #lookup(name: string): Variable | undefined {
    const value = this.#env[name]?.trim() ?? '';
    return value === '' ? undefined : { name, value };
  }
}

function readProtocol(variables: OtlpVariables): OtlpProtocol {
  const found = variables.lookup('PROTOCOL');
  if (found === undefined) return 'http/protobuf';
  const protocol = OTLP_PROTOCOLS.find((one) => one === found.value);
  if (protocol !== undefined) return protocol;
  throw wrong(found, `one of ${OTLP_PROTOCOLS.join(', ')}`);
}

/** The address of logs is taken as it is; to that of all signals the path is added, as HTTP has it. */
function readUrl(variables: OtlpVariables, protocol: OtlpProtocol): URL | undefined {
  const own = variables.ofLogs('ENDPOINT');
  if (own !== undefined) return parseUrl(own, protocol);
  const common = variables.lookup('ENDPOINT');
  const url = common && parseUrl(common, protocol);
  if (url === undefined || protocol === 'grpc') return url;
  return new URL(`${url.pathname.replace(/\/$/, '')}${LOGS_PATH}`, url);
}

function withPath(url: URL): URL {
  return url.pathname === '/' ? new URL(LOGS_PATH, url) : url;
}

/** gRPC also as `host:port`, without TLS unless said otherwise. */
function parseUrl(variable: Variable, protocol: OtlpProtocol): URL {
  const { value } = variable;
  const text = protocol === 'grpc' && !/^[a-z]+:\/\//i.test(value) ? `http://${value}` : value;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw wrong(variable, 'a URL such as http://127.0.0.1:4318');
}

/** `name=value,name=value`, percent-encoded as in W3C Baggage. */
function readHeaders(variables: OtlpVariables): Record<string, string> {
  const found = variables.lookup('HEADERS');
  if (found === undefined) return {};
  const pairs = found.value.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair): [string, string] => {
      const [, name = '', value = ''] = /^\s*([^=\s]+)\s*=([^]*)$/.exec(pair) ?? [];
      const decoded = decode(value.trim());
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || decoded === undefined)
        throw wrong({ ...found, value: '…' }, 'name=value pairs with commas between them');
      return [name.toLowerCase(), decoded];
    }),
  );
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function readCompression(variables: OtlpVariables): Compression {
  const found = variables.lookup('COMPRESSION');
  if (found === undefined) return 'none';
  const compression = COMPRESSIONS.find((one) => one === found.value);
  if (compression !== undefined) return compression;
  throw wrong(found, `one of ${COMPRESSIONS.join(', ')}`);
}

function readTimeoutMs(variables: OtlpVariables): number {
  const found = variables.lookup('TIMEOUT');
  if (found === undefined) return DEFAULT_TIMEOUT_MS;
  const ms = /^\d+$/.test(found.value) ? Number(found.value) : 0;
  if (ms >= 1 && ms <= MAX_TIMEOUT_MS) return ms;
  throw wrong(found, `milliseconds from 1 to ${MAX_TIMEOUT_MS}`);
}

function readTls(variables: OtlpVariables, readFile: (path: string) => string): TlsFiles {
  const read = (what: string): string | undefined => {
    const found = variables.lookup(what);
    return found && readFile(found.value);
  };
  return { ca: read('CERTIFICATE'), cert: read('CLIENT_CERTIFICATE'), key: read('CLIENT_KEY') };
}

function wrong({ name, value }: Variable, right: string): AppError {
  return new AppError('usage', `${name} is ${JSON.stringify(value)}: expected ${right}`);
}
