import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findProbeKind } from '../../../src/lib/probes/registry.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { isAlive, lookupProcess, refOf, signalProcess, type ProcessRef } from '../../../src/lib/runtime/processes.ts';
import {
  findAnchors,
  findServiceProcesses,
  findStrays,
  servicePids,
} from '../../../src/lib/services/service-processes.ts';
import { startService, type StartedService } from '../../../src/lib/services/start-service.ts';
import { killStrays, stopService } from '../../../src/lib/services/stop-service.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

const RUN = `services-test-${process.pid}`;
const started = new Set<string>();

afterEach(async () => {
  for (const service of started) await stop(service, 0);
  started.clear();
});

function start(
  service: string,
  command: string | [string, ...string[]],
  env: Record<string, string> = {},
): Promise<StartedService> {
  started.add(service);
  const argv = typeof command === 'string' ? (['/bin/sh', '-c', command] as const) : command;
  return startService({ name: service, command: [...argv], directory: '/', env }, RUN);
}

const stop = (service: string, graceMs: number) =>
  stopService({ run: RUN, service, graceMs: () => graceMs, clock: realClock });

const names = (service: string) =>
  findServiceProcesses(RUN, service)
    .map(({ name }) => name)
    .sort();

/** Waits until the service's anchor stands, and the service itself consists of programs of these names. */
const untilConsistsOf = (service: string, ...expected: string[]) =>
  until(
    `${service} is ${expected.join(', ')}`,
    () => findAnchors(RUN, service).length === 1 && names(service).join() === [...expected].sort().join(),
  );

function expectNothingLeft(service: string): void {
  expect(findServiceProcesses(RUN, service)).toEqual([]);
  expect(findAnchors(RUN, service)).toEqual([]);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = realClock.monotonicMs();
  await work();
  return realClock.monotonicMs() - startMs;
}

