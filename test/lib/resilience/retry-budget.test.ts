import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import {
  type BudgetChange,
  mayRetry,
  RetryBudget,
  type RetryBudgetOptions,
} from '../../../src/lib/resilience/retry-budget.ts';

/** How many retries in a row are allowed at this time; ends at the first refusal. */
function drain(budget: RetryBudget, nowMs: number): number {
  let count = 0;
  while (budget.tryWithdraw(nowMs)) if (++count > 100_000) throw new Error('the budget has no end');
  return count;
}

function deposits(budget: RetryBudget, count: number, nowMs: number): void {
  for (let i = 0; i < count; i++) budget.deposit(nowMs);
}

describe('a retry budget', () => {
  it.each<[string, RetryBudgetOptions, number, number]>([
    ['a fifth of the requests and ten a second, by default', {}, 1000, 200 + 100],
    ['the minimum without any request', {}, 0, 100],
    ['nothing without requests and minimum', { minRetriesPerSecond: 0 }, 0, 0],
    ['the share alone', { minRetriesPerSecond: 0 }, 100, 20],
    ['whole retries only: four requests earn none', { minRetriesPerSecond: 0 }, 4, 0],
    ['and five earn one', { minRetriesPerSecond: 0 }, 5, 1],
    ['the minimum alone', { ratioPercent: 0, minRetriesPerSecond: 3, windowMs: 2_000 }, 1000, 6],
    ['more than one for each request', { ratioPercent: 200, minRetriesPerSecond: 0 }, 10, 20],
    ['an exact third of a percent-wise ratio', { ratioPercent: 33, minRetriesPerSecond: 0 }, 300, 99],
    ['a minimum of less than one in a window as none', { minRetriesPerSecond: 0.09, ratioPercent: 0 }, 10, 0],
  ])('allows %s', (_, options, requests, allowed) => {
    const budget = new RetryBudget(options);
    deposits(budget, requests, 5);
    expect(budget.view(5).available).toBe(allowed);
    expect(drain(budget, 5)).toBe(allowed);
    expect(budget.view(5)).toEqual({ available: 0, requests, retries: allowed, refused: 1 });
  });

  it('forgets requests after the window, and retries as well', () => {
    const budget = new RetryBudget({ minRetriesPerSecond: 0 });
    deposits(budget, 100, 0);
    expect(budget.view(9_999).available).toBe(20);
    expect(budget.view(10_000).available).toBe(0);
    deposits(budget, 100, 20_000);
    expect(drain(budget, 25_000)).toBe(20);
    deposits(budget, 100, 28_000);
    expect(drain(budget, 28_000), 'earned anew').toBe(20);
    expect(budget.view(30_000), 'requests of 20 s are gone').toMatchObject({
      requests: 100,
      retries: 40,
      available: 0,
    });
    expect(budget.view(35_000), 'retries of 25 s are gone').toMatchObject({ requests: 100, retries: 20, available: 0 });
  });

  it('gives the minimum once per window, however the withdrawals are spread', () => {
    const budget = new RetryBudget({ ratioPercent: 0 });
    let count = 0;
    for (let nowMs = 0; nowMs < 100_000; nowMs += 5) if (budget.tryWithdraw(nowMs)) count++;
    expect(count).toBeGreaterThanOrEqual(10 * 100);
    // The window is at least nine tenths as long as it says.
    expect(count).toBeLessThanOrEqual(Math.ceil((10 * 100) / 0.9) + 100);
  });

  it('holds the bound in every window under random use', () => {
    const random = seeded(7);
    const budget = new RetryBudget({ ratioPercent: 20, minRetriesPerSecond: 1, windowMs: 1_000 });
    const log: { readonly atMs: number; readonly isRetry: boolean }[] = [];
    for (let i = 0, nowMs = 0; i < 20_000; i++) {
      nowMs += random() < 0.01 ? random() * 3_000 : random() * 4;
      if (random() < 0.5) {
        budget.deposit(nowMs);
        log.push({ atMs: nowMs, isRetry: false });
      } else if (budget.tryWithdraw(nowMs)) {
        log.push({ atMs: nowMs, isRetry: true });
        // Requests of a whole window may have earned it, retries of at least nine tenths are charged.
        const requests = log.filter(({ atMs, isRetry }) => !isRetry && atMs > nowMs - 1_000).length;
        const retries = log.filter(({ atMs, isRetry }) => isRetry && atMs > nowMs - 900).length;
        expect(retries).toBeLessThanOrEqual(requests * 0.2 + 1);
      }
      if (log.length > 2_000) log.splice(0, 1_000);
    }
    expect(budget.view(1e9)).toMatchObject({ requests: 0, retries: 0, available: 1 });
  });

  it('starts empty again after a long pause', () => {
    const budget = new RetryBudget({ minRetriesPerSecond: 0 });
    for (let second = 0; second < 10; second++) deposits(budget, 100, second * 1_000);
    expect(budget.view(9_999).requests).toBe(1000);
    expect(budget.view(1e12)).toEqual({ available: 0, requests: 0, retries: 0, refused: 0 });
  });

  it.each([
    ['backwards', 100],
    ['to nothing', Number.NaN],
    ['below zero', -5_000],
  ])('lets no time pass when the clock goes %s', (_, oddMs) => {
    const budget = new RetryBudget({ minRetriesPerSecond: 0 });
    deposits(budget, 50, 50_000);
    deposits(budget, 50, oddMs);
    expect(budget.view(oddMs).available).toBe(20);
    expect(budget.view(50_000).requests).toBe(100);
    expect(budget.view(60_000).requests, 'all of them leave with the window').toBe(0);
  });

  it('does not drift over millions of requests', () => {
    const budget = new RetryBudget({ ratioPercent: 7, minRetriesPerSecond: 0 });
    let retries = 0;
    for (let i = 0; i < 1_000_000; i++) {
      budget.deposit(1);
      if (budget.tryWithdraw(1)) retries++;
    }
    expect(retries).toBe(70_000);
  });

  it('tells when it runs out and when it has a retry again, with the books complete', () => {
    const changes: (BudgetChange & { readonly available: number })[] = [];
    const budget: RetryBudget = new RetryBudget({
      minRetriesPerSecond: 0,
      onChange: (change) => {
        changes.push({ ...change, available: budget.view(change.nowMs).available });
      },
    });
    deposits(budget, 9, 1);
    drain(budget, 2);
    budget.deposit(3);
    expect(changes).toEqual([
      { from: 'exhausted', to: 'available', requests: 5, retries: 0, nowMs: 1, available: 1 },
      { from: 'available', to: 'exhausted', requests: 9, retries: 1, nowMs: 2, available: 0 },
      { from: 'exhausted', to: 'available', requests: 10, retries: 1, nowMs: 3, available: 1 },
    ]);
  });

  it('survives a listener that throws or uses it', () => {
    let told = 0;
    const budget: RetryBudget = new RetryBudget({
      minRetriesPerSecond: 0,
      onChange: ({ to, nowMs }) => {
        told++;
        if (to === 'available') budget.tryWithdraw(nowMs);
        throw new Error('the onlooker fell over');
      },
    });
    deposits(budget, 5, 1);
    expect(told).toBe(2);
    expect(budget.view(1)).toEqual({ available: 0, requests: 5, retries: 1, refused: 0 });
  });

  it.each<[RetryBudgetOptions, string]>([
    [{ ratioPercent: -1 }, 'ratioPercent is -1: it must be a whole number from 0 to 1000'],
    [{ ratioPercent: 12.5 }, 'ratioPercent is 12.5: it must be a whole number from 0 to 1000'],
    [{ ratioPercent: Number.NaN }, 'ratioPercent is NaN: it must be a whole number from 0 to 1000'],
    [{ windowMs: 10 }, 'windowMs is 10: it must be a number from 100 to 3600000'],
    [{ minRetriesPerSecond: Infinity }, 'minRetriesPerSecond is Infinity: it must be a number from 0 to 1000000'],
  ])('refuses %j', (options, message) => {
    expect(() => new RetryBudget(options)).toThrow(expect.objectContaining({ message, exitName: 'usage' }));
    expect(() => new RetryBudget(options)).toThrow(AppError);
  });
});

describe('whether a method may be retried', () => {
  it.each([
    ['GET', true],
    ['HEAD', true],
    ['OPTIONS', true],
    ['TRACE', true],
    ['PUT', true],
    ['DELETE', true],
    ['POST', false],
    ['PATCH', false],
    ['CONNECT', false],
    ['get', false],
    ['BREW', false],
    ['', false],
  ])('%j: %s', (method, isAllowed) => {
    expect(mayRetry(method)).toBe(isAllowed);
    expect(mayRetry(method, { allowNonIdempotent: false })).toBe(isAllowed);
    expect(mayRetry(method, { allowNonIdempotent: true })).toBe(true);
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}
