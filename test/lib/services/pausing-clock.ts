import type { Cancel, Clock } from '../../../src/lib/runtime/clock.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly action: () => void;
  cancel: Cancel;
}

/** A fake clock of a process that can be stopped: while it is, time goes on and nothing runs; then everything overdue runs at once, in order. */
export class PausingClock implements Clock {
  readonly #inner = new FakeClock();
  readonly #timers = new Set<Timer>();
  #pausedMs = 0;

  monotonicMs(): number {
    return this.#inner.monotonicMs() + this.#pausedMs;
  }

  unixMs(): number {
    return this.#inner.unixMs() + this.#pausedMs;
  }

  after(delayMs: number, action: () => void): Cancel {
    const timer: Timer = { dueMs: this.monotonicMs() + Math.max(0, delayMs), action, cancel: () => undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => {
      this.#timers.delete(timer);
      timer.cancel();
    };
  }

  afterPrecisely(delayMs: number, action: () => void): Cancel {
    return this.after(delayMs, action);
  }

  every(): Cancel {
    throw new Error('not needed here');
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(byMs: number): Promise<void> {
    return this.#inner.advance(byMs);
  }

  /** The process is stopped for so long, and then goes on; `first` is what it reads from a socket before it comes to its timers. */
  pause(byMs: number, first?: () => void): Promise<void> {
    this.#pausedMs += byMs;
    first?.();
    for (const timer of [...this.#timers].toSorted((a, b) => a.dueMs - b.dueMs)) {
      timer.cancel();
      this.#arm(timer);
    }
    return this.#inner.advance(0);
  }

  #arm(timer: Timer): void {
    timer.cancel = this.#inner.after(timer.dueMs - this.monotonicMs(), () => {
      this.#timers.delete(timer);
      timer.action();
    });
  }
}
