import { describe, expect, it } from 'vitest';
import { FAILURE, IGNORED, REJECTED_OPEN, REJECTED_TRIALS, SUCCESS } from '../../../src/lib/resilience/breaker.ts';
import { openBreaker, openedBreaker } from './breaker-harness.ts';

describe('a closed breaker', () => {
  it('opens at the sixth failure in a row, not at the fifth', () => {
    const { calls, stateAt, breaker } = openBreaker();
    calls(5, FAILURE);
    expect(stateAt(0)).toBe('closed');
    calls(1, FAILURE);
    expect(stateAt(0)).toBe('open');
    expect(breaker.allow(0)).toBe(REJECTED_OPEN);
  });

  it('opens at the first failure when none is allowed in a row', () => {
    const { call, stateAt } = openBreaker({ consecutiveFailures: 0 });
    call(FAILURE);
    expect(stateAt(0)).toBe('open');
  });

  it('never opens for failures in a row when that rule is off', () => {
    const { calls, stateAt } = openBreaker({ consecutiveFailures: false });
    calls(1000, FAILURE);
    expect(stateAt(0)).toBe('closed');
  });

  it('starts the row afresh with a success, also with a slow one', () => {
    const { calls, stateAt } = openBreaker({ slowMs: 10 });
    for (let i = 0; i < 10; i++) {
      calls(5, FAILURE);
      calls(1, SUCCESS, 0, 50);
    }
    expect(stateAt(0)).toBe('closed');
  });

  it('counts since it closed when there is no window, however long that takes', () => {
    const { breaker, call } = openBreaker();
    for (let day = 0; day < 100; day++) call(day % 4 === 0 ? FAILURE : SUCCESS, day * 86_400_000);
    expect(breaker.view(1e10).counts).toMatchObject({ calls: 100, failures: 25 });
  });

  it('is not moved by calls that are ignored: clients that went away, refusals of other rules, excluded errors', () => {
    const { breaker, calls, stateAt } = openBreaker({ failurePercent: 1, minimumCalls: 1 });
    calls(1000, IGNORED);
    expect(stateAt(0)).toBe('closed');
    expect(breaker.view(0).counts).toMatchObject({ calls: 0, failures: 0, consecutive: 0 });
  });

  it('keeps a row of failures across an ignored call', () => {
    const { calls, stateAt } = openBreaker();
    calls(5, FAILURE);
    calls(1, IGNORED);
    calls(1, FAILURE);
    expect(stateAt(0)).toBe('open');
  });

  it('gives tickets that are whole numbers from 0 on', () => {
    const { breaker } = openBreaker();
    expect(breaker.allow(0)).toBe(0);
    breaker.reset(0);
    expect(breaker.allow(0)).toBe(1);
  });
});

