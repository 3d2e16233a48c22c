import { PassThrough } from 'node:stream';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, describe, it, onTestFinished } from 'vitest';
import { GUARDIAN_PING, GUARDIAN_READY, GUARDIAN_RELEASE, runGuardian } from '../../../src/lib/experiment/guardian.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { bootId, isAlive, refOf } from '../../../src/lib/runtime/processes.ts';
import { JournalDatabase } from '../../../src/lib/store/journal-database.ts';
import { runStarted, stamped } from '../../support/run-events.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

/** A guardian in this process, over a runner that is a sleeping child and has one fault in force. */
async function setUp(silenceMs?: number) {
  const runner = spawn('sleep', ['60']);
  onTestFinished(() => void runner.kill('SIGKILL'));
  await once(runner, 'spawn');
  const owner = refOf(runner.pid!)!;
  const stateDirectory = temporaryDirectory();
  const database = JournalDatabase.open(stateDirectory);
  onTestFinished(() => database.close());
  database.append(
    stamped([
      runStarted({ ...owner, bootId: bootId() }),
      { type: 'step.planned', step: 'a', subject: 'fault', kind: 'k', target: 't', undo: null },
    ]),
  );
  const pipe = new PassThrough();
  const output = new PassThrough();
  const reverted: string[] = [];
  const finished = runGuardian({
    stateDirectory,
    run: 'r1',
    clock: realClock,
    revert: async ({ kind }) => void reverted.push(`${kind} while the runner is ${isAlive(owner) ? 'alive' : 'dead'}`),
    input: pipe,
    output,
    ...(silenceMs !== undefined && { silenceMs }),
  });
  expect(String((await once(output, 'data'))[0])).toBe(`${GUARDIAN_READY}\n`);
  return { runner, owner, pipe, reverted, finished, database };
}

describe('guardian', () => {
  it('leaves quietly when the runner says that it is done', async () => {
    const { pipe, reverted, finished } = await setUp();
    pipe.write(GUARDIAN_PING.repeat(5));
    pipe.end(`${GUARDIAN_RELEASE}\n`);
    expect(await finished).toBeUndefined();
    expect(reverted).toEqual([]);
  });

  it('reverts when the pipe ends without a word', async () => {
    const { runner, pipe, reverted, finished, database } = await setUp();
    pipe.write(GUARDIAN_PING);
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    pipe.end();
    expect(await finished).toMatchObject({ outcome: 'reverted', reverted: ['a'] });
    expect(reverted).toEqual(['k while the runner is dead']);
    expect(database.readEvents('r1').at(-1)).toMatchObject({ type: 'run.ended', by: 'guardian' });
  });

  it('reverts when the pipe breaks in the middle of the word', async () => {
    const { runner, pipe, reverted, finished } = await setUp();
    runner.kill('SIGKILL');
    pipe.write(GUARDIAN_RELEASE.slice(0, 2));
    pipe.end();
    await finished;
    expect(reverted).toHaveLength(1);
  });

  it('kills a runner that hangs, then reverts: nobody else would end its faults', async () => {
    const { owner, reverted, finished } = await setUp(500);
    expect(await finished).toMatchObject({ outcome: 'reverted' });
    expect(reverted).toEqual(['k while the runner is dead']);
    await until('the runner is gone', () => !isAlive(owner));
  });
});
