import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { BreakerOpenError, executeThrough, type ExecuteOptions } from '../../../src/lib/resilience/breaker-policy.ts';
import { CircuitBreaker, type CircuitBreakerOptions } from '../../../src/lib/resilience/breaker.ts';

function open(options: CircuitBreakerOptions = {}) {
  const clock = new FakeClock();
  const breaker = new CircuitBreaker({ consecutiveFailures: 0, name: 'db', ...options });
  const counts = () => breaker.view(clock.monotonicMs()).counts;
  const state = () => breaker.view(clock.monotonicMs()).state;
  const through = <T>(fn: (signal: AbortSignal | undefined) => T | PromiseLike<T>, more?: ExecuteOptions<T>) =>
    executeThrough(breaker, clock, fn, more);
  return { clock, breaker, counts, state, through };
}

const broken = new Error('broken');
const fail = async (): Promise<never> => {
  throw broken;
};
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );

describe('calls through a breaker', () => {
  it.each<{ says: string; fn: () => unknown; result: unknown }>([
    { says: 'resolve as the function does', fn: async () => 7, result: { value: 7 } },
    { says: 'resolve with what is returned without a promise', fn: () => 7, result: { value: 7 } },
    { says: 'reject as the function does', fn: fail, result: broken },
    {
      says: 'reject with what is thrown at once',
      fn: () => {
        throw broken;
      },
      result: broken,
    },
  ])('$says, and are counted', async ({ fn, result }) => {
    const { through, counts, state } = open();
    expect(await caught(through(fn))).toEqual(result);
    expect(counts().calls).toBe(1);
    expect(state()).toBe(result === broken ? 'open' : 'closed');
  });

  it('are measured with the clock that is given', async () => {
    const { clock, through, counts } = open({ slowMs: 100 });
    const call = through(() => clock.sleep(101));
    await clock.advance(101);
    await call;
    expect(counts()).toMatchObject({ calls: 1, slow: 1 });
  });

  it.each<{ says: string; options: CircuitBreakerOptions; fn: () => unknown; looks: number }>([
    { says: 'no look at the clock', options: {}, fn: () => 1, looks: 0 },
    { says: 'one look when they fail', options: {}, fn: fail, looks: 1 },
    { says: 'two when slow calls count', options: { slowMs: 10 }, fn: () => 1, looks: 2 },
    {
      says: 'two when time passes in the window',
      options: { window: { kind: 'time', windowMs: 10 } },
      fn: () => 1,
      looks: 2,
    },
  ])('cost $says', async ({ options, fn, looks }) => {
    let looked = 0;
    const clock = { monotonicMs: () => ++looked };
    await caught(executeThrough(new CircuitBreaker(options), clock, fn));
    expect(looked).toBe(looks);
  });

  it('leave no timer behind, open or not', async () => {
    const { clock, through } = open();
    await caught(through(fail));
    await caught(through(fail));
    expect(clock.pending).toBe(0);
  });

  it.each<{ says: string; options: ExecuteOptions<number>; fn: () => Promise<number>; expected: object }>([
    {
      says: 'count an error that is no failure as a success',
      options: { isFailure: (error) => error !== broken },
      fn: fail,
      expected: { calls: 1, failures: 0 },
    },
    {
      says: 'do not count an error that is ignored',
      options: { isIgnored: (error) => error === broken },
      fn: fail,
      expected: { calls: 0 },
    },
    {
      says: 'count a value that is a failure',
      options: { isFailedValue: (value) => value === 503 },
      fn: async () => 503,
      expected: { calls: 1, failures: 1 },
    },
    {
      says: 'count a value that is none as a success',
      options: { isFailedValue: (value) => value === 503 },
      fn: async () => 200,
      expected: { calls: 1, failures: 0 },
    },
  ])('$says', async ({ options, fn, expected }) => {
    const { through, counts } = open();
    await caught(through(fn, options));
    expect(counts()).toMatchObject(expected);
  });

  it.each(['isFailure', 'isIgnored', 'isFailedValue'])('give the trial back when %s throws', async (predicate) => {
    const { breaker, through, counts } = open();
    breaker.force('open', 0);
    breaker.force(undefined, 0);
    const mistake = new Error('predicate');
    const options = {
      [predicate]: () => {
        throw mistake;
      },
    };
    const fn = predicate === 'isFailedValue' ? async (): Promise<number> => 1 : fail;
    expect(await caught(through(fn, options))).toBe(mistake);
    expect(counts()).toMatchObject({ trialsInFlight: 0, trialsDone: 0 });
  });
});

