import { describe, expect, it } from 'vitest';
import { createEventBus } from '../../../src/lib/events/bus.ts';
import type { RunEvent } from '../../../src/lib/events/run-events.ts';
import { createRunLog } from '../../../src/lib/experiment/run-log.ts';
import { PATIENT } from '../../../src/lib/experiment/retry.ts';
import { Saga, type SagaStep } from '../../../src/lib/experiment/saga.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';

/** A journal in memory that fails from the `failFrom`th append on, and records what was durable when. */
function setUp(failFrom = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock();
  const written: string[] = [];
  const bus = createEventBus<RunEvent>((error) => {
    throw error;
  });
  const failures: Error[] = [];
  let appends = 0;
  const log = createRunLog({
    run: 'r',
    clock,
    bus,
    redact: (body) => body,
    onJournalFailure: (error) => failures.push(error),
    journal: {
      append: async (event, { durable }) => {
        if (++appends >= failFrom) throw new Error('the disk is full');
        written.push(`${event.type} ${'step' in event ? event.step : ''}${durable ? ' durable' : ''}`);
      },
    },
  });
  return { clock, log, written, failures, saga: new Saga(log, clock, PATIENT) };
}

const step = (name: string, trace: string[], overrides: Partial<SagaStep> = {}): SagaStep => ({
  step: name,
  subject: 'fault',
  kind: 'test',
  target: 'test',
  undo: null,
  timeoutMs: 1000,
  forward: async () => void trace.push(`do ${name}`),
  compensate: async () => void trace.push(`undo ${name}`),
  ...overrides,
});

const never = new AbortController().signal;

describe('saga', () => {
  it('makes the intent durable before it acts', async () => {
    const { saga, written } = setUp();
    const trace: string[] = [];
    await saga.forward(
      step('a', trace, { forward: async () => void trace.push(`written so far: ${written.join(', ')}`) }),
      never,
    );
    expect(trace).toEqual(['written so far: step.planned a durable']);
    expect(written).toEqual(['step.planned a durable', 'step.done a']);
  });

  it('does not act when the intent cannot be written', async () => {
    const { saga } = setUp(1);
    const trace: string[] = [];
    await expect(saga.forward(step('a', trace), never)).rejects.toThrow('the disk is full');
    expect(trace).toEqual([]);
    expect(await saga.compensateAll('fault', 'reverse')).toBe(true);
    expect(trace).toEqual([]);
  });

  it('takes back all the same when the disk fills up after the intent', async () => {
    const { saga, failures } = setUp(2);
    const trace: string[] = [];
    await saga.forward(step('a', trace), never);
    expect(await saga.compensateAll('fault', 'reverse')).toBe(true);
    expect(trace).toEqual(['do a', 'undo a']);
    expect(failures).toHaveLength(1);
  });

  it('takes back in reverse order of completion, the unfinished first', async () => {
    const { saga, clock } = setUp();
    const trace: string[] = [];
    const slow = step('slow', trace, { forward: () => clock.sleep(500) });
    const hanging = step('hanging', trace, { forward: () => new Promise(() => undefined), timeoutMs: 5_000 });
    const all = [saga.forward(slow, never), saga.forward(step('quick', trace), never), saga.forward(hanging, never)];
    await clock.advance(600);
    const gone = saga.compensateAll('fault', 'reverse');
    await clock.advance(2_000);
    expect(await gone).toBe(true);
    // The hanging action might still take effect: it is taken back a second time after a while.
    expect(trace).toEqual(['do quick', 'undo hanging', 'undo hanging', 'undo slow', 'undo quick']);
    await clock.advance(5_000);
    await Promise.all(all);
  });

  it('counts a timeout as unknown: the step stays open until it is taken back', async () => {
    const { saga, clock, written } = setUp();
    const trace: string[] = [];
    const result = saga.forward(step('a', trace, { forward: () => new Promise(() => undefined) }), never);
    await clock.advance(1000);
    expect(await result).toMatchObject({ ok: false, timedOut: true });
    const gone = saga.compensate({ step: 'a', subject: 'fault' });
    await clock.advance(2_000);
    expect(await gone).toBe(true);
    expect(trace).toEqual(['undo a', 'undo a']);
    expect(written.slice(1)).toEqual(['step.failed a', 'undo.done a durable', 'undo.done a durable']);
  });

  it('takes back an action that takes effect only after it was cut and taken back', async () => {
    const { saga, clock } = setUp();
    const trace: string[] = [];
    const stop = new AbortController();
    const late = step('late', trace, {
      forward: async () => {
        await clock.sleep(500);
        trace.push('late effect');
      },
    });
    const result = saga.forward(late, stop.signal);
    await clock.advance(100);
    stop.abort(new Error('interrupted'));
    expect(await result).toMatchObject({ ok: false });
    const gone = saga.compensateAll('fault', 'reverse');
    await clock.advance(600);
    expect(await gone).toBe(true);
    expect(trace).toEqual(['undo late', 'late effect', 'undo late']);
  });

  it('stops an action at once when the run is stopped', async () => {
    const { saga } = setUp();
    const stop = new AbortController();
    const result = saga.forward(step('a', [], { forward: () => new Promise(() => undefined) }), stop.signal);
    stop.abort(new Error('interrupted'));
    expect(await result).toMatchObject({ ok: false, error: new Error('interrupted'), timedOut: false });
  });

  it('tries an undo again with growing pauses, and goes on with the others when one cannot succeed', async () => {
    const { saga, clock, written } = setUp();
    const trace: string[] = [];
    let tries = 0;
    const triedAtMs: number[] = [];
    const flaky = step('flaky', trace, {
      compensate: async () => {
        triedAtMs.push(clock.monotonicMs());
        if (++tries < 4) throw new Error('busy');
      },
    });
    const hopeless = step('hopeless', trace, {
      compensate: async () => {
        throw new Error('never');
      },
    });
    for (const each of [step('first', trace), flaky, hopeless]) await saga.forward(each, never);
    const gone = saga.compensateAll('fault', 'reverse');
    await clock.advance(20_000);
    expect(await gone).toBe(false);
    expect(saga.stuck).toEqual(['hopeless (test on test) could not be reverted: never']);
    const begin = triedAtMs[0] ?? 0;
    expect(triedAtMs.map((ms) => ms - begin)).toEqual([0, 25, 75, 175]);
    expect(trace).toContain('undo first');
    expect(written.filter((line) => line.startsWith('undo.failed hopeless'))).toHaveLength(10);
    expect(written).toContain('undo.done flaky durable');
  });

  it('takes one step back once, however many ask', async () => {
    const { saga } = setUp();
    const trace: string[] = [];
    await saga.forward(step('a', trace), never);
    await Promise.all([saga.compensate({ step: 'a', subject: 'fault' }), saga.compensateAll('fault', 'reverse')]);
    await saga.compensate({ step: 'a', subject: 'fault' });
    expect(trace).toEqual(['do a', 'undo a']);
  });
});
