import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run, start } from '../../support/cli.ts';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

const LOOPBACK = '127.0.0.1';

/** An endpoint that answers /health by what `health` is at the moment, and everything else with its name. */
class Endpoint {
  health = 200;
  broken = false;
  requests = 0;
  readonly server: Server;

  constructor(name: string) {
    this.server = createServer(({ url }, response) => {
      if (url === '/health') response.writeHead(this.health).end();
      else {
        this.requests++;
        response.writeHead(this.broken ? 503 : 200, { 'cache-control': 'max-age=60' }).end(name);
      }
    });
    onTestFinished(() => {
      this.server.closeAllConnections();
      this.server.close();
    });
  }

  async listen(): Promise<number> {
    this.server.listen(0, LOOPBACK);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }
}

async function startProxy(yaml: string) {
  const file = join(temporaryDirectory(), 'faultline.yaml');
  writeFileSync(file, yaml);
  const running = start('run', ['proxy', 'run', '-c', file], {});
  const output = (): string => running.stdout() + running.stderr();
  await until('the proxy to be ready', () => output().includes('proxy ready'));
  return {
    ...running,
    output,
    async reload(text: string): Promise<void> {
      const said = output().length;
      writeFileSync(file, text);
      running.child.kill('SIGHUP');
      await until(`an answer to SIGHUP: ${output()}`, () => output().slice(said).includes('read again'));
    },
  };
}

async function ask(port: number, path = '/'): Promise<{ status: number; text: string; marker: string | null }> {
  const response = await fetch(`http://${LOOPBACK}:${port}${path}`);
  return { status: response.status, text: await response.text(), marker: response.headers.get('x-faultline') };
}

describe('a proxy that protects a service', () => {
  it('sends nothing to an endpoint that its health check finds ill, and tells why', async () => {
    const [a, b] = [new Endpoint('a'), new Endpoint('b')];
    const ports = [await a.listen(), await b.listen()];
    const [port = 0] = await freePorts(1);
    const urls = ports.map((it) => `http://${LOOPBACK}:${it}`);
    const yaml = (more: string): string =>
      `version: 1\nservices:\n  shop:\n    listen: ${LOOPBACK}:${port}\n    endpoints:\n      - { url: "${urls[0]}", weight: 1 }\n      - { url: "${urls[1]}", weight: 2 }\n    health: { interval: 200ms }\n${more}`;
    const proxy = await startProxy(yaml('    balance: least_request\n'));
    for (let i = 0; i < 9; i++) await ask(port);
    expect([a.requests, b.requests]).toEqual([3, 6]);
    b.health = 500;
    await until('b to be found ill', () => /endpoint \S+ of shop UNHEALTHY.*500/.test(proxy.output()));
    const before = b.requests;
    for (let i = 0; i < 5; i++) expect((await ask(port)).text).toBe('a');
    expect(b.requests).toBe(before);
    b.health = 200;
    await until('b to be found well', () => proxy.output().includes('of shop healthy, was unhealthy'));
    await proxy.reload(yaml('    balance: round_robin\n'));
    const then = b.requests;
    for (let i = 0; i < 6; i++) await ask(port);
    expect(b.requests - then).toBe(4);
    proxy.child.kill('SIGTERM');
    expect((await proxy.finished).code).toBe(0);
  });

  it('opens its breaker, answers what it has kept, and closes it after the trials', async () => {
    const a = new Endpoint('a');
    const [port = 0] = await freePorts(1);
    const proxy = await startProxy(
      `version: 1\nservices:\n  shop:\n    listen: ${LOOPBACK}:${port}\n    endpoints: http://${LOOPBACK}:${await a.listen()}\n    breaker: { open: 500ms, trials: 2 }\n    fallback: { cache: true, answer: { status: 200, body: "sorry" } }\n`,
    );
    expect(await ask(port)).toEqual({ status: 200, text: 'a', marker: null });
    a.broken = true;
    for (let i = 0; i < 6; i++) expect((await ask(port)).marker).toBe('fallback; reason=failed; from=cache');
    expect(await ask(port)).toEqual({ status: 200, text: 'a', marker: 'fallback; reason=open; from=cache' });
    expect((await ask(port, '/other')).text).toBe('sorry');
    await until('the opening to be told', () =>
      /breaker of shop OPEN, was closed reason=consecutive-failures .*"consecutive":6/.test(proxy.output()),
    );
    a.broken = false;
    await until('the service again', async () => (await ask(port)).marker === null);
    await until('the breaker closed', async () => {
      await ask(port);
      return proxy.output().includes('breaker of shop CLOSED, was half-open reason=trials-succeeded');
    });
    proxy.child.kill('SIGTERM');
    expect((await proxy.finished).code).toBe(0);
  });

  it.each([
    ['protocol: udp', 'balance: least_request', '"balance" of service shop: datagrams pass as they are'],
    ['protocol: tcp', 'timeout: 1s', '"timeout" of service shop: it looks at requests'],
    ['protocol: tcp', 'breaker: {}', 'write per: endpoint'],
    ['protocol: tcp', 'balance: { kind: consistent_hash, key: { header: x } }', 'has no headers'],
    ['protocol: tcp', 'breaker: { per: endpoint, routes: [{ name: x, match: { path: /x } }] }', 'leave "routes" out'],
  ])('refuses what would do nothing: %s with %s', async (protocol, key, words) => {
    const file = join(temporaryDirectory(), 'faultline.yaml');
    writeFileSync(
      file,
      `version: 1\nservices:\n  shop:\n    ${protocol}\n    listen: ${LOOPBACK}:9\n    endpoints: 127.0.0.1:8\n    ${key}\n`,
    );
    const { code, stderr } = await run('run', ['proxy', 'run', '-c', file, '--check'], {});
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(stderr).toContain('faultline.yaml:7:5');
  });

  it('has mistakes in the file named at their place', async () => {
    const file = join(temporaryDirectory(), 'faultline.yaml');
    writeFileSync(
      file,
      `version: 1\nservices:\n  shop:\n    listen: ${LOOPBACK}:9\n    endpoints: http://${LOOPBACK}:8\n    balance: least_requests\n    health: { interval: 10ms }\n    breaker: { slowRate: 50%, opens: 3s }\n    limits:\n      - { rate: 5, by: { header: "x y" } }\n`,
    );
    const { code, stderr } = await run('run', ['proxy', 'run', '-c', file, '--check'], {});
    expect(code).toBe(2);
    for (const part of [
      '6:14',
      '200ms to 1h',
      'needs `slow`',
      '10:17',
      'did you mean "open"',
      'write 5/s',
      'not a valid "header"',
    ])
      expect(stderr).toContain(part);
  });
});