describe('a started service', () => {
  it('is the program itself, in a session of its own, with its folder, environment and marks', async () => {
    const directory = temporaryDirectory();
    started.add('shop');
    const service = await startService(
      {
        name: 'shop',
        command: ['/bin/sh', '-c', 'pwd; echo $GREETING $FAULTLINE_RUN $FAULTLINE_SERVICE; exec sleep 60'],
        directory,
        env: { GREETING: 'hello' },
      },
      RUN,
    );
    await untilConsistsOf('shop', 'sleep');
    expect(servicePids(RUN, 'shop')).toEqual([service.pid]);
    expect(lookupProcess(service.pid!)).toMatchObject({ name: 'sleep', processGroup: service.pid });
    await until('it has written', () => service.lastOutput() !== '');
    expect(service.lastOutput()).toBe(`${directory}\nhello ${RUN} shop`);
  });

  it('has no child that it did not start', async () => {
    const service = await start('childless', ['sleep', '60']);
    await untilConsistsOf('childless', 'sleep');
    expect(readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8')).toBe('');
    expect(findAnchors(RUN, 'childless')).toMatchObject([{ name: 'sleep', processGroup: service.pid }]);
  });

  it('tells how it ended, with what it wrote last', async () => {
    const failing = await start('failing', 'echo one; echo two >&2; exit 7');
    expect(await failing.ended).toEqual({ exitCode: 7, signal: null, lastOutput: 'one\ntwo', failure: undefined });
    const killed = await start('killed', 'kill -KILL $$');
    expect(await killed.ended).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it('has ended when the program has, although something that it left behind holds its output open', async () => {
    const service = await start('leaving', 'sleep 60 & echo gone; exit 3');
    const end = await Promise.race([service.ended, realClock.sleep(5_000)]);
    expect(end).toMatchObject({ exitCode: 3, lastOutput: 'gone' });
    expect(names('leaving')).toEqual(['sleep']);
  });

  it('keeps the end of its output only', async () => {
    const service = await start('loud', 'seq 1 200000; exit 0');
    const { lastOutput } = await service.ended;
    expect(lastOutput.split('\n').at(-1)).toBe('200000');
    expect(lastOutput.split('\n')).toHaveLength(20);
  });

  it('says what is missing when it cannot be started', async () => {
    const program = await start('missing-program', ['no-such-program', '--flag']);
    expect(await program.ended).toMatchObject({
      exitCode: 127,
      lastOutput: expect.stringContaining('no-such-program') as string,
    });
    started.add('missing-folder');
    const folder = await startService(
      { name: 'missing-folder', command: ['true'], directory: '/no/such/folder', env: {} },
      RUN,
    );
    expect((await folder.ended).failure).toContain('/no/such/folder');
    for (const service of ['missing-program', 'missing-folder']) await stop(service, 0);
    expectNothingLeft('missing-program');
    expectNothingLeft('missing-folder');
  });
});

describe('stopping a service', () => {
  it.each<[string, string | [string, ...string[]], string[]]>([
    ['a program', ['sleep', '60'], ['sleep']],
    ['behind a shell', 'sleep 60; true', ['sh', 'sleep']],
    ['with grandchildren', '(sleep 60; true) & (sleep 60; true) & wait', ['sh', 'sh', 'sh', 'sleep', 'sleep']],
    ['with a child in a session of its own', 'setsid sleep 60 & exec sleep 60', ['sleep', 'sleep']],
    ['with a child that was left behind', '(setsid sleep 60 &) ; sleep 0.1', ['sleep']],
    ['that has wiped its environment', 'exec env -i sleep 60', ['sleep']],
    ['whose children have wiped theirs', 'env -i sleep 60 & exec env -i sleep 60', ['sleep', 'sleep']],
    ['that lost its unmarked leader', 'env -i sleep 60 & sleep 0.1; exit 0', ['sleep']],
    ['with an unmarked child in a session of its own', 'exec env -i sh -c "setsid sleep 60 & wait"', ['sh', 'sleep']],
  ])('ends one %s', async (_name, command, expected) => {
    await start('target', command);
    await untilConsistsOf('target', ...expected);
    const ended = await stop('target', 2_000);
    expect(ended).toHaveLength(expected.length);
    expect(ended.some(isAlive)).toBe(false);
    expectNothingLeft('target');
  });

  it('lets it end by itself within the grace, with one SIGTERM and no more', async () => {
    const directory = temporaryDirectory();
    const log = join(directory, 'log');
    await start(
      'graceful',
      `trap 'echo term >> ${log}; sleep 0.6; echo bye >> ${log}; exit 0' TERM; touch ${log}; while :; do sleep 0.05; done`,
    );
    await until('it listens', () => execFileSync('ls', [directory]).toString() !== '');
    const tookMs = await timed(() => stop('graceful', 10_000));
    expect(readFileSync(log, 'utf8')).toBe('term\nbye\n');
    expect(tookMs).toBeGreaterThan(500);
    expect(tookMs).toBeLessThan(5_000);
    expectNothingLeft('graceful');
  });

  it('kills one that ignores SIGTERM when the grace is over', async () => {
    const service = await start('deaf', `trap '' TERM; echo deaf; while :; do sleep 0.05; done`);
    await until('it is deaf', () => service.lastOutput() === 'deaf');
    const tookMs = await timed(() => stop('deaf', 300));
    expect(tookMs).toBeGreaterThanOrEqual(300);
    expect(tookMs).toBeLessThan(1_500);
    expectNothingLeft('deaf');
  });

  it('waits no longer than the grace is, as it is now', async () => {
    const service = await start('impatient', `trap '' TERM; echo deaf; while :; do sleep 0.05; done`);
    await until('it is deaf', () => service.lastOutput() === 'deaf');
    let graceMs = 60_000;
    realClock.after(200, () => (graceMs = 0));
    const tookMs = await timed(() =>
      stopService({ run: RUN, service: 'impatient', graceMs: () => graceMs, clock: realClock }),
    );
    expect(tookMs).toBeLessThan(2_000);
    expectNothingLeft('impatient');
  });

  it('reaches a process that is stopped (SIGSTOP), which then ends in its own way', async () => {
    const service = await start('stopped', `trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done`);
    await until('it is ready', () => service.lastOutput() === 'ready');
    signalProcess(refOf(service.pid!)!, 'SIGSTOP');
    await until('it is stopped', () => lookupProcess(service.pid!)?.state === 'T');
    const tookMs = await timed(() => stop('stopped', 10_000));
    expect(tookMs).toBeLessThan(5_000);
    expect((await service.ended).lastOutput.split('\n')).toContain('bye');
  });

  it('ends what the service starts while it is being stopped', async () => {
    const service = await start(
      'hydra',
      `trap 'setsid sleep 60 & setsid sleep 60 & exit 0' TERM; echo ready; while :; do sleep 0.05; done`,
    );
    await until('it is ready', () => service.lastOutput() === 'ready');
    await stop('hydra', 2_000);
    expectNothingLeft('hydra');
  });

  it('is harmless twice, at once, and when nothing was ever started', async () => {
    await start('twice', '(sleep 60; true) & wait');
    await untilConsistsOf('twice', 'sh', 'sh', 'sleep');
    await Promise.all([stop('twice', 2_000), stop('twice', 2_000)]);
    expectNothingLeft('twice');
    expect(await stop('twice', 2_000)).toEqual([]);
    expect(await stop('never-started', 2_000)).toEqual([]);
  });

  it('is harmless when everything has died by itself, and takes the anchor away', async () => {
    const service = await start('dead', 'exit 0');
    await service.ended;
    await until('the anchor stands', () => findAnchors(RUN, 'dead').length === 1);
    expect(await stop('dead', 2_000)).toEqual([]);
    expectNothingLeft('dead');
  });

  it('leaves other services and other runs alone', async () => {
    const other = await start('other', ['sleep', '60']);
    await start('mine', ['sleep', '60']);
    await untilConsistsOf('other', 'sleep');
    await untilConsistsOf('mine', 'sleep');
    const ref: ProcessRef = refOf(other.pid!)!;
    await stopService({ run: `${RUN}-2`, service: 'other', graceMs: () => 0, clock: realClock });
    await stop('mine', 2_000);
    expect(isAlive(ref)).toBe(true);
  });

  it('works from the marks alone, in another process', async () => {
    await start('orphan', 'env -i sleep 60 & (setsid sleep 60 &) ; exec env -i sleep 60');
    await untilConsistsOf('orphan', 'sleep', 'sleep', 'sleep');
    const root = join(import.meta.dirname, '../../../src/lib');
    const code = `
      import { stopService } from ${JSON.stringify(join(root, 'services/stop-service.ts'))};
      import { realClock } from ${JSON.stringify(join(root, 'runtime/clock.ts'))};
      const ended = await stopService({ run: ${JSON.stringify(RUN)}, service: 'orphan', graceMs: () => 2000, clock: realClock });
      console.log(ended.length);`;
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', code]).toString().trim()).toBe('3');
    expectNothingLeft('orphan');
  });
});

describe('what a dead run has left that is no service', () => {
  it('is ended at once, services are not', async () => {
    const service = await start('kept', ['sleep', '60']);
    await untilConsistsOf('kept', 'sleep');
    const host = { clock: realClock, servicePids: () => undefined, directory: '/', run: RUN };
    const measured = findProbeKind('command').bind({ command: 'sleep 60 & sleep 60' }, {})(host, 60_000);
    await until('the command runs', () => findStrays(RUN).length === 3);
    await killStrays(RUN, realClock);
    expect(findStrays(RUN)).toEqual([]);
    expect(await measured).toMatchObject({ ok: false, reason: expect.stringContaining('SIGKILL') as string });
    expect(lookupProcess(service.pid!)?.name).toBe('sleep');
    await killStrays(RUN, realClock);
  });
});
