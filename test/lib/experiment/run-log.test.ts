import { describe, expect, it } from 'vitest';
import { createEventBus } from '../../../src/lib/events/bus.ts';
import type { RunEvent, RunEventBody } from '../../../src/lib/events/run-events.ts';
import { createRunLog } from '../../../src/lib/experiment/run-log.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { createRedactor } from '../../../src/lib/scenario/redact.ts';
import { EMPTY_PLAN, runStarted } from '../../support/run-events.ts';

function logged(secrets: readonly string[], body: RunEventBody): RunEvent {
  const written: RunEvent[] = [];
  const log = createRunLog({
    run: 'r',
    clock: new FakeClock(),
    journal: { append: async (event) => void written.push(event) },
    bus: createEventBus<RunEvent>(() => undefined),
    redact: createRedactor(secrets),
    onJournalFailure: () => undefined,
  });
  log.record(body);
  return written[0]!;
}

const PLANNED: RunEventBody = {
  type: 'step.planned',
  step: 'slow',
  subject: 'fault',
  kind: 'cpu',
  target: 'token 1234',
  undo: { pid: 1234, text: 'fault' },
};

describe('the log of a run', () => {
  it('says nothing after the end', async () => {
    const heard: string[] = [];
    const bus = createEventBus<RunEvent>(() => undefined);
    bus.subscribe(({ type }) => heard.push(type));
    const log = createRunLog({
      run: 'r',
      clock: new FakeClock(),
      journal: { append: async () => undefined },
      bus,
      redact: (body) => body,
      onJournalFailure: () => undefined,
    });
    await log.recordDurably({ type: 'run.ended', verdict: 'passed', exitCode: 0, reasons: [], by: 'runner' });
    log.record(PLANNED);
    await log.recordDurably(PLANNED);
    expect(heard).toEqual(['run.ended']);
  });

  it('masks secrets in texts', () => {
    expect(logged(['1234'], PLANNED)).toMatchObject({ target: 'token ***' });
    expect(logged(['sesame'], { type: 'note', level: 'info', text: 'open sesame' })).toMatchObject({
      text: 'open ***',
    });
  });

  it.each([['fault'], ['step'], ['cpu'], ['slow'], ['1234'], ['e']])(
    'keeps its structure and its undos when a secret happens to be %j',
    (secret) => {
      const { type, step, subject, kind, undo } = PLANNED;
      expect(logged([secret], PLANNED)).toMatchObject({ type, step, subject, kind, undo, seq: 1, run: 'r' });
      expect(logged([secret], runStarted({ pid: 1234, startTicks: 1234 }))).toMatchObject({
        type: 'run.started',
        pid: 1234,
        startTicks: 1234,
      });
    },
  );

  it('masks numbers that a user has written into the plan', () => {
    const plan = {
      ...EMPTY_PLAN,
      faults: [
        {
          id: 'a',
          kind: 'error',
          target: 't',
          with: { status: 1234 },
          startMs: 0,
          endMs: 1,
          undoneBy: 'kernel' as const,
        },
      ],
    };
    expect(JSON.stringify(logged(['1234'], runStarted({ plan })))).not.toContain('1234');
  });
});
