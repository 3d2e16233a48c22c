import type { Cancel, Clock } from '../../runtime/clock.ts';
import type { Held, InstalledFilter } from '../installed-filter.ts';
import { DUE_TOLERANCE_MS } from './hold.ts';

interface Entry {
  /** Undefined: the end of the stream. */
  readonly chunk: Buffer | undefined;
  readonly arrivedMs: number;
  readonly dueMs: number;
  /** Whether the filter delayed it; the others only keep their place. */
  readonly counts: boolean;
}

export interface DelayLineOptions {
  readonly clock: Clock;
  readonly by: InstalledFilter;
  /** What has waited long enough, in order; undefined is the end of the stream. */
  readonly pass: (chunk: Buffer | undefined) => void;
}

/**
 * One filter's queue in one direction of a connection. Each chunk has its own due time, so that a delay costs time and not throughput;
 * none overtakes another.
 *
 *     arrived   a0  b1  c2                 jitter may draw c a shorter delay than b:
 *     due             a5      b9  c9       it then comes out right behind it
 */
export class DelayLine implements Held {
  readonly #options: DelayLineOptions;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  #cancelTimer: Cancel | undefined;
  #letGo = false;
  #disposed = false;

  constructor(options: DelayLineOptions) {
    this.#options = options;
    options.by.held.add(this);
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get queuedChunks(): number {
    return this.#queue.length;
  }

  /** `delayMs` undefined: the filter lets it pass. */
  push(chunk: Buffer | undefined, delayMs: number | undefined): void {
    const arrivedMs = this.#options.clock.monotonicMs();
    const dueMs = arrivedMs + (this.#letGo ? 0 : (delayMs ?? 0));
    this.#queue.push({ chunk, arrivedMs, dueMs, counts: delayMs !== undefined });
    this.#queuedBytes += chunk?.length ?? 0;
    if (this.#queue.length === 1) this.#passDue();
  }

  /** Everything waiting is due at once; it goes out in a turn of its own, as removing a filter must return soon. */
  letGo(): void {
    this.#letGo = true;
    this.#options.by.held.delete(this);
    if (this.#queue.length === 0) return;
    const nowMs = this.#options.clock.monotonicMs();
    this.#queue = this.#queue.map((entry) => ({ ...entry, dueMs: Math.min(entry.dueMs, nowMs) }));
    this.#armTimer(0);
  }

  /** The connection is gone, and what waits with it. */
  dispose(): void {
    this.#disposed = true;
    this.#cancelTimer?.();
    this.#options.by.held.delete(this);
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #passDue(): void {
    const nowMs = this.#options.clock.monotonicMs();
    let passed = 0;
    for (const entry of this.#queue) {
      if (entry.dueMs - nowMs > DUE_TOLERANCE_MS) break;
      passed++;
    }
    const due = this.#queue.splice(0, passed);
    for (const { chunk, arrivedMs, counts } of due) {
      if (this.#disposed) return;
      this.#queuedBytes -= chunk?.length ?? 0;
      if (counts) this.#options.by.recordDelay(nowMs - arrivedMs);
      this.#options.pass(chunk);
    }
    const next = this.#queue[0];
    if (next !== undefined) this.#armTimer(next.dueMs - nowMs);
  }

  #armTimer(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#passDue());
  }
}
