import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { RUN_MARK } from '../../../src/lib/runtime/marks.ts';
import { markOf, refOf, signalProcess } from '../../../src/lib/runtime/processes.ts';
import { findAnchors, findServiceProcesses } from '../../../src/lib/services/service-processes.ts';
import { startService } from '../../../src/lib/services/start-service.ts';
import { stopService } from '../../../src/lib/services/stop-service.ts';
import { freePorts } from '../../support/ports.ts';
import { requires } from '../../support/requires.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

/** Programs that write their title over the environment they were started with, so that they bear no mark any more. */

const RUN = `unmarked-test-${process.pid}`;
const stop = () => stopService({ run: RUN, service: 'real', graceMs: () => 5_000, clock: realClock });
const freePort = async (): Promise<number> => (await freePorts(1))[0]!;
const processes = () => findServiceProcesses(RUN, 'real');

afterEach(stop);

function start(command: [string, ...string[]], directory: string) {
  return startService({ name: 'real', command, directory, env: {} }, RUN);
}

function writeNginxConfig(directory: string, port: number): string {
  const path = join(directory, 'nginx.conf');
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(directory, name));
  const temporary = [
    `client_body_temp_path ${directory}/body;`,
    ...['proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`),
  ].join('\n');
  writeFileSync(
    path,
    `daemon off; worker_processes 2; pid ${directory}/nginx.pid; error_log stderr;
     events {}
     http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; return 200 fine; } }`,
  );
  return path;
}

const untilNginxServes = () =>
  until('nginx has its workers', () => {
    const found = processes();
    return found.length === 3 && found.every(({ name }) => name === 'nginx') ? found : undefined;
  });

requires(requires.package('nginx-light', 'nginx')).it(
  'nginx and its workers are found and stopped, though unmarked',
  async () => {
    const directory = temporaryDirectory();
    const service = await start(
      ['nginx', '-e', 'stderr', '-c', writeNginxConfig(directory, await freePort())],
      directory,
    );
    const found = await untilNginxServes();
    expect(found.map(({ pid }) => markOf(pid, RUN_MARK))).toEqual([undefined, undefined, undefined]);
    expect(await stop()).toHaveLength(3);
    expect(await service.ended).toMatchObject({ exitCode: 0 });
    expect(processes()).toEqual([]);
    expect(findAnchors(RUN, 'real')).toEqual([]);
  },
);

requires(requires.package('nginx-light', 'nginx')).it(
  'workers of an nginx whose master was killed are found and stopped',
  async () => {
    const directory = temporaryDirectory();
    const service = await start(
      ['nginx', '-e', 'stderr', '-c', writeNginxConfig(directory, await freePort())],
      directory,
    );
    await untilNginxServes();
    signalProcess(refOf(service.pid!)!, 'SIGKILL');
    await service.ended;
    expect(processes()).toHaveLength(2);
    await stop();
    expect(processes()).toEqual([]);
  },
);

requires(requires.package('redis-server')).it('redis is found and stopped, though unmarked', async () => {
  const directory = temporaryDirectory();
  const service = await start(
    ['redis-server', '--port', String(await freePort()), '--save', '', '--bind', '127.0.0.1'],
    directory,
  );
  await until('redis accepts', () => service.lastOutput().includes('Ready to accept connections'));
  expect(markOf(service.pid!, RUN_MARK)).toBeUndefined();
  expect(processes().map(({ pid }) => pid)).toEqual([service.pid]);
  await stop();
  expect(await service.ended).toMatchObject({ exitCode: 0 });
});
