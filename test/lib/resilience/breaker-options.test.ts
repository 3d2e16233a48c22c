import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { checkBreakerOptions, type BreakerOptions } from '../../../src/lib/resilience/breaker-options.ts';
import { CircuitBreaker } from '../../../src/lib/resilience/breaker.ts';

function refusalOf(options: object): AppError {
  try {
    new CircuitBreaker(options);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('the options of a breaker', () => {
  it('all have a default', () => {
    expect(checkBreakerOptions({})).toEqual({
      name: 'breaker',
      consecutiveFailures: 5,
      failurePercent: Infinity,
      slowMs: Infinity,
      slowPercent: Infinity,
      window: undefined,
      minimumCalls: 20,
      openMs: 30_000,
      openMaxMs: 30_000,
      trials: 10,
      trialSuccesses: 10,
      trialMaxMs: 60_000,
    });
  });

  it.each<{ says: string; options: BreakerOptions; expected: object }>([
    {
      says: 'take the last 100 calls when only a share is set',
      options: { failurePercent: 50 },
      expected: { window: { kind: 'count', calls: 100 }, minimumCalls: 20 },
    },
    {
      says: 'never ask for more calls than a count window holds',
      options: { window: { kind: 'count', calls: 5 } },
      expected: { minimumCalls: 5 },
    },
    {
      says: 'cut a time window into ten',
      options: { window: { kind: 'time', windowMs: 5000 } },
      expected: { window: { kind: 'time', windowMs: 5000, buckets: 10 } },
    },
    { says: 'ask that all trials succeed', options: { trials: 3 }, expected: { trials: 3, trialSuccesses: 3 } },
    { says: 'let the open time stay what it is', options: { openMs: 7 }, expected: { openMaxMs: 7 } },
    {
      says: 'may turn the row off',
      options: { consecutiveFailures: false },
      expected: { consecutiveFailures: Infinity },
    },
    { says: 'take undefined for not set', options: { trials: undefined, slowMs: undefined }, expected: { trials: 10 } },
  ])('$says', ({ options, expected }) => {
    expect(checkBreakerOptions(options)).toMatchObject(expected);
  });

  it.each<{ options: object; message: string }>([
    { options: { name: '' }, message: 'name is "": expected some text' },
    { options: { name: 7 }, message: 'name is 7: expected some text' },
    { options: { consecutiveFailures: -1 }, message: 'consecutiveFailures is -1: expected a whole number from 0 to' },
    { options: { consecutiveFailures: 2.5 }, message: 'consecutiveFailures is 2.5' },
    { options: { consecutiveFailures: true }, message: 'consecutiveFailures is true' },
    { options: { failurePercent: 0 }, message: 'failurePercent is 0: expected a number above 0 and up to 100' },
    { options: { failurePercent: 100.1 }, message: 'failurePercent is 100.1' },
    { options: { failurePercent: NaN }, message: 'failurePercent is NaN' },
    { options: { failurePercent: '50' }, message: 'failurePercent is "50"' },
    {
      options: { slowPercent: 50 },
      message: 'slowMs is undefined: expected the milliseconds above which a call is slow',
    },
    { options: { slowPercent: 101, slowMs: 5 }, message: 'slowPercent is 101' },
    { options: { slowMs: 0 }, message: 'slowMs is 0: expected milliseconds, from 0.001 to a year' },
    { options: { window: { kind: 'calls' } }, message: `window.kind is "calls": expected 'count' or 'time'` },
    { options: { window: { kind: 'count', calls: 0 } }, message: 'window.calls is 0' },
    { options: { window: { kind: 'count', calls: 2_000_000 } }, message: 'window.calls is 2000000' },
    { options: { window: { kind: 'count' } }, message: 'window.calls is undefined' },
    { options: { window: { kind: 'time' } }, message: 'window.windowMs is undefined' },
    { options: { window: { kind: 'time', windowMs: 5, buckets: 1001 } }, message: 'window.buckets is 1001' },
    { options: { window: null }, message: 'window is null' },
    { options: { window: 5 }, message: 'window is 5' },
    { options: { minimumCalls: 0 }, message: 'minimumCalls is 0' },
    {
      options: { minimumCalls: 11, window: { kind: 'count', calls: 10 } },
      message: 'minimumCalls is 11: expected a whole number from 1 to 10 (window.calls: it never holds more)',
    },
    { options: { openMs: -30 }, message: 'openMs is -30' },
    { options: { openMs: Infinity }, message: 'openMs is Infinity' },
    { options: { openMs: 10, openMaxMs: 9 }, message: 'openMaxMs is 9: expected at least openMs (10)' },
    { options: { openMaxMs: '9' }, message: 'openMaxMs is "9"' },
    { options: { trials: 0 }, message: 'trials is 0' },
    { options: { trials: 3, trialSuccesses: 4 }, message: 'trialSuccesses is 4: expected a whole number from 1 to 3' },
  ])('are refused: $options', ({ options, message }) => {
    const refusal = refusalOf(options);
    expect(refusal.exitName).toBe('usage');
    expect(refusal.message).toContain(`breaker option ${message}`);
  });

  it('are refused by a name that is not known, with the one that was meant', () => {
    const refusal = refusalOf({ openMS: 5 });
    expect([refusal.message, refusal.hint]).toEqual(['the breaker has no option openMS', 'did you mean openMs?']);
    expect(refusalOf({ xyz: 1 }).hint).toContain('the options are name, consecutiveFailures,');
  });
});