describe('an open breaker', () => {
  it('rejects for 30 s and tries at the next call after them, without anybody ticking', () => {
    const { breaker, stateAt } = openedBreaker();
    expect(breaker.allow(29_999.99)).toBe(REJECTED_OPEN);
    expect(stateAt(1e9)).toBe('open');
    expect(breaker.view(1e9).untilMs).toBe(0);
    expect(breaker.allow(1e9)).toBeGreaterThanOrEqual(0);
    expect(stateAt(1e9)).toBe('half-open');
  });

  it('tries at the very millisecond its time is over', () => {
    const { breaker } = openedBreaker();
    expect(breaker.allow(30_000)).toBeGreaterThanOrEqual(0);
  });

  it('tells the time that remains', () => {
    const { breaker } = openedBreaker();
    expect([0, 10_000.5, 30_000, 50_000].map((nowMs) => breaker.untilMs(nowMs))).toEqual([30_000, 19_999.5, 0, 0]);
  });

  it('drops and counts results of calls that were let through before', () => {
    const { breaker, calls } = openBreaker();
    const early = [breaker.allow(0), breaker.allow(0)];
    calls(6, FAILURE);
    breaker.record(early[0]!, SUCCESS, 1, 10);
    breaker.record(early[1]!, FAILURE, 1, 29_000);
    expect(breaker.view(29_000)).toMatchObject({
      state: 'open',
      untilMs: 1000,
      counts: { failures: 6, lateResults: 2 },
    });
  });

  it('does nothing with what is recorded for a call that it rejected', () => {
    const { breaker } = openedBreaker();
    const before = breaker.view(0);
    breaker.record(breaker.allow(0), FAILURE, 1, 0);
    expect(breaker.view(0)).toEqual({ ...before, counts: { ...before.counts, rejected: 1 } });
  });

  it('shows what opened it for as long as it is not closed', () => {
    const { breaker, calls } = openBreaker({
      failurePercent: 50,
      minimumCalls: 10,
      window: { kind: 'time', windowMs: 1000 },
    });
    for (let i = 0; i < 5; i++) {
      calls(1, SUCCESS);
      calls(1, FAILURE);
    }
    expect(breaker.view(20_000)).toMatchObject({ reason: 'failure-rate', counts: { calls: 10, failures: 5 } });
  });

  it.each([
    { name: 'stays as it is by default', openMaxMs: undefined, times: [1000, 1000, 1000, 1000] },
    { name: 'doubles with each reopening, up to the limit', openMaxMs: 5000, times: [1000, 2000, 4000, 5000, 5000] },
  ])('has an open time that $name', ({ openMaxMs, times }) => {
    const { breaker, calls, call } = openBreaker({ openMs: 1000, openMaxMs });
    calls(6, FAILURE);
    let nowMs = 0;
    for (const time of times) {
      expect(breaker.untilMs(nowMs)).toBe(time);
      nowMs += time;
      call(FAILURE, nowMs);
    }
  });

  it('forgets how often it reopened when it closes', () => {
    const { breaker, calls, call } = openBreaker({ openMs: 1000, openMaxMs: 64_000, trials: 1 });
    calls(6, FAILURE);
    call(FAILURE, 1000);
    call(SUCCESS, 3000);
    calls(6, FAILURE, 3000);
    expect(breaker.untilMs(3000)).toBe(1000);
  });

  it('does not overflow when it reopens for ever', () => {
    const { breaker, calls, call } = openBreaker({ openMs: 1, openMaxMs: 1000 });
    calls(6, FAILURE);
    for (let i = 1; i <= 3000; i++) call(FAILURE, i * 1000);
    expect(breaker.untilMs(3_000_000)).toBe(1000);
  });
});

