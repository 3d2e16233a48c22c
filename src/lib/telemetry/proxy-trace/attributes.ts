import type { Attributes } from '@opentelemetry/api';
import type { ExchangeOutcome, ExchangeProtocol, ExchangeStart } from '../../proxy/tracing.ts';

/** Methods of RFC 9110 and PATCH: others are what somebody has made up, and would be names without end. */
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);
const VERSIONS: Readonly<Record<ExchangeProtocol, string>> = {
  'http/1.1': '1.1',
  websocket: '1.1',
  'http/2': '2',
  grpc: '2',
};
const GRPC_PATH = /^\/([^/]+)\/([^/]+)$/;

/** As the semantic conventions want it: the method, or for gRPC the service and its method. */
export function spanName({ protocol, request }: ExchangeStart): string {
  if (protocol === 'grpc' && GRPC_PATH.test(request.path)) return request.path.slice(1);
  return KNOWN_METHODS.has(request.method) ? request.method : 'HTTP';
}

/** What we got from the client (OpenTelemetry semantic conventions, HTTP server spans). Without the query, which may hold anything. */
export function serverAttributes(start: ExchangeStart): Attributes {
  const host = start.request.header('host');
  return {
    ...clientAttributes(start),
    'client.address': start.source,
    ...(host === undefined ? {} : addressAttributes(host)),
  };
}

/** What we send on (HTTP client spans); where it goes is known at its end. */
export function clientAttributes({ service, protocol, request }: ExchangeStart): Attributes {
  const isKnown = KNOWN_METHODS.has(request.method);
  return {
    'http.request.method': isKnown ? request.method : '_OTHER',
    ...(isKnown ? {} : { 'http.request.method_original': request.method }),
    'url.path': request.path,
    'network.protocol.name': 'http',
    'network.protocol.version': VERSIONS[protocol],
    'faultline.service': service,
    ...(protocol === 'grpc' ? rpcAttributes(request.path) : {}),
  };
}

/** What came of it, alike on both spans. */
export function outcomeAttributes({ status, grpcStatus, error, attempts = 1, breaker }: ExchangeOutcome): Attributes {
  const [, reason, from] = /^fallback; reason=(\w+); from=(\w+)$/.exec(error ?? '') ?? [];
  return {
    ...(attempts > 1 ? { 'http.request.resend_count': attempts - 1 } : {}),
    ...(breaker === undefined ? {} : { 'faultline.breaker.state': breaker }),
    ...(reason === undefined ? {} : { 'faultline.fallback.reason': reason, 'faultline.fallback.from': from ?? '' }),
    ...(status === undefined ? {} : { 'http.response.status_code': status }),
    ...(grpcStatus === undefined ? {} : { 'rpc.grpc.status_code': grpcStatus }),
  };
}

/** `shop.test:8080`, `[::1]:8080`, `shop.test`. */
export function addressAttributes(hostAndPort: string): Attributes {
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(hostAndPort) ?? [];
  return {
    'server.address': (host ?? hostAndPort).replaceAll(/[[\]]/g, ''),
    ...(port === undefined ? {} : { 'server.port': Number(port) }),
  };
}

function rpcAttributes(path: string): Attributes {
  const [, service, method] = GRPC_PATH.exec(path) ?? [];
  if (service === undefined || method === undefined) return { 'rpc.system': 'grpc' };
  return { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method };
}
