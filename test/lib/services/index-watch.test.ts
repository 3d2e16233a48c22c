import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { IndexWatch, type WatchResult } from '../../../src/lib/services/index-watch.ts';

function watching(maxWaiters = 10) {
  const clock = new FakeClock();
  const watch = new IndexWatch(clock, 10, maxWaiters);
  let index = 5;
  const results: (WatchResult & { readonly atMs: number })[] = [];
  return {
    clock,
    watch,
    results,
    change: () => {
      index++;
      watch.changed();
    },
    wait: (since: number, timeoutMs = 1_000) =>
      void watch
        .wait(since, () => index, timeoutMs)
        .then((result) => results.push({ ...result, atMs: clock.monotonicMs() })),
  };
}

describe('a watch of an index', () => {
  it('answers at once when the index is beyond', async () => {
    const { clock, results, wait } = watching();
    wait(4);
    await clock.advance(0);
    expect(results).toEqual([{ state: 'changed', index: 5, atMs: 0 }]);
    expect(clock.pending).toBe(0);
  });

  it('says after its time that nothing has changed', async () => {
    const { clock, watch, results, wait } = watching();
    wait(5, 300);
    await clock.advance(1_000);
    expect(results).toEqual([{ state: 'unchanged', index: 5, atMs: 300 }]);
    expect(watch.size).toBe(0);
  });

  it('is woken once by a thousand changes in one turn', async () => {
    const { clock, results, wait, change } = watching();
    wait(5);
    await clock.advance(100);
    for (let i = 0; i < 1_000; i++) change();
    await clock.advance(1_000);
    expect(results).toEqual([{ state: 'changed', index: 1_005, atMs: 110 }]);
  });

  it.each([0, 1])(
    'is woken at most once in 10 ms when it watches on after %d ms while changes storm',
    async (afterMs) => {
      const { clock, watch, change } = watching();
      let wakeups = 0;
      const follow = async (): Promise<void> => {
        for (let since = 5; clock.monotonicMs() < 1_000; wakeups++) {
          since = (await watch.wait(since, () => changes + 5, 5_000)).index;
          if (afterMs > 0) await clock.sleep(afterMs);
        }
      };
      let changes = 0;
      const storm = (): void => {
        changes++;
        change();
        if (clock.monotonicMs() < 1_000) clock.after(0.5, storm);
      };
      void follow();
      storm();
      await clock.advance(1_100);
      expect(changes).toBeGreaterThan(1_900);
      expect(wakeups).toBeGreaterThan(80);
      expect(wakeups).toBeLessThanOrEqual(101);
    },
  );

  it('says that it changed when the time is up between the change and the wakeup', async () => {
    const { clock, results, wait, change } = watching();
    wait(5, 100);
    await clock.advance(95);
    change();
    await clock.advance(50);
    expect(results).toEqual([{ state: 'changed', index: 6, atMs: 100 }]);
  });

  it('refuses one too many, and takes one again when another has gone', async () => {
    const { clock, results, wait } = watching(2);
    wait(5, 100);
    wait(5, 200);
    wait(5, 300);
    await clock.advance(0);
    expect(results).toEqual([{ state: 'refused', index: 5, atMs: 0 }]);
    await clock.advance(150);
    wait(5, 100);
    await clock.advance(500);
    expect(results.map(({ state }) => state)).toEqual(['refused', 'unchanged', 'unchanged', 'unchanged']);
  });

  it('answers everyone when it is closed, and whoever comes later', async () => {
    const { clock, watch, results, wait, change } = watching();
    wait(5);
    change();
    watch.close();
    watch.close();
    wait(6);
    change();
    await clock.advance(5_000);
    expect(results).toEqual([
      { state: 'closed', index: 6, atMs: 0 },
      { state: 'closed', index: 6, atMs: 0 },
    ]);
    expect(clock.pending).toBe(0);
  });
});
