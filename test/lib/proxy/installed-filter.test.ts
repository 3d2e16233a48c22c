import { describe, expect, it } from 'vitest';
import type { Filter, RequestAction } from '../../../src/lib/proxy/filter.ts';
import type { InstalledFilter } from '../../../src/lib/proxy/installed-filter.ts';
import { install } from './install.ts';
import { connectionView, requestView } from './requests.ts';

const RESET: RequestAction = { do: 'reset' };
const client = connectionView(1);
const always: Filter = { request: { onRequest: () => RESET } };
const streams: Filter = { stream: { on: 'any', open: () => undefined } };

const offer = (filter: InstalledFilter, key: string, nowMs = 0, request = requestView('POST', '/')): boolean =>
  filter.decideRequest(request, client, nowMs, () => key) !== undefined;

/** Which of so many requests are hit, as numbers from 1. */
const hits = (filter: InstalledFilter, count: number): number[] =>
  Array.from({ length: count }, (_, i) => i + 1).filter((i) => offer(filter, `key ${i}`));

describe('the account of a filter', () => {
  it('counts what matched as seen, what was chosen as hit, what the engine did as touched', () => {
    let chosen = false;
    const filter = install(
      'f',
      { request: { onRequest: () => (chosen ? RESET : undefined) } },
      { match: { method: 'POST' } },
    );
    expect(filter.effect().note).toBe('no request reached the service while the fault was in force');
    offer(filter, 'k', 0, requestView('GET', '/'));
    expect(filter.effect().note).toBe('1 request reached the service, but none was one that the fault is meant for');
    offer(filter, 'k');
    expect(filter.effect().note).toBe('1 request came, but the dice chose none of them');
    chosen = true;
    offer(filter, 'k');
    offer(filter, 'k');
    expect(filter.effect().note).toBe('2 requests chosen, but ended before the fault could act');
    filter.account.touched++;
    filter.account.count('responses');
    expect(filter.effect()).toMatchObject({
      touched: 1,
      requested: { a: 1 },
      delivered: { percent: 66.6667, responses: 1 },
      decisions: { seen: 3, hit: 2 },
    });
    expect(filter.effect()).not.toHaveProperty('note');
  });

  it('throws the dice by key and by how often the key was seen', () => {
    const fractions: number[] = [];
    const keeping: Filter = {
      request: { onRequest: (_request, dice) => void fractions.push(dice.fraction('percent')) },
    };
    const [filter, again] = [install('f', keeping), install('f', keeping)];
    for (const key of ['a', 'b', 'a']) offer(filter, key);
    expect(new Set(fractions).size).toBe(3);
    for (const key of ['a', 'a', 'b']) offer(again, key);
    expect(fractions.slice(3)).toEqual([fractions[0], fractions[2], fractions[1]]);
    expect(again.effect().decisions.digest).toBe(filter.effect().decisions.digest);
  });

  it('gives quantiles of the delays that were delivered, and the rate', () => {
    const filter = install('f', {});
    for (let ms = 1; ms <= 100; ms++) filter.account.recordDelay(ms);
    filter.account.recordPace(2000, 500);
    filter.account.recordPace(2000, 500);
    const { delayMs, bytesPerSecond } = filter.effect().delivered as {
      delayMs: Record<string, number>;
      bytesPerSecond: number;
    };
    expect([delayMs.p50, delayMs.p90, delayMs.p99, delayMs.max].map((ms) => Math.round(ms ?? 0))).toEqual([
      50, 90, 99, 100,
    ]);
    expect(bytesPerSecond).toBe(4000);
  });
});

