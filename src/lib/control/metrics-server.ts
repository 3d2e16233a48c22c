import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, messageOf } from '../errors/app-error.ts';
import type { Address } from '../proxy/listen-options.ts';
import { METRICS_CONTENT_TYPE } from '../proxy/metrics.ts';
import { isErrno } from '../runtime/files.ts';
import { formatHostPort } from '../wire/host-port.ts';

/** A scraper sends its request at once, and reads at once. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A few scrapers, each with a connection or two; one more is closed. */
const MAX_CONNECTIONS = 64;

export interface MetricsServer {
  readonly address: Address;
  /** Stops listening at once; resolves when nothing is open any more. */
  close(): Promise<void>;
}

/** Serves `GET /metrics` in the Prometheus text format. Throws AppError `usage` when the address cannot be had. */
export function openMetricsServer(listen: Address, metricsText: () => string): Promise<MetricsServer> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => answer(request, response, metricsText),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = REQUEST_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explain(listen, error)));
    server.listen({ host: listen.host, port: listen.port }, () => {
      server.removeAllListeners('error');
      // A failed accept concerns that connection only.
      server.on('error', () => undefined);
      const { address, port } = server.address() as AddressInfo;
      resolve({ address: { host: address, port }, close: () => close(server) });
    });
  });
}

function answer({ method, url = '' }: IncomingMessage, response: ServerResponse, metricsText: () => string): void {
  const [path] = url.split('?', 1);
  if (path !== '/metrics') send(response, 404, 'text/plain; charset=utf-8', 'metrics are at /metrics\n');
  else if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    send(response, 405, 'text/plain; charset=utf-8', 'only GET and HEAD\n');
  } else send(response, 200, METRICS_CONTENT_TYPE, metricsText());
}

/** Without a body for HEAD: Node leaves it out by itself. */
function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function explain(listen: Address, error: Error): AppError {
  const where = `metrics cannot be served on ${formatHostPort(listen)}`;
  const hint = isErrno(error, 'EADDRINUSE')
    ? `stop what listens there (\`ss -ltnp "sport = :${listen.port}"\` shows it), or give \`metrics\` another address`
    : 'give `metrics` an address of this machine, such as 127.0.0.1:9474';
  const why = isErrno(error, 'EADDRINUSE') ? 'the address is in use' : messageOf(error);
  return new AppError('usage', `${where}: ${why}`, { hint, cause: error });
}

function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return closed;
}
