import { createServer } from 'node:net';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProxyEvent } from '../../../src/lib/events/proxy-events.ts';
import type { ServeReport } from '../../../src/lib/app/serve-proxy.ts';
import { run, start, type Running } from '../../support/cli.ts';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

interface Serving {
  readonly running: Running;
  readonly url: string;
}

/** Starts the command, and waits until it says where its API is. */
async function serve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Serving> {
  const running = start('run', ['proxy', 'serve', ...args], { env });
  const said = (): string => running.stdout() + running.stderr();
  const [, url] = await until(`an address, but it said: ${said()}`, () =>
    /proxy API on (http:\/\/\S+?)["\s]/.exec(said()),
  );
  return { running, url: url! };
}

async function echo(): Promise<string> {
  const server = createServer((socket) => void socket.pipe(socket).on('error', () => undefined)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return text === '' ? undefined : JSON.parse(text);
}

/** A proxy with a fault that is in force. */
async function breakSomething(url: string): Promise<void> {
  await post(`${url}/proxies`, { name: 'redis', listen: '127.0.0.1:0', upstream: await echo() });
  await post(`${url}/proxies/redis/toxics`, { type: 'latency', attributes: { latency: 250 } });
}

/** Waits until what is in force is written down. */
async function written([, state = '']: readonly string[]): Promise<void> {
  const folder = join(state, 'proxy-api');
  const isWritten = (name: string): boolean =>
    name.endsWith('.json') && readFileSync(join(folder, name), 'utf8').includes('latency_downstream');
  await until('the snapshot', () => readdirSync(folder).some(isWritten));
}

async function said({ running }: Serving, text: RegExp): Promise<void> {
  await until(`it to say ${String(text)}, but it said: ${running.stderr()}`, () => text.test(running.stderr()));
}

async function arguments_(): Promise<readonly string[]> {
  const [port = 0] = await freePorts(1);
  return ['--state', temporaryDirectory(), '--api', `127.0.0.1:${port}`];
}

describe('faultline proxy serve', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('tells what happens, and ends in order at %s', async (signal) => {
    const { running, url } = await serve([...(await arguments_()), '--seed', '5']);
    expect(running.stdout()).toMatch(/^\S+Z proxy API on http:\/\/127\.0\.0\.1:\d+ seed=5$/m);
    await breakSomething(url);
    running.child.kill(signal);
    const { code, stdout, stderr } = await running.finished;
    expect([code, stderr]).toEqual([0, '']);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^\S+Z /, '')),
    ).toEqual([
      expect.stringMatching(/^proxy API on http/),
      expect.stringMatching(/^proxy redis listening on 127\.0\.0\.1:\d+ for 127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^fault latency_downstream applied to redis kind=latency requested=\{"delayMs":250,/),
      expect.stringMatching(/^fault latency_downstream removed from redis kind=latency touched=0 /),
      expect.stringMatching(/^proxy redis closed 127\.0\.0\.1:\d+$/),
    ]);
  });

  it('--events ndjson prints every event as an object', async () => {
    const { running, url } = await serve([...(await arguments_()), '--events', 'ndjson']);
    await breakSomething(url);
    running.child.kill('SIGINT');
    const { stdout } = await running.finished;
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ProxyEvent);
    expect(events.map(({ type }) => type)).toEqual([
      'proxy.note',
      'listener.opened',
      'fault.applied',
      'fault.removed',
      'listener.closed',
    ]);
  });

  it('--json prints one object at the end: what was served, and what the faults did', async () => {
    const { running, url } = await serve([...(await arguments_()), '--json', '--seed', '7']);
    await breakSomething(url);
    running.child.kill('SIGINT');
    const { code, stdout } = await running.finished;
    expect(code).toBe(0);
    expect(JSON.parse(stdout) as ServeReport).toMatchObject({
      api: url.replace('http://', ''),
      seed: 7,
      proxies: [{ proxy: 'redis' }],
      faults: [{ proxy: 'redis', fault: 'latency_downstream', kind: 'latency', effect: { touched: 0 } }],
      unlisted: 0,
    });
  });

  it('after kill -9 the next one says what was in force, and --restore brings it back', async () => {
    const args = await arguments_();
    const first = await serve(args);
    await breakSomething(first.url);
    const before = await (await fetch(`${first.url}/proxies`)).text();
    await written(args);
    first.running.child.kill('SIGKILL');
    await first.running.finished;

    const second = await serve([...args, '--restore']);
    await said(second, /was killed while 1 proxy and 1 toxic were in force; they are in force again/);
    expect(await (await fetch(`${second.url}/proxies`)).text()).toBe(before);
    await written(args);
    second.running.child.kill('SIGKILL');
    await second.running.finished;

    const third = await serve([...args, '--events', 'ndjson']);
    await said(
      third,
      /were in force; they are gone .*\ngone: proxy "redis" .*: latency_downstream \(latency downstream \{"latency":250,"jitter":0\}\)\n/,
    );
    const notes = third.running
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ProxyEvent);
    expect(notes.map((event) => event.type === 'proxy.note' && event.level)).toEqual(['warning', 'warning', 'info']);
    expect(await (await fetch(`${third.url}/proxies`)).text()).toBe('{}');
    third.running.child.kill('SIGINT');
    expect((await third.running.finished).code).toBe(0);

    const fourth = await serve(args);
    expect(fourth.running.stderr()).toBe('');
  });

  it('begins with the proxies of a file, and wants its token', async () => {
    const file = join(temporaryDirectory(), 'toxiproxy.json');
    const toxics = [{ type: 'noop' }];
    writeFileSync(file, JSON.stringify([{ name: 'a', listen: '127.0.0.1:0', upstream: await echo(), toxics }]));
    const { url } = await serve([...(await arguments_()), '--config', file], { FAULTLINE_API_TOKEN: 's3cret' });
    expect((await fetch(`${url}/proxies`)).status).toBe(401);
    const answer = await fetch(`${url}/proxies`, { headers: { Authorization: 'Bearer s3cret' } });
    expect(await answer.json()).toMatchObject({ a: { toxics: [{ name: 'noop_downstream' }] } });
  });

  it.each([
    ['an address that others can reach', ['--api', '0.0.0.0:0'], /others can reach 0\.0\.0\.0:0/],
    ['an address that is none', ['--api', 'nonsense'], /missing port in address/],
    ['a file that is not there', ['--api', '127.0.0.1:0', '--config', 'nowhere.json'], /nowhere\.json cannot be read/],
    ['two forms of output', ['--json', '--events', 'ndjson'], /--json/],
  ])('refuses %s with exit 2', async (_what, args, message) => {
    const { code, stderr, stdout } = await run('run', ['proxy', 'serve', '--state', temporaryDirectory(), ...args]);
    expect(stderr + stdout).toMatch(message);
    expect(code).toBe(2);
  });

  it('refuses an address that another one serves', async () => {
    const args = await arguments_();
    const { running } = await serve(args);
    const { code, stderr } = await run('run', ['proxy', 'serve', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(`another process (pid ${running.pid}) serves the proxy API`);
  });
});
