import type { Cancel, Clock } from './clock.ts';

interface Timer {
  dueMs: number;
  order: number;
  periodMs: number | undefined;
  action: () => void;
}

/** A clock that stands still until told to move; timers fire in order of their due time while it moves. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #epochMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(nowMs = 0, epochMs = 1_700_000_000_000) {
    this.#nowMs = nowMs;
    this.#epochMs = epochMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  unixMs(): number {
    return this.#epochMs + this.#nowMs;
  }

  after(delayMs: number, action: () => void): Cancel {
    return this.#add(delayMs, undefined, action);
  }

  afterPrecisely(delayMs: number, action: () => void): Cancel {
    return this.#add(delayMs, undefined, action);
  }

  every(periodMs: number, action: () => void): Cancel {
    return this.#add(periodMs, periodMs, action);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const reason = (): Error => (signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      if (signal?.aborted) {
        reject(reason());
        return;
      }
      const cancel = this.after(delayMs, resolve);
      signal?.addEventListener('abort', () => {
        cancel();
        reject(reason());
      });
    });
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on by `byMs`, firing what falls due, and lets promises settle between timers. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      await settle();
      const next = this.#nextDue(untilMs);
      if (!next) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.periodMs === undefined) this.#timers.delete(next);
      else next.dueMs += next.periodMs;
      next.action();
    }
    this.#nowMs = untilMs;
    await settle();
  }

  #add(delayMs: number, periodMs: number | undefined, action: () => void): Cancel {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, periodMs, action };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

/** Lets everything that waits on resolved promises run, however many `await`s deep. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
