import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run, start } from '../../support/cli.ts';
import { until } from '../../support/until.ts';

async function httpServer(): Promise<string> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/broken' ? 500 : 200;
    response.end(`hello ${String(request.headers['x-name'] ?? 'you')}`);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

describe('faultline probe', () => {
  it.each([
    ['within tolerance', ['/'], 0, /^✓ 200 in /],
    ['of a broken target', ['/broken'], 1, /^✗ status 500 is not in 200-399/],
    ['with a status that is asked for', ['/broken', '--status', '500'], 0, /^✓ 500/],
    ['with text that is missing', ['/', '--contains', 'goodbye'], 1, /does not contain "goodbye"/],
    ['with a header', ['/', '-H', 'x-name: me', '--contains', 'hello me'], 0, /^✓/],
    ['that is too slow', ['/', '--latency', '0.001ms'], 1, /^✗ took /],
  ])('http %s', async (_name, [path, ...flags], code, output) => {
    const finished = await run('run', ['probe', 'http', `${await httpServer()}${path}`, ...flags]);
    expect(finished.stdout, finished.stderr).toMatch(output);
    expect(finished.code).toBe(code);
  });

  it('http --json prints one object', async () => {
    const { stdout } = await run('run', ['probe', 'http', await httpServer(), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'http', ok: true, reason: null });
  });

  it('tcp, command and process measure what they are asked', async () => {
    const server = createTcpServer((socket) => socket.end('+PONG\r\n')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    const rows = await Promise.all([
      run('run', ['probe', 'tcp', address, '--send', 'PING\\r\\n', '--contains', 'PONG']),
      run('run', ['probe', 'tcp', '127.0.0.1:1']),
      run('run', ['probe', 'command', '--contains', 'hi', '--', 'echo', 'hi']),
      run('run', ['probe', 'command', '--', 'sh', '-c', 'exit 3']),
      run('run', ['probe', 'command', '--exit-code', '3', '--', 'sh', '-c', 'exit 3']),
      run('run', ['probe', 'process', '--pid', String(process.pid)]),
      run('run', ['probe', 'process', '--pid', String(process.pid), '--max-rss', '1KiB']),
      run('run', ['probe', 'process', '--name', 'no-such-program', '--gone']),
    ]);
    expect(
      rows.map(({ code }) => code),
      JSON.stringify(rows),
    ).toEqual([0, 1, 0, 1, 0, 0, 1, 0]);
  });

  it('--watch measures until Ctrl-C, one line each', async () => {
    const watching = start('run', ['probe', 'http', await httpServer(), '--watch', '--every', '100ms']);
    await until('three measurements', () => watching.stdout().split('\n').length > 3);
    watching.child.kill('SIGINT');
    expect((await watching.finished).code).toBe(0);
  });

  it.each([
    ['an address that is none', ['http', 'nonsense'], 'expected a URL'],
    ['a header without a colon', ['http', 'http://127.0.0.1:1', '-H', 'x'], 'has no colon'],
    ['a duration without a unit', ['tcp', '127.0.0.1:1', '--timeout', '5'], 'is not a duration'],
    ['neither pid nor name', ['process'], 'pid'],
  ])('refuses %s with exit 2', async (_name, args, message) => {
    const finished = await run('run', ['probe', ...args]);
    expect(finished.code).toBe(2);
    expect(finished.stderr).toContain(message);
  });
});
