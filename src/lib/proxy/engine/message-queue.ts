import type { Cancel, Clock } from '../../runtime/clock.ts';
import type { Held, InstalledFilter } from '../installed-filter.ts';
import { DUE_TOLERANCE_MS } from './hold.ts';
import type { QueueBudget } from './queue-budget.ts';

/** What one fault adds to the time that a message waits. */
export interface MessageDelay {
  readonly by: InstalledFilter;
  readonly delayMs: number;
}

interface Entry<Item> {
  readonly item: Item;
  readonly bytes: number;
  readonly arrivedMs: number;
  delays: readonly MessageDelay[];
}

const NO_DELAYS: readonly MessageDelay[] = [];

/**
 * What goes on in one direction of a call or a WebSocket, in order; each item when its own time has come and all before it have gone.
 * A fault that is taken away takes its part of the waiting with it.
 */
export class MessageQueue<Item> implements Held {
  readonly #clock: Clock;
  readonly #budget: QueueBudget;
  readonly #pass: (item: Item) => void;
  #queue: Entry<Item>[] = [];
  #bytes = 0;
  #cancelTimer: Cancel | undefined;
  #holders: Set<InstalledFilter> | undefined;

  constructor(clock: Clock, budget: QueueBudget, pass: (item: Item) => void) {
    this.#clock = clock;
    this.#budget = budget;
    this.#pass = pass;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Whether so much waits that the source should not be read. */
  get isFull(): boolean {
    return this.#queue.length > 0 && this.#budget.isFull(this.#bytes, this.#queue.length);
  }

  /** `bytes` is what the item costs while it waits. */
  push(item: Item, bytes: number, delays: readonly MessageDelay[] = NO_DELAYS): void {
    if (this.#queue.length === 0 && delays.length === 0) {
      this.#pass(item);
      return;
    }
    for (const { by } of delays) this.#hold(by);
    this.#queue.push({ item, bytes, delays, arrivedMs: this.#clock.monotonicMs() });
    this.#change(bytes);
    if (this.#queue.length === 1) this.#passDue();
  }

  /** A fault was taken away; in a turn of its own, as taking it away must return soon. */
  letGo(): void {
    this.#armTimer(0);
  }

  onRetune(by: InstalledFilter): void {
    for (const entry of this.#queue) entry.delays = entry.delays.filter((delay) => delay.by !== by);
    this.letGo();
  }

  /** Nothing that waits goes on; gives it back. */
  clear(): Item[] {
    this.#cancelTimer?.();
    this.#change(-this.#bytes);
    const items = this.#queue.map(({ item }) => item);
    this.#queue = [];
    for (const by of this.#holders ?? []) by.held.delete(this);
    this.#holders = undefined;
    return items;
  }

  #hold(by: InstalledFilter): void {
    this.#holders ??= new Set();
    this.#holders.add(by);
    by.held.add(this);
  }

  #passDue(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const nowMs = this.#clock.monotonicMs();
      const leftMs = dueMs(next) - nowMs;
      if (leftMs > DUE_TOLERANCE_MS) {
        this.#armTimer(leftMs);
        return;
      }
      this.#queue.shift();
      this.#change(-next.bytes);
      for (const { by, delayMs } of next.delays) {
        by.account.recordDelay(
          by.isRemoved ? Math.min(delayMs, nowMs - next.arrivedMs) : delayMs - leftMs,
          by.isRemoved,
        );
      }
      this.#pass(next.item);
    }
    if (this.#queue.length > 0) return;
    for (const by of this.#holders ?? []) by.held.delete(this);
    this.#holders = undefined;
  }

  #change(by: number): void {
    this.#bytes += by;
    this.#budget.change(by);
  }

  #armTimer(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.afterPrecisely(delayMs, () => this.#passDue());
  }
}

function dueMs<Item>({ arrivedMs, delays }: Entry<Item>): number {
  let atMs = arrivedMs;
  for (const { by, delayMs } of delays) if (!by.isRemoved) atMs += delayMs;
  return atMs;
}
