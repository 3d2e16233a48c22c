import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { SlotTimers } from '../../../src/lib/services/slot-timers.ts';

describe('timers on a grid', () => {
  it('run what is due around a point together, in the order of asking', async () => {
    const clock = new FakeClock();
    const timers = new SlotTimers(clock, 20);
    const ran: string[] = [];
    for (const [name, dueMs] of [
      ['a', 95],
      ['b', 100],
      ['c', 109],
      ['d', 111],
      ['e', 89],
    ] as const)
      timers.near(dueMs, () => void ran.push(`${name}@${clock.monotonicMs()}`));
    expect(clock.pending).toBe(3);
    await clock.advance(200);
    expect(ran).toEqual(['e@80', 'a@100', 'b@100', 'c@100', 'd@120']);
  });

  it('run at the next turn what is past', async () => {
    const clock = new FakeClock(1_000);
    const timers = new SlotTimers(clock, 20);
    let ran = 0;
    timers.near(3, () => ran++);
    await clock.advance(0);
    expect(ran).toBe(1);
  });

  it('leave out what was cancelled, also by one that runs before it, and leave no timer', async () => {
    const clock = new FakeClock();
    const timers = new SlotTimers(clock, 20);
    const ran: string[] = [];
    const cancelAlone = timers.near(200, () => ran.push('alone'));
    timers.near(100, () => cancelLater());
    const cancelLater = timers.near(100, () => ran.push('later'));
    cancelAlone();
    expect(clock.pending).toBe(1);
    await clock.advance(300);
    cancelAlone();
    expect(ran).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('let an action ask for the same point again without running it twice in one turn', async () => {
    const clock = new FakeClock();
    const timers = new SlotTimers(clock, 20);
    let ran = 0;
    const again = (): void => {
      if (++ran < 3) timers.near(clock.monotonicMs(), again);
    };
    timers.near(40, again);
    await clock.advance(40);
    expect(ran).toBe(3);
    expect(clock.pending).toBe(0);
  });
});
