import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../../src/lib/events/run-events.ts';
import { recoverRun, type RecoveryContext, type Reverter } from '../../../src/lib/experiment/recover.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { bootId, refOf, selfRef, type ProcessRef } from '../../../src/lib/runtime/processes.ts';
import { JournalDatabase } from '../../../src/lib/store/journal-database.ts';
import { runStarted, stamped } from '../../support/run-events.ts';
import { temporaryDirectory } from '../../support/temp.ts';

const DEAD: ProcessRef = { pid: 1, startTicks: 987_654_321 };
const planned = (step: string, subject: 'fault' | 'service' = 'fault'): RunEventBody => ({
  type: 'step.planned',
  step,
  subject,
  kind: 'k',
  target: 't',
  undo: { step },
});
const done = (step: string): RunEventBody => ({ type: 'step.done', step, subject: 'fault', tookMs: 1 });

function setUp(bodies: readonly RunEventBody[], owner: ProcessRef = DEAD) {
  const directory = temporaryDirectory();
  const database = JournalDatabase.open(directory);
  database.append(stamped([runStarted({ ...owner, bootId: bootId() }), ...bodies]));
  const reverted: string[] = [];
  const revert: Reverter = async ({ undo }) => void reverted.push((undo as { step: string }).step);
  const context: RecoveryContext = { database, revert, clock: realClock, by: 'rollback' };
  const recover = (overrides: Partial<RecoveryContext> = {}) =>
    recoverRun(database.lookupRun('r1')!, { ...context, ...overrides });
  return { database, reverted, recover, directory };
}

describe('finishing a run whose process is gone', () => {
  it('reverts faults in reverse order, then services, writes each down, and ends the run', async () => {
    const { database, reverted, recover } = setUp([planned('s', 'service'), planned('a'), done('a'), planned('b')]);
    expect(await recover()).toMatchObject({ outcome: 'reverted', reverted: ['b', 'a', 's'] });
    expect(reverted).toEqual(['b', 'a', 's']);
    const types = database.readEvents('r1').map(({ type }) => type);
    expect(types.slice(-4)).toEqual(['undo.done', 'undo.done', 'undo.done', 'run.ended']);
    expect(database.lookupRun('r1')).toMatchObject({ verdict: 'aborted', exitCode: null });
    expect(database.listOpenRuns()).toEqual([]);
  });

  it('does nothing the second time', async () => {
    const { reverted, recover } = setUp([planned('a')]);
    await recover();
    expect(await recover()).toMatchObject({ outcome: 'nothing' });
    expect(reverted).toEqual(['a']);
  });

  it('reverts once when two start at the same moment', async () => {
    const { database, reverted } = setUp([planned('a')]);
    const run = database.lookupRun('r1')!;
    const slow: Reverter = async () => {
      await realClock.sleep(20);
      reverted.push('a');
    };
    const child = spawn('sleep', ['30']);
    await once(child, 'spawn');
    const context = { database, revert: slow, clock: realClock, by: 'rollback' as const };
    const first = recoverRun(run, context);
    // Another live process holds the right from here on.
    database.claimRecovery('r1', refOf(child.pid!)!, () => false);
    expect(await recoverRun(run, context)).toMatchObject({ outcome: 'held' });
    expect(await first).toMatchObject({ outcome: 'reverted' });
    child.kill();
  });

  it('leaves a run alone whose own process is alive', async () => {
    const { reverted, recover } = setUp([planned('a')], selfRef());
    expect(await recover()).toMatchObject({ outcome: 'live' });
    expect(reverted).toEqual([]);
  });

  it('takes a run of another boot for dead, whatever process has its number now', async () => {
    const { database, reverted } = setUp([]);
    database.append(stamped([runStarted({ ...selfRef(), bootId: 'another boot' }), planned('a')], 'r2'));
    const revert: Reverter = async () => void reverted.push('a');
    const context: RecoveryContext = { database, revert, clock: realClock, by: 'rollback' };
    expect(await recoverRun(database.lookupRun('r2')!, context)).toMatchObject({
      outcome: 'reverted',
      reverted: ['a'],
    });
    expect(reverted).toEqual(['a']);
  });

  it('goes on when one undo cannot succeed, says dirty, and tries it again the next time', async () => {
    const { database, reverted, recover } = setUp([planned('a'), done('a'), planned('b'), done('b')]);
    const clock = { ...realClock, sleep: async () => undefined };
    const failing: Reverter = async ({ undo }) => {
      if ((undo as { step: string }).step === 'b') throw new Error('EBUSY');
      reverted.push('a');
    };
    expect(await recover({ revert: failing, clock })).toMatchObject({
      outcome: 'dirty',
      reverted: ['a'],
      stuck: [{ step: 'b', error: 'EBUSY' }],
    });
    expect(database.lookupRun('r1')).toMatchObject({ verdict: 'dirty', exitCode: 5 });
    expect(await recover()).toMatchObject({ outcome: 'reverted', reverted: ['b'] });
    expect(database.lookupRun('r1')).toMatchObject({ verdict: 'aborted' });
  });

  it.each([['appendNumbered'], ['claimRecovery'], ['releaseRecovery']])(
    'reverts even when the disk is full at %s',
    async (method) => {
      const { database, reverted, recover } = setUp([planned('a')]);
      const blocked = new Proxy(database, {
        get(target, name) {
          if (name === method) {
            return () => {
              throw new Error('disk full');
            };
          }
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      expect(await recover({ database: blocked })).toMatchObject({ outcome: 'reverted' });
      expect(reverted).toEqual(['a']);
    },
  );

  it('reverts what it can still read when a record is damaged, and says so', async () => {
    const { database, reverted, recover, directory } = setUp([
      planned('a'),
      { type: 'phase.started', phase: 'during' },
      planned('b'),
    ]);
    const other = new DatabaseSync(join(directory, 'journal.db'));
    other.exec("UPDATE events SET record = replace(record, 'during', 'DURING') WHERE type = 'phase.started'");
    other.close();
    expect(() => database.readEvents('r1')).toThrow('damaged record');
    expect(await recover()).toMatchObject({ outcome: 'reverted', reverted: ['a', 'b'] });
    expect(reverted).toEqual(['a', 'b']);
    const { events } = database.readIntactEvents('r1');
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'note',
        text: expect.stringContaining('1 records of this run are damaged') as string,
      }),
    );
  });
});
