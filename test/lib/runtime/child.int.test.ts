import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { forkHelper, formatEnd, type Helper } from '../../../src/lib/runtime/child.ts';
import { findMarked, isAlive, lookupProcess, markOf, signalProcess } from '../../../src/lib/runtime/processes.ts';
import { until } from '../../support/until.ts';

const CHILD = new URL('../../../src/lib/runtime/child.ts', import.meta.url).pathname;

function forkWorker(args: readonly string[], mark = `test/${randomBytes(6).toString('hex')}`): Helper {
  const helper = forkHelper('cpu-worker', { args, env: { FAULTLINE_FAULT: mark } });
  onTestFinished(() => void signalProcess(helper.ref, 'SIGKILL'));
  return helper;
}

describe('forkHelper', () => {
  it('starts a program of ours in a session of its own, with its mark and nothing else of ours', async () => {
    process.env.SECRET_OF_THE_PARENT = 'x';
    const helper = forkWorker(['1', '60000'], 'test/mark');
    delete process.env.SECRET_OF_THE_PARENT;
    await helper.ready;
    expect(isAlive(helper.ref)).toBe(true);
    expect(lookupProcess(helper.ref.pid)!.processGroup).toBe(helper.ref.pid);
    expect(markOf(helper.ref.pid, 'FAULTLINE_FAULT')).toBe('test/mark');
    expect(markOf(helper.ref.pid, 'SECRET_OF_THE_PARENT')).toBeUndefined();
  });

  it('tells how it ended', async () => {
    const helper = forkWorker(['1', '60000']);
    await helper.ready;
    signalProcess(helper.ref, 'SIGKILL');
    const end = await helper.ended;
    expect(end).toEqual({ exitCode: null, signal: 'SIGKILL', errorOutput: '' });
    expect(formatEnd(end)).toBe('by SIGKILL');
  });

  it('says why a helper did not come up', async () => {
    const helper = forkWorker(['not a number', '60000']);
    signalProcess(helper.ref, 'SIGKILL');
    await expect(helper.ready).rejects.toThrow('cpu-worker ended at its start: by SIGKILL');
  });

  it('ends by itself when its time is up', async () => {
    const helper = forkWorker(['1', '300']);
    await helper.ready;
    expect(await helper.ended).toMatchObject({ exitCode: 0, signal: null });
  });

  // Also in the few milliseconds in which the helper is not listening yet.
  it.each([0, 10, 40, 80, 300])('ends with a parent that is killed %d ms after its start', async (delayMs) => {
    const mark = `test/${randomBytes(6).toString('hex')}`;
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { forkHelper } from ${JSON.stringify(CHILD)};
         forkHelper('cpu-worker', { args: ['100', '60000'], env: { FAULTLINE_FAULT: ${JSON.stringify(mark)} } });
         setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${delayMs});`,
      ],
      { stdio: 'ignore' },
    );
    await new Promise((resolve) => parent.once('close', resolve));
    const startMs = performance.now();
    await until('the helper is gone', () => findMarked('FAULTLINE_FAULT', mark).length === 0, 3_000);
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  it('does not keep its parent alive', async () => {
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { forkHelper } from ${JSON.stringify(CHILD)};
         await forkHelper('cpu-worker', { args: ['1', '60000'], env: {} }).ready;`,
      ],
      { stdio: 'ignore' },
    );
    const exitCode = await new Promise((resolve) => parent.once('close', resolve));
    expect(exitCode).toBe(0);
  });
});
