import { expect, it } from 'vitest';
import { TcpChecker } from '../../../../src/lib/services/checks/tcp-checker.ts';
import { until } from '../../../support/until.ts';
import { serveScript } from './scripted-server.ts';

const check = (checker: TcpChecker): Promise<string> =>
  new Promise((resolve) => checker.begin((failure) => resolve(failure ?? 'fine')));

it('opens a new connection each time and closes it', async () => {
  const server = await serveScript(() => undefined);
  const checker = new TcpChecker({ host: '127.0.0.1', port: server.port });
  expect([await check(checker), await check(checker)]).toEqual(['fine', 'fine']);
  await until('both came', () => server.sockets.length === 2);
  await until('both are closed', () => server.sockets.every((socket) => socket.destroyed));
});

it('finds that nobody listens', async () => {
  const server = await serveScript(() => undefined);
  await server.close();
  const checker = new TcpChecker({ host: '127.0.0.1', port: server.port });
  expect(await check(checker)).toBe(`connect ECONNREFUSED 127.0.0.1:${server.port}`);
});

it('finds that a name cannot be resolved, with every address that failed', async () => {
  expect(await check(new TcpChecker({ host: 'nowhere.invalid', port: 1 }))).toMatch(/nowhere\.invalid|ECONNREFUSED/);
});

it('gives no result once it is ended', async () => {
  const server = await serveScript(() => undefined);
  const checker = new TcpChecker({ host: '127.0.0.1', port: server.port });
  let found = 0;
  checker.begin(() => found++);
  checker.reset();
  expect(await check(checker)).toBe('fine');
  expect(found).toBe(0);
});
