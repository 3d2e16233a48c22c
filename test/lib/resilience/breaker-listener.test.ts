import { describe, expect, it } from 'vitest';
import { FAILURE, REJECTED_FORCED, SUCCESS } from '../../../src/lib/resilience/breaker.ts';
import { openBreaker } from './breaker-harness.ts';

describe('the listener of a breaker', () => {
  it('hears each change with its reason, its time and what was counted when it was decided', () => {
    const { changes, calls, breaker } = openBreaker({ name: 'db', trials: 1 });
    calls(6, FAILURE, 7);
    breaker.allow(8);
    calls(1, SUCCESS, 30_007);
    const zero = { calls: 6, failures: 6, slow: 0, consecutive: 6, lateResults: 0, trialsDone: 0, trialsInFlight: 0 };
    expect(changes).toEqual(
      [
        { from: 'closed', to: 'open', reason: 'consecutive-failures', counts: { ...zero, rejected: 0 }, nowMs: 7 },
        { from: 'open', to: 'half-open', reason: 'open-time-over', counts: { ...zero, rejected: 1 }, nowMs: 30_007 },
        {
          from: 'half-open',
          to: 'closed',
          reason: 'trials-succeeded',
          counts: { ...zero, rejected: 1, trialsDone: 1 },
          nowMs: 30_007,
        },
      ].map((change) => ({ ...change, name: 'db', forced: undefined })),
    );
  });

  it('finds the state complete when it looks from within', () => {
    const views: unknown[] = [];
    const { calls, breaker } = openBreaker({
      onChange: ({ nowMs }) => {
        const { state, untilMs, counts } = breaker.view(nowMs);
        views.push([state, untilMs, counts.trialsInFlight]);
      },
      trials: 1,
    });
    calls(6, FAILURE);
    calls(1, SUCCESS, 30_000);
    expect(views).toEqual([
      ['open', 30_000, 0],
      ['half-open', 0, 1],
      ['closed', 0, 0],
    ]);
  });

  it('may change the breaker itself, and hears of that in order', () => {
    const heard: string[] = [];
    const { breaker, calls } = openBreaker({
      onChange: ({ reason, nowMs }) => {
        heard.push(`${reason} begins`);
        if (reason === 'consecutive-failures') breaker.reset(nowMs);
        if (reason === 'reset') breaker.force('open', nowMs);
        heard.push(`${reason} ends`);
      },
    });
    calls(6, FAILURE);
    expect(heard).toEqual(
      ['consecutive-failures', 'reset', 'forced-open'].flatMap((reason) => [`${reason} begins`, `${reason} ends`]),
    );
    expect(breaker.allow(1)).toBe(REJECTED_FORCED);
  });

  it('cannot hang it by answering each change with a change, and hears of nothing old afterwards', () => {
    const heard: string[] = [];
    let answers = true;
    const { breaker, calls, stateAt } = openBreaker({
      onChange: ({ reason, nowMs }) => {
        heard.push(reason);
        if (answers) for (let i = 0; i < 3; i++) breaker.reset(nowMs);
      },
    });
    calls(6, FAILURE);
    expect(heard.length).toBeLessThanOrEqual(20);
    expect(stateAt(0)).toBe('closed');
    answers = false;
    heard.length = 0;
    breaker.force('open', 1);
    expect(heard).toEqual(['forced-open']);
  });

  it('may throw: the ticket is given all the same, and the error goes where it is wanted', () => {
    const errors: unknown[] = [];
    const thrown = new Error('listener');
    const { calls, breaker } = openBreaker({
      onChange: () => {
        throw thrown;
      },
      onListenerError: (error) => {
        errors.push(error);
        throw new Error('and this one too');
      },
    });
    calls(6, FAILURE);
    expect(breaker.allow(30_000)).toBeGreaterThanOrEqual(0);
    expect(breaker.view(30_000)).toMatchObject({ state: 'half-open', counts: { trialsInFlight: 1 } });
    expect(errors).toEqual([thrown, thrown]);
  });
});
