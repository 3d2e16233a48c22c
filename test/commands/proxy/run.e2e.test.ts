import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProxyRunReport } from '../../../src/lib/app/run-proxy.ts';
import type { ProxyEvent } from '../../../src/lib/events/proxy-events.ts';
import { Client, LOOPBACK } from '../../lib/proxy/harness.ts';
import { openCollector } from '../../lib/telemetry/otlp-collector.ts';
import { ROOT, run, start, type Running } from '../../support/cli.ts';
import { freePorts } from '../../support/ports.ts';
import { requires } from '../../support/requires.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

const at = (port: number) => ({ host: LOOPBACK, port });

async function serveHttp(onRequest: RequestListener): Promise<number> {
  const server = createServer(onRequest).listen(0, LOOPBACK);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

interface RunningProxy extends Running {
  readonly file: string;
  /** Writes the file anew, sends SIGHUP, and waits until the proxy has said what came of it. */
  reload(yaml: string): Promise<string>;
}

/** Starts `proxy run` with a file, and waits until it is ready. */
async function startProxy(
  yaml: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningProxy> {
  const file = join(temporaryDirectory(), 'faultline.yaml');
  writeFileSync(file, yaml);
  const running = start('run', ['proxy', 'run', '-c', file, ...args], { env });
  const output = (): string => running.stdout() + running.stderr();
  await until(`the proxy to be ready: ${output()}`, () => output().includes('proxy ready'));
  return {
    ...running,
    file,
    async reload(text) {
      const said = output().length;
      writeFileSync(file, text);
      running.child.kill('SIGHUP');
      await until('an answer to SIGHUP', () => /read again|stays in force/.test(output().slice(said)));
      return output().slice(said);
    },
  };
}

const http = (name: string, listen: number, upstream: number, faults = '') =>
  `  ${name}: { protocol: http, listen: "127.0.0.1:${listen}", endpoints: "http://127.0.0.1:${upstream}", faults: [${faults}] }\n`;
const file = (services: string, more = '') => `version: 1\nseed: 7\n${more}services:\n${services}`;

async function get(
  port: number,
  path = '/',
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const [response] = (await once(request({ ...at(port), path, headers, agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

describe('faultline proxy run', () => {
  it('fronts the services, applies the faults, serves metrics, and ends with exit 0', async () => {
    const upstream = await serveHttp((_request, response) => response.end('ok'));
    const [port, metrics] = (await freePorts(2)) as [number, number];
    const proxy = await startProxy(
      file(
        http('shop', port, upstream, '{ fault: error, with: { status: 503, match: { path: /broken } } }'),
        `metrics: ${metrics}\n`,
      ),
    );
    expect(await get(port)).toEqual({ status: 200, text: 'ok' });
    expect((await get(port, '/broken')).status).toBe(503);
    const scraped = await fetch(`http://127.0.0.1:${metrics}/metrics`);
    expect(scraped.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await scraped.text();
    expect(text).toContain('faultline_fault_touched_total{listener="shop",fault="error-1",kind="error"} 1');
    expect(text).toContain('faultline_proxy_requests_total{listener="shop",protocol="http/1.1",result="503"} 1');
    expect((await fetch(`http://127.0.0.1:${metrics}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${metrics}/metrics`, { method: 'POST' })).status).toBe(405);
    proxy.child.kill('SIGTERM');
    const { code, stdout, stderr } = await proxy.finished;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`proxy shop listening on 127.0.0.1:${port} for 127.0.0.1:${upstream}`);
    expect(stdout).toContain(`seed=7 metrics=http://127.0.0.1:${metrics}/metrics; kill -HUP ${proxy.pid} reads`);
    expect(stdout).toMatch(/fault error-1 removed from shop kind=error touched=1/);
    expect(stdout).toContain(`proxy shop closed 127.0.0.1:${port}`);
  });

  it('prints what it came to as one object, or every event as one', async () => {
    const upstream = await serveHttp((_request, response) => response.end('ok'));
    const [port] = (await freePorts(1)) as [number];
    const yaml = file(http('shop', port, upstream, '{ fault: abort, id: cut, with: { match: { path: /x } } }'));
    const path = join(temporaryDirectory(), 'faultline.yaml');
    writeFileSync(path, yaml);
    const proxy = start('run', ['proxy', 'run', '-c', path, '--json', '--seed', '9']);
    await until('the proxy to listen', () => get(port).catch(() => undefined));
    proxy.child.kill('SIGINT');
    const report = JSON.parse((await proxy.finished).stdout) as ProxyRunReport;
    expect(report).toMatchObject({
      file: path,
      seed: 9,
      services: [
        {
          service: 'shop',
          listen: `127.0.0.1:${port}`,
          counters: { requests: 1, inFlight: 0 },
          faults: [{ fault: 'cut', kind: 'abort', effect: { touched: 0 } }],
        },
      ],
    });

    const told = await startProxy(yaml, ['--events', 'ndjson']);
    told.child.kill('SIGTERM');
    const events = (await told.finished).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ProxyEvent);
    expect(events.map(({ type }) => type)).toEqual([
      'listener.opened',
      'fault.applied',
      'proxy.note',
      'fault.removed',
      'listener.closed',
    ]);
  });

  it('opens nothing and exits 2 when one of its listeners cannot be had', async () => {
    const taken = createTcp().listen(0, LOOPBACK);
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    const [free] = (await freePorts(1)) as [number];
    const path = join(temporaryDirectory(), 'faultline.yaml');
    writeFileSync(path, file(http('a', free, 1) + http('b', port, 1)));
    const { code, stderr } = await run('run', ['proxy', 'run', '-c', path]);
    expect(code).toBe(2);
    expect(stderr).toContain(`service "b" cannot listen on 127.0.0.1:${port}: the address is in use`);
    const again = createTcp().listen(free, LOOPBACK);
    onTestFinished(() => void again.close());
    await once(again, 'listening');
  });

  it('waits at its end for requests that are under way, unless it is told twice', async () => {
    const arrived: string[] = [];
    let answerLate: () => void = () => undefined;
    const upstream = await serveHttp((incoming, response) => {
      arrived.push(incoming.url ?? '');
      if (incoming.url === '/late') answerLate = () => response.end('late');
    });
    const [port] = (await freePorts(1)) as [number];
    const patient = await startProxy(file(http('shop', port, upstream)));
    const late = get(port, '/late');
    await until('the request to arrive', () => arrived.includes('/late'));
    patient.child.kill('SIGTERM');
    await until('the listener to be closed', () => patient.stdout().includes('closed'));
    answerLate();
    expect(await late).toEqual({ status: 200, text: 'late' });
    expect((await patient.finished).code).toBe(0);

    const hurried = await startProxy(file(http('shop', port, upstream)));
    const never = get(port, '/never').then(
      () => 'answered',
      () => 'cut',
    );
    await until('the request to arrive', () => arrived.includes('/never'));
    hurried.child.kill('SIGINT');
    await until('the listener to be closed', () => hurried.stdout().includes('closed'));
    const startMs = performance.now();
    hurried.child.kill('SIGINT');
    expect((await hurried.finished).code).toBe(0);
    expect(await never).toBe('cut');
    expect(performance.now() - startMs).toBeLessThan(4_000);
  });

  it.each([
    ['a right one', file(http('shop', 1, 2, '{ fault: abort }, { fault: abort }')), 0, '1 services, 2 faults'],
    [
      'a wrong one, with all that is wrong',
      'version: 1\nservices:\n  a: { listen: "a:1", endpoints: "b:2", faults: [{ fault: latensy }] }\nextra: 1\n',
      2,
      'faultline.yaml:3:59  unknown fault kind "latensy"; did you mean "latency"?',
    ],
    [
      'a fault that means nothing on what the service speaks',
      'version: 1\nservices:\n  dns:\n    { protocol: udp, listen: "a:1", endpoints: "b:2", faults: [{ fault: goaway }] }\n',
      2,
      'faultline.yaml:4:73  fault goaway on service dns: it acts on ',
    ],
  ])('checks a file only: %s', async (_, yaml, expected, text) => {
    const path = join(temporaryDirectory(), 'faultline.yaml');
    writeFileSync(path, yaml);
    const { code, stdout, stderr } = await run('run', ['proxy', 'run', '-c', path, '--check']);
    expect(code).toBe(expected);
    expect((stdout + stderr).replaceAll(`${path}:`, 'faultline.yaml:')).toContain(text);
  });

  it('shows no secret, neither in events nor in mistakes', async () => {
    const upstream = await serveHttp((_request, response) => response.end('ok'));
    const [port] = (await freePorts(1)) as [number];
    const secret = 'variables: { TOKEN: { secret: true, default: hush-hush } }\n';
    const fault = "{ fault: error, with: { status: 503, body: '${TOKEN}' } }";
    const proxy = await startProxy(file(http('shop', port, upstream, fault), secret));
    expect((await get(port)).text).toBe('hush-hush');
    await proxy.reload(file(http('shop', port, upstream, '{ fault: "${TOKEN}" }'), secret));
    proxy.child.kill('SIGTERM');
    const { stdout, stderr } = await proxy.finished;
    expect(stdout + stderr).not.toContain('hush');
    expect(stderr).toContain('unknown fault kind "***"');
  });

  it('traces what passes: spans of the proxy, and the service’s parent is the one it sends by', async () => {
    const collector = await openCollector();
    onTestFinished(() => collector.close());
    const seen: (string | undefined)[] = [];
    const upstream = await serveHttp((incoming, response) => {
      seen.push(incoming.headers.traceparent as string | undefined);
      response.end('ok');
    });
    const [port] = (await freePorts(1)) as [number];
    const proxy = await startProxy(file(http('shop', port, upstream, '{ fault: latency, with: { delay: 5ms } }')), [], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    });
    const parent = 'b7ad6b7169203331';
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await get(port, '/charge', { traceparent: `00-${traceId}-${parent}-01` });
    await get(port, '/quiet', { traceparent: `00-${traceId}-${parent}-00` });
    proxy.child.kill('SIGTERM');
    expect(await proxy.finished).toMatchObject({ code: 0, stderr: '' });
    const [server, client] = ['server', 'client'].map((kind) => collector.spans.filter((span) => span.kind === kind));
    expect(server).toMatchObject([{ traceId, parentSpanId: parent, attributes: { 'url.path': '/charge' } }]);
    expect(client).toMatchObject([{ traceId, parentSpanId: server?.[0]?.spanId, events: ['faultline.fault'] }]);
    expect(seen).toEqual([`00-${traceId}-${client?.[0]?.spanId}-01`, `00-${traceId}-${parent}-00`]);
  });
});

describe('SIGHUP', () => {
  const HELD = '{ fault: latency, id: held, with: { delay: 60s, match: { path: /held } } }';

  /** A proxy with a request that sleeps in a fault; `fileOf` gives a file that differs in its services. */
  const scene = async () => {
    const upstream = await serveHttp((incoming, response) => response.end(`up ${incoming.url}`));
    const [port, next, metricsPort] = (await freePorts(3)) as [number, number, number];
    const fileOf = (services: string): string => file(services, `metrics: ${metricsPort}\n`);
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const proxy = await startProxy(fileOf(http('shop', port, upstream, HELD)));
    const held = get(port, '/held').then(
      ({ text }) => text,
      () => 'cut',
    );
    let answer: string | undefined;
    void held.then((text) => (answer = text));
    const chosen = 'faultline_fault_hit_total{listener="shop",fault="held",kind="latency"} 1';
    await until('the fault to hold the request', async () => (await metrics()).includes(chosen));
    return { upstream, port, next, proxy, fileOf, held, isHeld: () => answer === undefined, metrics };
  };

  it('changes what differs while a request sleeps in a fault that stays', async () => {
    const { upstream, port, proxy, fileOf, held, isHeld, metrics } = await scene();
    const error = '{ fault: error, with: { status: 503 } }';
    const answer = await proxy.reload(fileOf(http('shop', port, upstream, `${HELD}, ${error}`)));
    expect(answer).toContain('read again: in force now');
    expect((await get(port)).status).toBe(503);
    expect(isHeld()).toBe(true);
    expect(await metrics()).toContain('faultline_fault_hit_total{listener="shop",fault="held",kind="latency"} 1');
    const without = fileOf(http('shop', port, upstream, error));
    await proxy.reload(without);
    expect(await held).toBe('up /held');
    expect(await proxy.reload(without)).toContain('read again: nothing has changed');
  });

  it('leaves everything as it is when the file has mistakes, and tells all of them', async () => {
    const { upstream, port, proxy, fileOf, isHeld } = await scene();
    const text = fileOf(http('shop', port, upstream, '{ fault: latensy }, { fault: latency, with: { delay: 3 } }'));
    const columnOf = (part: string): number => (text.split('\n')[4]?.indexOf(part) ?? 0) + 1;
    const answer = await proxy.reload(text);
    expect(answer.replaceAll(proxy.file, 'F')).toBe(
      [
        'F: 2 mistakes; what was in force stays in force',
        `  F:5:${columnOf('latensy')}  unknown fault kind "latensy"; did you mean "latency"?`,
        `  F:5:${columnOf('3 } }')}  3 has no unit; write 3ms`,
        '',
      ].join('\n'),
    );
    expect(isHeld()).toBe(true);
    expect((await get(port, '/other')).text).toBe('up /other');
    proxy.child.kill('SIGTERM');
    expect((await proxy.finished).code).toBe(0);
  });

  it('leaves everything as it is when an address cannot be had', async () => {
    const { upstream, port, next, proxy, fileOf, isHeld } = await scene();
    const taken = createTcp().listen(next, LOOPBACK);
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const answer = await proxy.reload(fileOf(http('shop', port, upstream) + http('other', next, upstream)));
    expect(answer).toContain(
      `service "other" cannot listen on 127.0.0.1:${next}: the address is in use; what was in force`,
    );
    expect(isHeld()).toBe(true);
  });

  it('moves a listener, and who is connected stays connected', async () => {
    const { upstream, port, next, proxy, fileOf, held } = await scene();
    const client = new Client(at(port)).send('GET /one HTTP/1.1\r\nHost: shop\r\n\r\n');
    await client.until('up /one');
    await proxy.reload(fileOf(http('shop', next, upstream, HELD)));
    await client.send('GET /two HTTP/1.1\r\nHost: shop\r\n\r\n').until('up /two');
    expect((await get(next)).status).toBe(200);
    await expect(get(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.reload(fileOf(http('other', next, upstream)));
    expect(await held).toBe('up /held');
    await client.send('GET /three HTTP/1.1\r\nHost: shop\r\n\r\n').until('up /three');
  });

  it('takes several signals at once as one after the other', async () => {
    const { upstream, port, proxy, fileOf } = await scene();
    writeFileSync(proxy.file, fileOf(http('shop', port, upstream, '{ fault: error, with: { status: 501 } }')));
    for (let count = 0; count < 5; count++) proxy.child.kill('SIGHUP');
    await until('the new fault to be in force', async () => (await get(port)).status === 501);
    expect(proxy.stderr()).toBe('');
  });

  requires(requires.package('tmux')).it(
    'from a terminal that is closed is the end, and a reload while it is there',
    async () => {
      const [port] = (await freePorts(1)) as [number];
      const directory = temporaryDirectory();
      const path = join(directory, 'faultline.yaml');
      writeFileSync(path, file(http('shop', port, 1)));
      const tmux = (...words: string[]) =>
        spawnSync('tmux', ['-L', basename(directory), ...words], { encoding: 'utf8' });
      onTestFinished(() => void tmux('kill-server'));
      const command = `exec ${process.execPath} ${join(ROOT, 'bin', 'run.js')} proxy run -c ${path}`;
      tmux('new-session', '-d', '-x', '200', '-y', '40', command);
      const screen = (): string => tmux('capture-pane', '-p', '-J').stdout;
      const [, pid = ''] = await until('the proxy to be ready', () => /proxy ready pid=(\d+)/.exec(screen()));
      process.kill(Number(pid), 'SIGHUP');
      await until('the file to be read again', () => screen().includes('nothing has changed'));
      tmux('kill-server');
      await until('the proxy to end', () => !existsSync(`/proc/${pid}`));
    },
  );
});