describe('whom a fault chooses', () => {
  it.each([
    [{ nth: 3 }, [3]],
    [{ nth: [1, 4, 99] }, [1, 4]],
    [{ first: 2 }, [1, 2]],
    [{ every: 4 }, [4, 8]],
    [{ first: 6, every: 2 }, [2, 4, 6]],
    [{ first: 3, percent: '0%' }, []],
    [{}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ])('by number: %j', (scope, expected) => {
    expect(hits(install('f', always, scope), 10)).toEqual(expected);
  });

  it('counts only what matches', () => {
    const filter = install('f', always, { nth: 2, match: { path: '/b' } });
    const hit = ['/a', '/b', '/a', '/b', '/b'].map((path) => offer(filter, 'k', 0, requestView('GET', path)));
    expect(hit).toEqual([false, false, false, true, false]);
  });

  it('only within its window, counted from its beginning', () => {
    const filter = install('f', always, { window: { from: '1s', to: '2s' }, first: 2 });
    const hit = [0, 999, 1000, 1500, 1999, 2000].map((nowMs) => offer(filter, 'k', nowMs));
    expect(hit).toEqual([false, false, true, true, false, false]);
    expect(filter.account).toMatchObject({ offered: 6, seen: 3, hit: 2 });
    expect([0, 400, 1000, 2000].map((nowMs) => filter.opensInMs(nowMs))).toEqual([1000, 600, 0, undefined]);
  });

  it.each([
    [10, 1000, 60],
    [0.1, 50_000, 40],
    [0.001, 300_000, 10],
  ])('%d %% of %i', (percent, count, allowed) => {
    const filter = install('f', always, { percent: `${percent}%` }, 7);
    let hit = 0;
    for (let i = 0; i < count; i++) if (offer(filter, `key ${i}`)) hit++;
    expect(Math.abs(hit - (count * percent) / 100)).toBeLessThan(allowed);
    expect(hit).toBeGreaterThan(0);
  });
});

describe('decisions about connections', () => {
  it('are the same for the same connection, whatever came before, and in whatever order', () => {
    const decide = (ordinals: readonly number[]): number[] => {
      const filter = install('f', streams, { percent: '40%' }, 3);
      return ordinals
        .filter((ordinal) => filter.decideConnection(connectionView(ordinal))?.isHit)
        .sort((a, b) => a - b);
    };
    const all = Array.from({ length: 100 }, (_, i) => i + 1);
    const chosen = decide(all);
    expect(decide(all.toReversed())).toEqual(chosen);
    expect(decide(all.slice(50))).toEqual(chosen.filter((ordinal) => ordinal > 50));
    expect(chosen.length).toBeGreaterThan(20);
    expect(chosen.length).toBeLessThan(60);
  });

  it('stay what they are when the parameters change (C10), and follow the percentage', () => {
    const filter = install('f', streams, { percent: '40%' }, 3);
    const views = Array.from({ length: 100 }, (_, i) => connectionView(i + 1));
    const choices = views.map((view) => filter.decideConnection(view));
    const hit = (): number[] =>
      views.flatMap((view, i) => {
        const choice = choices[i];
        return choice !== undefined && filter.isStillHit(view, choice) ? [view.ordinal] : [];
      });
    const before = hit();
    const retune = (percent: number): void => filter.retune({ filter: streams, scope: { percent }, requested: {} });
    retune(40);
    expect(hit()).toEqual(before);
    retune(70);
    expect(hit()).toEqual(expect.arrayContaining(before));
    expect(hit().length).toBeGreaterThan(before.length);
    retune(0);
    expect(hit()).toEqual([]);
  });

  it('hang on the source address and the server name', () => {
    const filter = install('f', streams, { match: { source: ['10.0.0.0/8', '::1'], serverName: '*.shop.test' } });
    const meant = [
      connectionView(1, { source: '10.1.2.3', serverName: 'a.shop.test' }),
      connectionView(2, { source: '::1', serverName: 'b.shop.test' }),
      connectionView(3, { source: '10.1.2.3', serverName: 'shop.test' }),
      connectionView(4, { source: '10.1.2.3' }),
      connectionView(5, { source: '11.1.2.3', serverName: 'a.shop.test' }),
    ].map((view) => filter.decideConnection(view) !== undefined);
    expect(meant).toEqual([true, true, false, false, false]);
  });
});
