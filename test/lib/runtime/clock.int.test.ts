import { describe, expect, it } from 'vitest';
import { realClock } from '../../../src/lib/runtime/clock.ts';

describe('realClock', () => {
  it('never goes back', () => {
    let last = realClock.monotonicMs();
    for (let i = 0; i < 10_000; i++) {
      const now = realClock.monotonicMs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it('sleeps at least as long as asked', async () => {
    const startMs = realClock.monotonicMs();
    await realClock.sleep(20);
    // Timers count whole milliseconds.
    expect(realClock.monotonicMs() - startMs).toBeGreaterThan(18);
  });

  it('wakes with the very reason of the signal, at once', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const startMs = realClock.monotonicMs();
    realClock.after(5, () => controller.abort(reason));
    await expect(realClock.sleep(60_000, controller.signal)).rejects.toBe(reason);
    expect(realClock.monotonicMs() - startMs).toBeLessThan(30_000);
  });

  it('does not fire a delay of a month at once', async () => {
    let fired = false;
    const cancels = [
      realClock.after(31 * 86_400_000, () => (fired = true)),
      realClock.every(31 * 86_400_000, () => (fired = true)),
    ];
    await realClock.sleep(20);
    for (const cancel of cancels) cancel();
    expect(fired).toBe(false);
  });

  it('cancels timers and intervals', async () => {
    const fired: string[] = [];
    realClock.after(5, () => fired.push('after'))();
    realClock.every(5, () => fired.push('every'))();
    await realClock.sleep(30);
    expect(fired).toEqual([]);
  });

  it('repeats', async () => {
    let ticks = 0;
    await new Promise<void>((resolve) => {
      const cancel = realClock.every(2, () => {
        if (++ticks < 3) return;
        cancel();
        resolve();
      });
    });
    expect(ticks).toBe(3);
  });
});
