import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import type { Address, ListenOptions, Upstream } from '../../../src/lib/proxy/listen-options.ts';
import { openLocalCa } from '../../../src/lib/proxy/local-ca.ts';
import { DEFAULT_TLS_UPSTREAM } from '../../../src/lib/proxy/tls-options.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { startProgram } from '../../support/programs.ts';
import { freePorts } from '../../support/ports.ts';
import { requires } from '../../support/requires.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { front, LOOPBACK, type Fronted } from './harness.ts';

/** HTTP that we did not write on both sides: curl in front of the proxy, nginx behind it. */

const runFile = promisify(execFile);
const needs = requires('root', requires.package('nginx-light', 'nginx'), requires.package('curl'));

interface Nginx {
  readonly plain: Upstream;
  readonly http2: Upstream;
  readonly tls: Upstream;
  readonly directory: string;
  readonly caFile: string;
}

/** nginx with HTTP/1.1, HTTP/2 in clear text, and both over TLS; files, uploads, redirects, compression. */
async function startNginx(): Promise<Nginx> {
  const directory = temporaryDirectory();
  const ca = openLocalCa(join(directory, 'ca'), realClock);
  const { cert, key } = ca.certify('localhost');
  writeFileSync(join(directory, 'cert.pem'), cert);
  writeFileSync(join(directory, 'key.pem'), key);
  mkdirSync(join(directory, 'www'));
  writeFileSync(join(directory, 'www', 'small.txt'), 'hello from nginx\n');
  writeFileSync(join(directory, 'www', 'large.bin'), randomBytes(3_000_000));
  const [plain = 0, http2 = 0, tls = 0] = await freePorts(3);
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; worker_processes 1; user root; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events {}
http {
  access_log off; client_max_body_size 10m;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory}; uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  ssl_certificate ${directory}/cert.pem; ssl_certificate_key ${directory}/key.pem;
  server {
    listen ${LOOPBACK}:${plain}; listen ${LOOPBACK}:${http2} http2; listen ${LOOPBACK}:${tls} ssl http2;
    root ${directory}/www;
    location /echo { return 200 "$request_method $request_uri $server_protocol $host\\n"; }
    location /moved { return 302 /small.txt; }
    location /zipped { gzip on; gzip_types text/plain; gzip_min_length 1; alias ${directory}/www/small.txt; }
    location /upload { client_body_in_file_only clean; proxy_pass http://${LOOPBACK}:${plain}/taken; }
    location /taken { return 200 "$content_length"; }
  }
}
`,
  );
  await startProgram('nginx', ['-c', join(directory, 'nginx.conf')], plain);
  const at = (port: number): Address => ({ host: LOOPBACK, port });
  return { plain: at(plain), http2: at(http2), tls: { ...at(tls), tls: true }, directory, caFile: ca.certificateFile };
}

/** Status, protocol version and headers that do not change from one call to the next, then the body. */
async function curl(directory: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await runFile('curl', ['--silent', '--show-error', '--max-time', '20', '--include', ...args], {
    encoding: 'buffer',
    maxBuffer: 50_000_000,
    cwd: directory,
  });
  return stdout.toString('latin1').replace(/^date: .*\r\n/gim, '');
}

async function frontWith(nginx: Nginx, upstream: Upstream, more: Partial<ListenOptions> = {}): Promise<Fronted> {
  return front('auto', [upstream], undefined, {
    tlsUpstream: { ...DEFAULT_TLS_UPSTREAM, ca: readFileSync(nginx.caFile, 'utf8'), serverName: 'localhost' },
    ...more,
  });
}

const PATHS: readonly (readonly [string, ...string[]])[] = [
  ['/small.txt'],
  ['/large.bin'],
  ['/echo?a=1&b=%20'],
  ['/missing'],
  ['/moved'],
  ['/zipped', '--compressed'],
  ['/large.bin', '--range', '100-200'],
  ['/small.txt', '--head'],
  ['/upload', '--data-binary', 'x'.repeat(100_000)],
  ['/upload', '--data-binary', 'y'.repeat(5000), '-H', 'Transfer-Encoding: chunked'],
  ['/upload', '--data-binary', '@large.bin', '-H', 'Expect: 100-continue'],
  ['/echo', '--request', 'DELETE'],
];

needs.it(
  'curl gets the same from nginx as without the proxy: HTTP/1.1, HTTP/2, TLS passed through and re-originated',
  async () => {
    const nginx = await startNginx();
    const www = join(nginx.directory, 'www');
    const ownCa = openLocalCa(join(nginx.directory, 'own'), realClock);
    const tls = { certify: () => ownCa.certify('localhost'), alpn: undefined, routes: [] };
    const url = (scheme: string, { port }: Address, path: string): string => `${scheme}://localhost:${port}${path}`;
    const resolve = ({ port }: Address): string[] => ['--resolve', `localhost:${port}:${LOOPBACK}`];
    const trust = (file: string): string[] => ['--cacert', file];
    const routes = [
      { name: 'HTTP/1.1', scheme: 'http', upstream: nginx.plain, args: ['--http1.1'], ca: nginx.caFile, more: {} },
      {
        name: 'HTTP/2',
        scheme: 'http',
        upstream: nginx.http2,
        args: ['--http2-prior-knowledge'],
        ca: nginx.caFile,
        more: {},
      },
      {
        name: 'TLS passed through',
        scheme: 'https',
        upstream: nginx.tls,
        args: ['--http2'],
        ca: nginx.caFile,
        more: {},
      },
      {
        name: 'TLS re-originated, HTTP/2',
        scheme: 'https',
        upstream: nginx.tls,
        args: ['--http2'],
        ca: ownCa.certificateFile,
        more: { tls },
      },
      {
        name: 'TLS re-originated, HTTP/1.1',
        scheme: 'https',
        upstream: nginx.tls,
        args: ['--http1.1'],
        ca: ownCa.certificateFile,
        more: { tls },
      },
    ];
    for (const { name, scheme, upstream, args, ca, more } of routes) {
      const { address, proxy } = await frontWith(nginx, upstream, more);
      for (const [path, ...rest] of PATHS) {
        // HTTP/2 has no chunked bodies, and its curl would not say so.
        if (args[0] !== '--http1.1' && rest.includes('Transfer-Encoding: chunked')) continue;
        const direct = await curl(
          www,
          url(scheme, upstream, path),
          ...args,
          ...trust(nginx.caFile),
          ...resolve(upstream),
          ...rest,
        );
        const proxied = await curl(
          www,
          url(scheme, address, path),
          ...args,
          ...trust(ca),
          ...resolve(address),
          ...rest,
        );
        const samePort = (text: string): string =>
          text.replaceAll(`:${address.port}`, ':PORT').replaceAll(`:${upstream.port}`, ':PORT');
        expect(samePort(proxied) === samePort(direct), `${name} ${path} ${rest.join(' ').slice(0, 60)}`).toBe(true);
        expect(direct).toMatch(/^HTTP\/(1\.1|2) \d/);
      }
      expect(proxy.counters('s')).toMatchObject({ inFlight: 0, fallbacks: 0, tlsFailures: 0, dialFailures: 0 });
    }
  },
  60_000,
);