describe('a half-open breaker', () => {
  const AT = 30_000;

  it('lets ten trials through, in flight or done, and no eleventh', () => {
    const { breaker } = openedBreaker();
    const tickets = Array.from({ length: 10 }, () => breaker.allow(AT));
    expect(tickets.every((ticket) => ticket >= 0)).toBe(true);
    expect(breaker.allow(AT)).toBe(REJECTED_TRIALS);
    for (const ticket of tickets.slice(1)) breaker.record(ticket, SUCCESS, 1, AT);
    expect(breaker.allow(AT)).toBe(REJECTED_TRIALS);
    expect(breaker.view(AT).counts).toMatchObject({ trialsInFlight: 1, trialsDone: 9, rejected: 2 });
  });

  it('counts the call that made it half-open as a trial', () => {
    const { breaker } = openedBreaker({ trials: 1 });
    expect(breaker.allow(AT)).toBeGreaterThanOrEqual(0);
    expect(breaker.allow(AT)).toBe(REJECTED_TRIALS);
  });

  it('closes at the tenth success, not at the first or the ninth', () => {
    const { calls, stateAt, breaker } = openedBreaker();
    calls(9, SUCCESS, AT);
    expect(stateAt(AT)).toBe('half-open');
    calls(1, SUCCESS, AT);
    expect(stateAt(AT)).toBe('closed');
    expect(breaker.view(AT)).toMatchObject({
      reason: 'trials-succeeded',
      counts: { calls: 0, failures: 0, consecutive: 0 },
    });
  });

  it('closes earlier when fewer successes are asked for; the trials still in flight are late', () => {
    const { breaker, stateAt } = openedBreaker({ trialSuccesses: 2 });
    const tickets = Array.from({ length: 10 }, () => breaker.allow(AT));
    breaker.record(tickets[9]!, SUCCESS, 1, AT);
    breaker.record(tickets[3]!, SUCCESS, 1, AT);
    breaker.record(tickets[0]!, FAILURE, 1, AT);
    expect(stateAt(AT)).toBe('closed');
    expect(breaker.view(AT).counts).toMatchObject({ lateResults: 1, failures: 0 });
  });

  it('reopens when a trial fails, also after nine that succeeded', () => {
    const { calls, breaker } = openedBreaker();
    calls(9, SUCCESS, AT);
    calls(1, FAILURE, AT + 5);
    expect(breaker.view(AT + 5)).toMatchObject({ state: 'open', reason: 'trial-failed', untilMs: 30_000 });
  });

  it.each([
    { name: 'reopens when a trial is slow and slow calls count', slowPercent: 50, durationMs: 11, state: 'open' },
    { name: 'takes a trial of exactly slowMs', slowPercent: 50, durationMs: 10, state: 'half-open' },
    {
      name: 'takes a slow trial when slow calls only show',
      slowPercent: undefined,
      durationMs: 11,
      state: 'half-open',
    },
  ])('$name', ({ slowPercent, durationMs, state }) => {
    const { call, stateAt } = openedBreaker({ slowMs: 10, slowPercent });
    call(SUCCESS, AT, durationMs);
    expect(stateAt(AT)).toBe(state);
  });

  it('gives the slot of an ignored trial out again at once, also when it was the last one', () => {
    const { breaker, stateAt } = openedBreaker();
    const tickets = Array.from({ length: 10 }, () => breaker.allow(AT));
    for (const ticket of tickets.slice(0, 9)) breaker.record(ticket, SUCCESS, 1, AT);
    breaker.record(tickets[9]!, IGNORED, 1, AT);
    const again = breaker.allow(AT);
    expect(again).toBeGreaterThanOrEqual(0);
    breaker.record(again, SUCCESS, 1, AT);
    expect(stateAt(AT)).toBe('closed');
  });

  it('is never stuck by trials that another rule blocks, however many', () => {
    const { breaker, calls, stateAt } = openedBreaker();
    calls(1000, IGNORED, AT);
    expect(breaker.view(AT).counts).toMatchObject({ trialsInFlight: 0, trialsDone: 0 });
    calls(10, SUCCESS, AT);
    expect(stateAt(AT)).toBe('closed');
  });

  it('gives trials that never report out anew after a minute; successes stand, what comes late is dropped', () => {
    const { breaker, calls, changes } = openedBreaker();
    calls(7, SUCCESS, AT);
    const hung = [breaker.allow(AT), breaker.allow(AT), breaker.allow(AT + 10)];
    expect(breaker.allow(AT + 60_009)).toBe(REJECTED_TRIALS);
    const fresh = breaker.allow(AT + 60_010);
    expect(fresh).toBeGreaterThan(hung[2]!);
    expect(breaker.view(AT + 60_010)).toMatchObject({
      state: 'half-open',
      reason: 'trials-overdue',
      counts: { trialsInFlight: 1, trialsDone: 7 },
    });
    for (const ticket of hung) breaker.record(ticket, FAILURE, 60_020, AT + 60_020);
    expect(breaker.view(AT + 60_020)).toMatchObject({
      state: 'half-open',
      counts: { lateResults: 3, trialsInFlight: 1 },
    });
    breaker.record(fresh, SUCCESS, 1, AT + 60_030);
    calls(2, SUCCESS, AT + 60_030);
    expect(changes.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ['open', 'half-open', 'open-time-over'],
      ['half-open', 'half-open', 'trials-overdue'],
      ['half-open', 'closed', 'trials-succeeded'],
    ]);
  });

  it('takes more results than trials in flight for late ones', () => {
    const { breaker } = openedBreaker();
    const ticket = breaker.allow(AT);
    for (let i = 0; i < 5; i++) breaker.record(ticket, IGNORED, 1, AT);
    expect(breaker.view(AT).counts).toMatchObject({ trialsInFlight: 0, lateResults: 4 });
    expect(Array.from({ length: 11 }, () => breaker.allow(AT)).filter((t) => t >= 0)).toHaveLength(10);
  });
});

describe('the time of a breaker', () => {
  it.each([
    { name: 'backwards', odd: 100 },
    { name: 'below zero', odd: -1e9 },
    { name: 'not a number', odd: NaN },
    { name: 'without end', odd: Infinity },
  ])('that goes $name counts as no time passed', ({ odd }) => {
    const { breaker, calls } = openBreaker({ failurePercent: 90, window: { kind: 'time', windowMs: 1000 } });
    calls(5, FAILURE, 40_000);
    calls(1, FAILURE, odd);
    expect(breaker.view(odd)).toMatchObject({ state: 'open', untilMs: 30_000, counts: { failures: 6 } });
    expect(breaker.allow(odd)).toBe(REJECTED_OPEN);
    expect(breaker.allow(70_000)).toBeGreaterThanOrEqual(0);
    breaker.force('closed', odd);
    calls(3, FAILURE, odd);
    expect(breaker.view(odd).counts.failures).toBe(3);
  });
});
