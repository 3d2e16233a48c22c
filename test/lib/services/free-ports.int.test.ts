import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { listListeners } from '../../../src/lib/runtime/ports.ts';
import { requireFreePorts } from '../../../src/lib/services/free-ports.ts';
import { startService } from '../../../src/lib/services/start-service.ts';
import { stopService } from '../../../src/lib/services/stop-service.ts';
import { until } from '../../support/until.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

function problemWith(host: string, port: number): AppError | undefined {
  try {
    requireFreePorts({ name: 'shop', endpoints: [{ host, port }] });
    return undefined;
  } catch (error) {
    return error as AppError;
  }
}

describe('the place where a service will listen', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
    ['127.0.0.1', '0.0.0.0'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::', '[::1]'],
    ['::1', '::1'],
    ['127.0.0.1', 'shop.local'],
  ])('is taken when somebody listens on %s and it is %s', async (address, host) => {
    const port = await listen(address);
    const problem = problemWith(host, port);
    expect(problem).toBeInstanceOf(AppError);
    expect(problem?.exitName).toBe('usage');
    expect(problem?.message).toContain(`service shop cannot be started: process ${process.pid} (`);
    expect(problem?.message).toContain(`listens on ${host}:${port} already`);
  });

  it.each([
    ['127.0.0.1', '127.0.0.2'],
    ['0.0.0.0', '203.0.113.7'],
  ])('is free when somebody listens on %s and it is %s', async (address, host) => {
    expect(problemWith(host, await listen(address))).toBeUndefined();
  });

  it('is free once nobody listens any more', async () => {
    const port = await listen('127.0.0.1');
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(problemWith('127.0.0.1', port)).toBeUndefined();
  });

  it('names the run that left its service behind', async () => {
    const run = `ports-test-${process.pid}`;
    const code =
      "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
    const service = await startService(
      { name: 'old', command: [process.execPath, '-e', code], directory: '/', env: {} },
      run,
    );
    try {
      const port = Number(await until('it listens', () => service.lastOutput() !== '' && service.lastOutput()));
      expect(problemWith('127.0.0.1', port)).toMatchObject({
        message: expect.stringContaining(`process ${service.pid} (`) as string,
        hint: expect.stringContaining(`chaos rollback ${run}`) as string,
      });
    } finally {
      await stopService({ run, service: 'old', graceMs: () => 0, clock: realClock });
    }
  });
});

describe('the listeners of a port', () => {
  it.each(['127.0.0.1', '0.0.0.0', '::', '::1'])('on %s are found with their process', async (address) => {
    const port = await listen(address);
    expect(listListeners(port)).toEqual([{ address, port, pid: process.pid }]);
  });

  it('do not hold connections', async () => {
    expect(listListeners(0)).toEqual([]);
  });
});
