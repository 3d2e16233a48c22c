import { describe, expect, it } from 'vitest';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import { PreciseTimers } from '../../../src/lib/runtime/precise-timers.ts';

/** A machine whose system timers fire on whole milliseconds and late, and whose turns take 10 µs. */
class SlowMachine {
  nowMs = 0.37;
  turns = 0;
  #next: { atMs: number; action: () => void } | undefined;

  readonly timers = new PreciseTimers({
    nowMs: () => this.nowMs,
    sleep: (delayMs, action) => this.#wait(Math.floor(this.nowMs) + delayMs + 1.2, action),
    nextTurn: (action) => {
      this.turns++;
      return this.#wait(this.nowMs + 0.01, action);
    },
  });

  #wait(atMs: number, action: () => void): () => void {
    const wake = { atMs, action };
    this.#next = wake;
    return () => {
      if (this.#next === wake) this.#next = undefined;
    };
  }

  get isIdle(): boolean {
    return this.#next === undefined;
  }

  runUntil(untilMs: number): void {
    while (this.#next !== undefined && this.#next.atMs <= untilMs) {
      const { atMs, action } = this.#next;
      this.#next = undefined;
      this.nowMs = Math.max(this.nowMs, atMs);
      action();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }
}

describe('a precise timer', () => {
  it('fires within a turn of its time, where the system fires on whole milliseconds', () => {
    const machine = new SlowMachine();
    const lateMs: number[] = [];
    for (let i = 0; i < 20; i++) {
      const delayMs = 3 + hashFraction('delay', i) * 40;
      const dueMs = machine.nowMs + delayMs;
      machine.timers.after(delayMs, () => lateMs.push(machine.nowMs - dueMs));
      machine.runUntil(machine.nowMs + 50);
    }
    expect(lateMs).toHaveLength(20);
    expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...lateMs)).toBeLessThan(0.05);
  });

  it('fires in the order of the times, whatever the order they were set in', () => {
    const machine = new SlowMachine();
    const fired: number[] = [];
    const delays = Array.from({ length: 300 }, (_, i) => Math.floor(hashFraction('order', i) * 1000));
    for (const delayMs of delays) machine.timers.after(delayMs, () => fired.push(delayMs));
    machine.runUntil(2000);
    expect(fired).toEqual(delays.toSorted((a, b) => a - b));
    expect(machine.isIdle).toBe(true);
  });

  it('never fires once it is cancelled, and a cancelled one keeps nothing awake', () => {
    const machine = new SlowMachine();
    const fired: string[] = [];
    const cancels = ['a', 'b', 'c'].map((name, i) => machine.timers.after(5 + i, () => fired.push(name)));
    cancels[0]?.();
    cancels[2]?.();
    cancels[2]?.();
    machine.runUntil(100);
    expect(fired).toEqual(['b']);
    expect([machine.isIdle, machine.timers.size]).toEqual([true, 0]);
  });

  it('may be set and cancelled from within another', () => {
    const machine = new SlowMachine();
    const fired: string[] = [];
    const later = machine.timers.after(20, () => fired.push('later'));
    machine.timers.after(10, () => {
      later();
      machine.timers.after(0, () => fired.push('at once'));
      machine.timers.after(5, () => fired.push('soon'));
    });
    machine.runUntil(100);
    expect(fired).toEqual(['at once', 'soon']);
  });

  it('that throws does not keep the others from firing', () => {
    const machine = new SlowMachine();
    const fired: string[] = [];
    machine.timers.after(1, () => {
      throw new Error('mine');
    });
    machine.timers.after(2, () => fired.push('other'));
    expect(() => machine.runUntil(50)).toThrow('mine');
    machine.runUntil(100);
    expect(fired).toEqual(['other']);
  });

  it('polls for no more than a fifth of the time', () => {
    const machine = new SlowMachine();
    let fired = 0;
    const again = (): void => {
      fired++;
      if (machine.nowMs < 1000) machine.timers.after(1.3, again);
    };
    again();
    machine.runUntil(1000);
    expect(fired).toBeGreaterThan(300);
    // A turn takes 10 µs here.
    expect(machine.turns * 0.01).toBeLessThan(230);
  });

  it('forgets cancelled ones when they are too many', () => {
    const machine = new SlowMachine();
    let fired = 0;
    machine.timers.after(10, () => fired++);
    for (let i = 0; i < 100_000; i++) machine.timers.after(600_000, () => fired++)();
    expect(machine.timers.size).toBeLessThan(3000);
    machine.runUntil(600_001);
    expect(fired).toBe(1);
  });
});