describe('calls through an open breaker', () => {
  it('are not made, and reject with one and the same error, which has no stack', async () => {
    const { clock, through, counts } = open();
    await caught(through(fail));
    let made = 0;
    const errors = [await caught(through(() => made++)), await caught(through(() => made++))];
    expect(made).toBe(0);
    expect(counts().rejected).toBe(2);
    expect(errors[0]).toBe(errors[1]);
    const error = errors[0] as BreakerOpenError;
    expect(error).toBeInstanceOf(BreakerOpenError);
    expect(error).toBeInstanceOf(Error);
    expect([error.code, error.message]).toEqual(['BREAKER_OPEN', 'circuit breaker db lets no call through']);
    expect(error.stack).toBe('BreakerOpenError: circuit breaker db lets no call through');
    expect(error.retryAfterMs).toBe(30_000);
    await clock.advance(12_000);
    expect(error.retryAfterMs).toBe(18_000);
  });

  it('have a promise of their own each, so that one nobody waits for is reported as any other', async () => {
    const { breaker, through } = open();
    breaker.force('open', 0);
    const [one, two] = [through(fail), through(fail)];
    expect(one === two).toBe(false);
    await Promise.all([caught(one), caught(two)]);
  });

  it('have an error of their own for each breaker', async () => {
    const [one, two] = [open(), open()];
    one.breaker.force('open', 0);
    two.breaker.force('open', 0);
    const error = await caught(one.through(fail));
    expect(error).not.toBe(await caught(two.through(fail)));
    expect((error as BreakerOpenError).retryAfterMs).toBe(Infinity);
  });

  it('are tried again after the open time, and close it', async () => {
    const { clock, through, state } = open({ trials: 2 });
    await caught(through(fail));
    await clock.advance(30_000);
    await through(() => 1);
    expect(state()).toBe('half-open');
    await through(() => 1);
    expect(state()).toBe('closed');
  });
});

describe('calls through a breaker with a signal', () => {
  it('are not made when it is aborted already', async () => {
    const { through, counts } = open();
    expect(await caught(through(() => expect.unreachable(), { signal: AbortSignal.abort(broken) }))).toBe(broken);
    expect(counts()).toMatchObject({ calls: 0, rejected: 0 });
  });

  it('reject at once when their client goes away, are not counted, and give their trial back', async () => {
    const { breaker, through, counts } = open({ trials: 1 });
    breaker.force('open', 0);
    breaker.force(undefined, 0);
    const client = new AbortController();
    let passed: AbortSignal | undefined;
    const call = through(
      (signal) => {
        passed = signal;
        return new Promise<never>(() => undefined);
      },
      { signal: client.signal },
    );
    expect(counts().trialsInFlight).toBe(1);
    client.abort(broken);
    expect(await caught(call)).toBe(broken);
    expect(passed).toBe(client.signal);
    expect(counts()).toMatchObject({ trialsInFlight: 0, trialsDone: 0, calls: 0 });
    expect(await through(() => 'next')).toBe('next');
  });

  it('are failures when the signal is a deadline that passed', async () => {
    const { through, counts } = open();
    const deadline = new AbortController();
    const call = through(() => new Promise<never>(() => undefined), { signal: deadline.signal });
    deadline.abort(new DOMException('too late', 'TimeoutError'));
    await caught(call);
    expect(counts()).toMatchObject({ calls: 1, failures: 1 });
  });

  it('are failures when they fail by themselves, and successes when they succeed', async () => {
    const { through, counts } = open({ consecutiveFailures: 5 });
    const { signal } = new AbortController();
    expect(await caught(through(fail, { signal }))).toBe(broken);
    expect(await through(() => 3, { signal })).toBe(3);
    const atOnce = (): never => {
      throw broken;
    };
    expect(await caught(through(atOnce, { signal }))).toBe(broken);
    expect(counts()).toMatchObject({ calls: 3, failures: 2, lateResults: 0 });
  });

  it('do not count again what the function does after the abort', async () => {
    const { through, counts, clock } = open({ consecutiveFailures: 5 });
    const client = new AbortController();
    const call = through(
      async () => {
        await clock.sleep(10);
        throw broken;
      },
      { signal: client.signal },
    );
    client.abort();
    await caught(call);
    await clock.advance(20);
    expect(counts()).toMatchObject({ calls: 0, failures: 0, lateResults: 0 });
  });

  it('leave no listener on a signal that lives on', async () => {
    const { through, counts } = open();
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    for (let i = 0; i < 10; i++) await through(() => i, { signal });
    expect([counts().calls, listeners]).toEqual([10, 0]);
  });
});
