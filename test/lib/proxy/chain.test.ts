import { describe, expect, it } from 'vitest';
import { Chain } from '../../../src/lib/proxy/chain.ts';
import type { ConnectionAction, Filter, FilterAction } from '../../../src/lib/proxy/filter.ts';
import { InstalledFilter } from '../../../src/lib/proxy/installed-filter.ts';
import { requestView } from './requests.ts';

const DELAY: FilterAction = { do: 'delay', delayMs: 5 };
const RESPOND: FilterAction = { do: 'respond', status: 503, headers: [], body: Buffer.alloc(0) };
const RESET: FilterAction = { do: 'reset' };

function install(id: string, filter: Filter): InstalledFilter {
  return new InstalledFilter({ id, kind: 'test', seed: 1, protocol: 'http', filter, requested: { a: 1 } });
}

function chainOf(...actions: readonly (FilterAction | undefined)[]): [Chain, readonly InstalledFilter[]] {
  const chain = new Chain();
  const filters = actions.map((action, i) => install(`f${i}`, { onRequest: () => action }));
  for (const filter of filters) chain.add(filter);
  return [chain, filters];
}

const seenBy = (filters: readonly InstalledFilter[]): number[] =>
  filters.map((filter) => filter.effect().decisions.seen);

describe('a chain of filters', () => {
  it('lets a request pass that no filter wants', () => {
    const [chain] = chainOf(undefined, undefined);
    expect(chain.decideRequest(requestView('GET', '/'))).toBeUndefined();
  });

  it.each([RESPOND, RESET])('gathers delays in order, and ends at the first $do', (ending) => {
    const [chain, filters] = chainOf(DELAY, undefined, DELAY, ending, DELAY);
    const verdict = chain.decideRequest(requestView('GET', '/'));
    expect(verdict?.delays.map(({ by }) => by.id)).toEqual(['f0', 'f2']);
    expect(verdict?.end?.action).toBe(ending);
    expect(seenBy(filters)).toEqual([1, 1, 1, 1, 0]);
  });

  it('asks the filters about a connection up to the first that resets it', () => {
    const chain = new Chain();
    const actions: (ConnectionAction | undefined)[] = [{ do: 'watch' }, undefined, DELAY, RESET, { do: 'watch' }];
    for (const [i, action] of actions.entries()) chain.add(install(`f${i}`, { onConnection: () => action }));
    expect(chain.decideConnection().map(({ by }) => by.id)).toEqual(['f0', 'f2', 'f3']);
  });

  it('forgets a filter that is removed, and tells it so', () => {
    const [chain, [first, second]] = chainOf(DELAY, RESET);
    chain.remove('f0');
    chain.remove('f0');
    expect([chain.has('f0'), chain.has('f1'), first?.isRemoved, second?.isRemoved]).toEqual([false, true, true, false]);
    chain.removeAll();
    expect([chain.isEmpty, second?.isRemoved]).toEqual([true, true]);
  });
});

describe('the account of a filter', () => {
  it('counts what matched as seen, what the dice chose as hit, what the engine did as touched', () => {
    let chosen = false;
    const filter = install('f', {
      matches: ({ method }) => method === 'POST',
      onRequest: () => (chosen ? RESPOND : undefined),
    });
    filter.decideRequest(requestView('GET', '/'), () => 'k');
    expect(filter.effect().note).toBe('1 request reached the service, but none was one that the fault is meant for');
    filter.decideRequest(requestView('POST', '/'), () => 'k');
    expect(filter.effect().note).toBe('1 request came, but the dice chose none of them');
    chosen = true;
    filter.decideRequest(requestView('POST', '/'), () => 'k');
    filter.decideRequest(requestView('POST', '/'), () => 'k');
    expect(filter.effect().note).toBe('2 requests chosen, but ended before the fault could act');
    filter.touch('respond');
    expect(filter.effect()).toMatchObject({
      touched: 1,
      requested: { a: 1 },
      delivered: { percent: 66.67, responses: 1 },
      decisions: { seen: 3, hit: 2 },
    });
    expect(filter.effect()).not.toHaveProperty('note');
  });

  it('throws the dice by key and by how often the key was seen', () => {
    const fractions: number[] = [];
    const filter = install('f', {
      onRequest: (_request, dice) => {
        fractions.push(dice.fraction('percent'));
        return undefined;
      },
    });
    for (const key of ['a', 'b', 'a']) filter.decideRequest(requestView('GET', '/'), () => key);
    expect(new Set(fractions).size).toBe(3);
    const again = install('f', { onRequest: (_request, dice) => void fractions.push(dice.fraction('percent')) });
    for (const key of ['a', 'a', 'b']) again.decideRequest(requestView('GET', '/'), () => key);
    expect(fractions.slice(3)).toEqual([fractions[0], fractions[2], fractions[1]]);
    expect(again.effect().decisions.digest).toBe(filter.effect().decisions.digest);
  });

  it('gives quantiles of the delays that were delivered', () => {
    const filter = install('f', {});
    for (let ms = 1; ms <= 100; ms++) filter.recordDelay(ms);
    const { delayMs } = filter.effect().delivered as { delayMs: Record<string, number> };
    expect(delayMs.p50).toBeCloseTo(50, 0);
    expect(delayMs.p90).toBeCloseTo(90, 0);
    expect(delayMs.p99).toBeCloseTo(99, 0);
    expect(delayMs.max).toBeCloseTo(100, 0);
  });

  it('does not count connections for a filter on requests, nor the other way round', () => {
    const filter = install('f', { onRequest: () => RESET });
    expect(filter.decideConnection()).toBeUndefined();
    expect(filter.effect().decisions.seen).toBe(0);
  });
});
