import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';

/** Notes when things happen on the clock. */
function createDiary(clock: FakeClock) {
  const entries: string[] = [];
  return { entries, note: (what: string) => () => void entries.push(`${what}@${clock.monotonicMs()}`) };
}

describe('FakeClock', () => {
  it('stands still until it is moved, and both its times move together', async () => {
    const clock = new FakeClock(100, 1_000_000);
    expect([clock.monotonicMs(), clock.unixMs()]).toEqual([100, 1_000_100]);
    await clock.advance(50);
    expect([clock.monotonicMs(), clock.unixMs()]).toEqual([150, 1_000_150]);
  });

  it('fires in order of the due time, and in order of asking at the same time', async () => {
    const clock = new FakeClock();
    const { entries, note } = createDiary(clock);
    clock.after(20, note('late'));
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    clock.after(-5, note('overdue'));
    await clock.advance(30);
    expect(entries).toEqual(['overdue@0', 'first@10', 'second@10', 'late@20']);
  });

  it('does not fire what is not due, and fires it at the very moment', async () => {
    const clock = new FakeClock();
    const { entries, note } = createDiary(clock);
    clock.after(10, note('x'));
    await clock.advance(9.999);
    expect(entries).toEqual([]);
    await clock.advance(0.001);
    expect(entries).toHaveLength(1);
  });

  it('repeats every period until cancelled', async () => {
    const clock = new FakeClock();
    const { entries, note } = createDiary(clock);
    const cancel = clock.every(10, note('tick'));
    await clock.advance(35);
    cancel();
    await clock.advance(100);
    expect(entries).toEqual(['tick@10', 'tick@20', 'tick@30']);
    expect(clock.pending).toBe(0);
  });

  it('lets a timer start another that falls due in the same move', async () => {
    const clock = new FakeClock();
    const { entries, note } = createDiary(clock);
    clock.after(10, () => clock.after(5, note('nested')));
    await clock.advance(20);
    expect(entries).toEqual(['nested@15']);
  });

  it('lets a timer cancel another that is due at the same moment', async () => {
    const clock = new FakeClock();
    const { entries, note } = createDiary(clock);
    let cancelOther = (): void => undefined;
    clock.after(10, () => cancelOther());
    cancelOther = clock.after(10, note('other'));
    await clock.advance(20);
    expect(entries).toEqual([]);
  });

  it('lets a chain of sleeps go on within one move', async () => {
    const clock = new FakeClock();
    const { entries, note } = createDiary(clock);
    const chain = (async () => {
      for (let i = 0; i < 3; i++) {
        await clock.sleep(10);
        note(`step ${i}`)();
      }
    })();
    await clock.advance(30);
    await chain;
    expect(entries).toEqual(['step 0@10', 'step 1@20', 'step 2@30']);
  });

  it('wakes a sleeper with the reason of its signal and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleep = clock.sleep(1000, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });

  it('does not fall asleep on a signal that is aborted already', async () => {
    const clock = new FakeClock();
    await expect(clock.sleep(1000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(clock.pending).toBe(0);
  });
});
