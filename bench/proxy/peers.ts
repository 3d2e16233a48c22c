import { existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { protectionShape, readProtection } from '../../src/lib/proxy/protection-schema.ts';
import { openProxy } from '../../src/lib/proxy/proxy.ts';
import type { Protocol } from '../../src/lib/proxy/views.ts';
import { realClock } from '../../src/lib/runtime/clock.ts';
import { somePort, startProgram, startRole, type Started } from './processes.ts';

/** The proxies that are measured side by side. */

export interface FaultlineOptions {
  readonly protocol: Protocol;
  /** Keys of a service that protect it, as `faultline.yaml` has them. */
  readonly protection?: object;
  /** More services than the first one. */
  readonly others?: readonly number[];
  readonly faults?: readonly { readonly kind: string; readonly params: unknown }[];
}

export const startPipe = (upstream: number): Promise<Started> =>
  startRole(import.meta.filename, 'pipe', String(upstream));

export const startFaultline = (upstream: number, options: FaultlineOptions): Promise<Started> =>
  startRole(import.meta.filename, 'faultline', String(upstream), JSON.stringify(options));

export function startHaproxy(upstreams: number | readonly number[], mode: 'tcp' | 'http'): Promise<Started> {
  const port = somePort();
  return startProgram(
    'haproxy',
    port,
    () => `global
  maxconn 9700
  nbthread 1
defaults
  mode ${mode}
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  balance leastconn
${[upstreams]
  .flat()
  .map((port) => `  server s${port} 127.0.0.1:${port}`)
  .join('\n')}
`,
  );
}

export const nginxHasStream = (): boolean => existsSync('/usr/lib/nginx/modules/ngx_stream_module.so');

export function startNginx(upstream: number, mode: 'tcp' | 'http' | 'grpc'): Promise<Started> {
  const port = somePort();
  const head = (directory: string): string =>
    `daemon off; worker_processes 1; user root; pid ${directory}/pid; error_log /dev/null;
${mode === 'tcp' ? 'load_module /usr/lib/nginx/modules/ngx_stream_module.so;' : ''}
events { worker_connections 19000; }`;
  const temp = (directory: string): string =>
    ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory};`).join(' ');
  return startProgram('nginx', port, (directory) => {
    if (mode === 'tcp')
      return `${head(directory)}\nstream { server { listen 127.0.0.1:${port} backlog=1024; proxy_pass 127.0.0.1:${upstream}; } }\n`;
    const pass =
      mode === 'grpc'
        ? `grpc_pass grpc://backend;`
        : `proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";`;
    return `${head(directory)}
http { access_log off; ${temp(directory)} keepalive_requests 100000000;
  upstream backend { server 127.0.0.1:${upstream}; keepalive 128; keepalive_requests 100000000; }
  server { listen 127.0.0.1:${port}${mode === 'grpc' ? ' http2' : ''}; location / { ${pass} } } }
`;
  });
}

/** The 30-line proxy that everybody writes first. */
function servePipe(upstream: number): Server {
  return createServer({ noDelay: true, allowHalfOpen: true }, (client: Socket) => {
    const service = connect({ host: '127.0.0.1', port: upstream, noDelay: true, allowHalfOpen: true });
    client.on('error', () => service.destroy());
    service.on('error', () => client.destroy());
    client.pipe(service);
    service.pipe(client);
  });
}

async function serveFaultline(
  upstream: number,
  { protocol, faults = [], protection, others = [] }: FaultlineOptions,
): Promise<number> {
  const proxy = openProxy({ clock: realClock });
  const { port } = await proxy.listen({
    service: 'bench',
    protocol,
    listen: { host: '127.0.0.1', port: 0 },
    upstreams: [upstream, ...others].map((port) => ({ host: '127.0.0.1', port })),
    protection: protection && readProtection(z.strictObject(protectionShape).parse(protection)),
  });
  for (const [i, { kind, params }] of faults.entries())
    proxy.addFilter({ service: 'bench', id: `f${i}`, kind, params, seed: 1 });
  return port;
}

const [role, upstream, options] = process.argv.slice(2);
if (process.send !== undefined && (role === 'pipe' || role === 'faultline')) {
  const tell = (port: number): void => void process.send?.(port);
  if (role === 'faultline')
    tell(await serveFaultline(Number(upstream), JSON.parse(options ?? '{}') as FaultlineOptions));
  else {
    const server = servePipe(Number(upstream));
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => tell((server.address() as AddressInfo).port));
  }
}
