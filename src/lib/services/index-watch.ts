import type { Cancel, Clock } from '../runtime/clock.ts';

/**
 * `changed`: the index has gone beyond the one given (or that one is from an earlier life of the registry). `unchanged`: the time was up.
 * `refused`: too many wait already; ask again later. `closed`: there will be no more changes.
 */
export interface WatchResult {
  readonly state: 'changed' | 'unchanged' | 'refused' | 'closed';
  /** To be given at the next watch. */
  readonly index: number;
}

interface Waiter {
  readonly since: number;
  readonly indexNow: () => number;
  settle(state: WatchResult['state']): void;
}

/**
 * Those who wait for an index to rise (long polls, as Consul's blocking queries). Changes wake them after `coalesceMs` all together: a
 * thousand changes at once are one wakeup each, and nobody is woken more often than once in that time.
 */
export class IndexWatch {
  readonly #clock: Clock;
  readonly #coalesceMs: number;
  readonly #maxWaiters: number;
  readonly #waiters = new Set<Waiter>();
  #cancelWake: Cancel | undefined;
  #isClosed = false;

  constructor(clock: Clock, coalesceMs: number, maxWaiters: number) {
    this.#clock = clock;
    this.#coalesceMs = coalesceMs;
    this.#maxWaiters = maxWaiters;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Resolves when `indexNow` is beyond `since`, after `timeoutMs`, or when `signal` says that nobody waits any more; never rejects. */
  wait(since: number, indexNow: () => number, timeoutMs: number, signal?: AbortSignal): Promise<WatchResult> {
    if (this.#isClosed) return Promise.resolve({ state: 'closed', index: indexNow() });
    // While a wakeup is due, also those who come late wait for it: else a storm of changes would answer each of their questions at once.
    if (this.#cancelWake === undefined && indexNow() > since)
      return Promise.resolve({ state: 'changed', index: indexNow() });
    if (this.#waiters.size >= this.#maxWaiters) return Promise.resolve({ state: 'refused', index: indexNow() });
    return new Promise((resolve) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => waiter.settle('unchanged'));
      const giveUp = (): void => waiter.settle('unchanged');
      const waiter: Waiter = {
        since,
        indexNow,
        settle: (state) => {
          cancelTimeout();
          signal?.removeEventListener('abort', giveUp);
          this.#waiters.delete(waiter);
          resolve({ state: state === 'unchanged' && indexNow() > since ? 'changed' : state, index: indexNow() });
        },
      };
      this.#waiters.add(waiter);
      if (signal?.aborted === true) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Told after each change. */
  changed(): void {
    if (this.#isClosed) return;
    this.#cancelWake ??= this.#clock.after(this.#coalesceMs, () => this.#wake());
  }

  /** Answers all who wait; harmless twice. */
  close(): void {
    this.#isClosed = true;
    this.#cancelWake?.();
    for (const waiter of [...this.#waiters]) waiter.settle('closed');
  }

  #wake(): void {
    this.#cancelWake = undefined;
    for (const waiter of [...this.#waiters]) {
      if (waiter.indexNow() > waiter.since) waiter.settle('changed');
    }
  }
}
