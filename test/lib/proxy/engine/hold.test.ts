import { describe, expect, it } from 'vitest';
import { Hold } from '../../../../src/lib/proxy/engine/hold.ts';
import type { InstalledFilter } from '../../../../src/lib/proxy/installed-filter.ts';
import type { Cancel } from '../../../../src/lib/runtime/clock.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';
import { install as installFilter, takeAway } from '../install.ts';

const install = (id: string): InstalledFilter => installFilter(id, {});

/** A request held by filter `a` for 200 ms, then by `b` for 300 ms. */
function holdTwice() {
  const clock = new FakeClock();
  const [a, b] = [install('a'), install('b')];
  let doneAtMs: number | undefined;
  const delays = [
    { by: a, delayMs: 200 },
    { by: b, delayMs: 300 },
  ];
  const hold = new Hold(clock, delays, () => (doneAtMs = clock.monotonicMs()));
  expect(hold.start()).toBe(false);
  return { clock, a, b, hold, doneAtMs: () => doneAtMs };
}

/** A clock whose first timer fires one millisecond early, as the system's may. */
class HastyClock extends FakeClock {
  #hasteMs = 1;

  override afterPrecisely(delayMs: number, action: () => void): Cancel {
    const hasteMs = this.#hasteMs;
    this.#hasteMs = 0;
    return super.afterPrecisely(delayMs - hasteMs, action);
  }
}

const maxOf = (filter: InstalledFilter): number | undefined =>
  (filter.effect().delivered.delayMs as { max: number } | undefined)?.max;

describe('a hold', () => {
  it('waits for its delays one after another, and measures each', async () => {
    const { clock, a, b, doneAtMs } = holdTwice();
    await clock.advance(499);
    expect(doneAtMs()).toBeUndefined();
    await clock.advance(1);
    expect(doneAtMs()).toBe(500);
    expect([maxOf(a), maxOf(b)].map((ms) => Math.round(ms ?? 0))).toEqual([200, 300]);
    expect([a.held.size, b.held.size, clock.pending]).toEqual([0, 0, 0]);
    expect(a.effect().delivered).not.toHaveProperty('cutShort');
  });

  it('goes on at once when the filter that holds it is removed', async () => {
    const { clock, a, b, doneAtMs } = holdTwice();
    await clock.advance(50);
    takeAway(a);
    expect(Math.round(maxOf(a) ?? 0)).toBe(50);
    expect(a.effect().delivered).toMatchObject({ cutShort: 1 });
    await clock.advance(0);
    expect(b.effect().touched).toBe(1);
    await clock.advance(300);
    expect(doneAtMs()).toBe(350);
  });

  it('leaves out a delay whose filter is removed before its turn', async () => {
    const { clock, b, doneAtMs } = holdTwice();
    takeAway(b);
    await clock.advance(200);
    expect(doneAtMs()).toBe(200);
    expect(b.effect().touched).toBe(0);
  });

  it('never ends once it is cancelled, and keeps what was delivered until then', async () => {
    const { clock, a, hold, doneAtMs } = holdTwice();
    await clock.advance(120);
    hold.cancel();
    hold.cancel();
    await clock.advance(10_000);
    expect(doneAtMs()).toBeUndefined();
    expect(a.effect()).toMatchObject({ touched: 1 });
    expect(Math.round(maxOf(a) ?? 0)).toBe(120);
    expect([a.held.size, clock.pending]).toEqual([0, 0]);
  });

  it('is not ended by a filter that is removed just before it is cancelled', async () => {
    const { clock, a, b, hold, doneAtMs } = holdTwice();
    takeAway(a);
    takeAway(b);
    hold.cancel();
    await clock.advance(1000);
    expect(doneAtMs()).toBeUndefined();
  });

  it('waits again when a timer fires early', async () => {
    const clock = new HastyClock();
    let done = false;
    const hold = new Hold(clock, [{ by: install('a'), delayMs: 10 }], () => (done = true));
    hold.start();
    await clock.advance(9.5);
    expect(done).toBe(false);
    await clock.advance(0.5);
    expect(done).toBe(true);
  });

  it('of no time is over at once, and counts', () => {
    const a = install('a');
    const hold = new Hold(new FakeClock(), [{ by: a, delayMs: 0 }], () => {
      throw new Error('must not be called');
    });
    expect(hold.start()).toBe(true);
    expect(a.effect()).toMatchObject({ touched: 1 });
    expect(maxOf(a)).toBe(0);
  });
});