needs.it('curl sees faults over every version of HTTP', async () => {
  const nginx = await startNginx();
  const www = join(nginx.directory, 'www');
  const ownCa = openLocalCa(join(nginx.directory, 'own'), realClock);
  const tls = { certify: () => ownCa.certify('localhost'), alpn: undefined, routes: [] };
  for (const [upstream, scheme, args] of [
    [nginx.plain, 'http', ['--http1.1']],
    [nginx.http2, 'http', ['--http2-prior-knowledge']],
    [nginx.tls, 'https', ['--http2', '--cacert', ownCa.certificateFile]],
  ] as const) {
    const fronted = await frontWith(nginx, upstream, scheme === 'https' ? { tls } : {});
    const target = [
      `${scheme}://localhost:${fronted.address.port}/small.txt`,
      ...args,
      '--resolve',
      `localhost:${fronted.address.port}:${LOOPBACK}`,
    ];
    const add = (kind: string, params: unknown): void =>
      fronted.proxy.addFilter({ service: 's', id: kind, kind, params, seed: 1 });
    add('error', { status: 503, body: 'injected\n', headers: { 'Retry-After': '7' }, nth: 1 });
    add('replace', { response: { status: 201, body: 'other\n' }, nth: 2 });
    const refused = await curl(www, ...target);
    expect(refused).toMatch(/^HTTP\/[\d.]+ 503/);
    expect(refused).toMatch(/retry-after: 7/i);
    expect(refused.endsWith('injected\n')).toBe(true);
    // `error` saw the first one only: for `replace` this is the second that came by, and the first that it was asked about.
    expect(await curl(www, ...target)).toMatch(/hello from nginx\n$/);
    expect(await curl(www, ...target)).toMatch(/^HTTP\/[\d.]+ 201[^]*other\n$/);
    add('abort', {});
    await expect(curl(www, ...target)).rejects.toThrow();
    onTestFinished(() => fronted.proxy.close());
  }
});
