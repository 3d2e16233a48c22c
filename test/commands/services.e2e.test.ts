import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ServicesSnapshot } from '../../src/lib/events/service-view.ts';
import { run, start, type Running } from '../support/cli.ts';
import { freePorts } from '../support/ports.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

let upstreams: readonly number[] = [];

beforeAll(async () => {
  const servers = ['one', 'two'].map((name) => createServer((_request, response) => response.end(name)));
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  upstreams = servers.map((server) => (server.address() as AddressInfo).port);
  return () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  };
});

interface Scene {
  readonly proxy: Running;
  readonly state: string;
  readonly port: number;
  readonly api: number;
  readonly file: string;
  /** One of our commands on that state directory. */
  readonly faultline: (...args: string[]) => ReturnType<typeof run>;
}

async function scene(breaker = 'breaker: {}'): Promise<Scene> {
  const directory = temporaryDirectory();
  const state = join(directory, 'state');
  const [port, api] = (await freePorts(2)) as [number, number];
  const file = join(directory, 'faultline.yaml');
  writeFileSync(
    file,
    `version: 1
api: { listen: "127.0.0.1:${api}", token: geheim }
services:
  web:
    listen: 127.0.0.1:${port}
    endpoints: [http://127.0.0.1:${upstreams[0]}, http://127.0.0.1:${upstreams[1]}]
    balance: round_robin
    ${breaker}
`,
  );
  const env = { FAULTLINE_STATE: state };
  const proxy = start('run', ['proxy', 'run', '-c', file], { env });
  onTestFinished(() => void proxy.child.kill('SIGTERM'));
  await until('the proxy to be ready', () => proxy.stdout().includes('proxy ready'));
  return { proxy, state, port, api, file, faultline: (...args) => run('run', args, { env }) };
}

const call = async (port: number) => {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return { status: response.status, text: await response.text() };
};

describe('faultline services', () => {
  it('shows each endpoint, drains one and gives it back, tells why, and writes down how to take it back', async () => {
    const { proxy, state, port, faultline } = await scene();
    for (let i = 0; i < 10; i++) await call(port);
    const shown = await faultline('services');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^SERVICE +HEALTH +BREAKER +WEIGHT +IN FLIGHT +RPS +ERRORS +P50 +P99$/m);
    expect(shown.stdout).toMatch(/^web +2\/2 +closed +0 +\d+(?:\.\d)? +0% +[\d.]+(?:us|ms) +[\d.]+(?:us|ms)$/m);
    expect(shown.stdout).toMatch(new RegExp(`^├ 127.0.0.1:${upstreams[0]} +unknown +- +1 +0 +[\\d.]+ +0% `, 'm'));

    const id = `web/127.0.0.1:${upstreams[0]}`;
    const drained = await faultline('services', 'drain', `127.0.0.1:${upstreams[0]}`);
    expect(drained.stdout).toBe(`${id}: drained, weight 1 when it is undrained, unknown, 0 in flight\n`);
    expect([(await call(port)).text, (await call(port)).text]).toEqual(['two', 'two']);
    const explained = await faultline('services', 'explain', 'web');
    expect(explained.stdout).toContain(`web/127.0.0.1:${upstreams[1]} gets the next request (round_robin: turn)`);
    expect(explained.stdout).toMatch(new RegExp(`^${id} .*drained: weight 0$`, 'm'));
    const undrained = JSON.parse((await faultline('services', 'undrain', id, '--json')).stdout) as object;
    expect(undrained).toMatchObject({ endpoint: id, isDrained: false, weight: 1 });

    const [first] = readFileSync(join(state, 'actions.ndjson'), 'utf8').trim().split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({
      type: 'operator.acted',
      action: 'drain',
      endpoint: id,
      pid: proxy.pid,
      undo: `faultline services undrain ${id}`,
    });
    expect(proxy.stdout()).toContain(`operator drain endpoint ${id} by="faultline/`);
  });

  it('watches: a table after another, and with --json an array a line', async () => {
    const { state } = await scene();
    const env = { FAULTLINE_STATE: state };
    const table = start('run', ['services', '--watch', '--every', '100ms'], { env });
    const lines = start('run', ['services', '--watch', '--every', '100ms', '--json'], { env });
    await until('three of each', () => [table, lines].every((one) => one.stdout().split(/SERVICE|^\[/m).length > 3));
    table.child.kill('SIGINT');
    lines.child.kill('SIGINT');
    expect((await table.finished).code).toBe(0);
    const [first = ''] = (await lines.finished).stdout.split('\n');
    expect((JSON.parse(first) as ServicesSnapshot[])[0]?.services[0]).toMatchObject({ service: 'web' });
  });

  it('asks elsewhere by --api, which wants its token', async () => {
    const { api, faultline } = await scene();
    const refused = await faultline('services', '--api', `127.0.0.1:${api}`);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('give --token')]);
    const shown = await faultline('services', '--api', `127.0.0.1:${api}`, '--token', 'geheim', '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject([{ owner: { command: 'proxy run' } }]);
  });

  it('says what there is where a name is wrong, and that nothing is going on where nothing is', async () => {
    const { proxy, faultline } = await scene();
    const wrong = await faultline('services', 'explain', 'wbe');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('did you mean web?')]);
    proxy.child.kill('SIGKILL');
    await proxy.finished;
    const none = await faultline('services');
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('No services')]);
    const nobody = await faultline('services', 'drain', 'web/127.0.0.1:1');
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('no process with services is going on')]);
  });
});

describe('faultline breaker', () => {
  it('forces it open, also over a reload, and lets it go', async () => {
    const { proxy, port, file, faultline } = await scene();
    expect((await faultline('breaker', 'open', 'web')).stdout).toBe('web: open (forced)\n');
    expect((await call(port)).status).toBe(503);
    writeFileSync(file, readFileSync(file, 'utf8').replace('breaker: {}', 'breaker: { open: 10s }'));
    proxy.child.kill('SIGHUP');
    await until('it is read again', () => proxy.stdout().includes('in force now'));
    expect((await call(port)).status).toBe(503);
    expect((await faultline('breaker', 'reset', 'web')).stdout).toBe('web: closed\n');
    expect((await call(port)).status).toBe(200);
    expect((await faultline('breaker', 'close', 'web')).stdout).toBe('web: closed (forced)\n');
  });

  it('forces that of one endpoint', async () => {
    const { port, faultline } = await scene('breaker: { per: endpoint }');
    const opened = await faultline('breaker', 'open', 'web', '--endpoint', `127.0.0.1:${upstreams[0]}`);
    expect(opened.stdout).toContain(`web/127.0.0.1:${upstreams[0]}: open (forced)\n`);
    expect([(await call(port)).text, (await call(port)).text]).toEqual(['two', 'two']);
  });
});
