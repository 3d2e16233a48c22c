type Cancel = () => void;

/**
 * Timers of the system fire on whole milliseconds, up to one and a half late. These sleep until shortly before the time and then poll:
 *
 *     now ─────── system timer ───────▶│◀─ poll, ≤ 1.5 ms ─▶│ due
 *
 * Polling takes CPU time, so there is a budget for it; beyond it they are as precise as the system's timers.
 */
export interface PreciseTimersOptions {
  readonly nowMs: () => number;
  /** Runs the action after about so long; a whole number of ms or 0. */
  readonly sleep: (delayMs: number, action: () => void) => Cancel;
  /** Runs the action in the next turn of the event loop. */
  readonly nextTurn: (action: () => void) => Cancel;
}

interface Entry {
  readonly dueMs: number;
  action: (() => void) | undefined;
}

/** A system timer of n ms fires at most this much after n ms, on an idle machine. */
const SLEEP_SLACK_MS = 1.5;
/** Of each period this much may be spent polling: a fifth of one core. */
const BUDGET_PERIOD_MS = 100;
const BUDGET_MS = 20;
/** Cancelled entries that may stay until their time, before the heap is built anew without them. */
const MAX_CANCELLED = 1024;

export class PreciseTimers {
  readonly #options: PreciseTimersOptions;
  /** A binary heap, the earliest first. */
  readonly #heap: Entry[] = [];
  #cancelWake: Cancel | undefined;
  #wakeMs = Infinity;
  #isPolling = false;
  #periodStartMs = -Infinity;
  #polledMs = 0;
  #cancelled = 0;

  constructor(options: PreciseTimersOptions) {
    this.#options = options;
  }

  /** Runs `action` once, `delayMs` from now. */
  after(delayMs: number, action: () => void): Cancel {
    const dueMs = this.#options.nowMs() + Math.max(0, delayMs);
    const entry: Entry = { dueMs, action };
    this.#push(entry);
    if (this.#heap[0] === entry) this.#arm();
    return () => {
      if (entry.action === undefined) return;
      entry.action = undefined;
      this.#cancelled++;
      this.#dropCancelled();
    };
  }

  /** How many wait, cancelled ones that are not at the front included. */
  get size(): number {
    return this.#heap.length;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined) {
      this.#disarm();
      return;
    }
    const nowMs = this.#options.nowMs();
    const leftMs = first.dueMs - nowMs;
    const mayPoll = leftMs <= SLEEP_SLACK_MS && this.#hasBudget(nowMs);
    if (mayPoll) {
      if (this.#isPolling) return;
      this.#disarm();
      this.#isPolling = true;
      this.#cancelWake = this.#options.nextTurn(() => this.#onWake(nowMs));
      return;
    }
    if (!this.#isPolling && this.#wakeMs === first.dueMs) return;
    this.#disarm();
    this.#wakeMs = first.dueMs;
    const sleepMs = leftMs > SLEEP_SLACK_MS ? Math.floor(leftMs - SLEEP_SLACK_MS) : Math.ceil(leftMs);
    this.#cancelWake = this.#options.sleep(Math.max(0, sleepMs), () => this.#onWake(undefined));
  }

  #disarm(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#isPolling = false;
    this.#wakeMs = Infinity;
  }

  #onWake(polledSinceMs: number | undefined): void {
    const nowMs = this.#options.nowMs();
    if (polledSinceMs !== undefined) this.#polledMs += nowMs - polledSinceMs;
    this.#disarm();
    try {
      this.#runDue(nowMs);
    } finally {
      this.#arm();
    }
  }

  #runDue(nowMs: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.dueMs <= nowMs; first = this.#heap[0]) {
      const { action } = first;
      this.#pop();
      first.action = undefined;
      action?.();
    }
  }

  #hasBudget(nowMs: number): boolean {
    if (nowMs - this.#periodStartMs >= BUDGET_PERIOD_MS) {
      this.#periodStartMs = nowMs;
      this.#polledMs = 0;
    }
    return this.#polledMs < BUDGET_MS;
  }

  /** Cancelled entries at the front keep nothing awake; those behind are dropped when their turn comes, or when they are too many. */
  #dropCancelled(): void {
    let dropped = false;
    while (this.#heap[0] !== undefined && this.#heap[0].action === undefined) {
      this.#pop();
      dropped = true;
    }
    if (this.#cancelled > MAX_CANCELLED && this.#cancelled > this.#heap.length / 2) this.#compact();
    if (dropped) this.#arm();
  }

  #compact(): void {
    const waiting = this.#heap.filter(({ action }) => action !== undefined);
    this.#heap.length = 0;
    this.#cancelled = 0;
    for (const entry of waiting) this.#push(entry);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || parent.dueMs <= entry.dueMs) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    if (heap[0]?.action === undefined) this.#cancelled--;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = heap[childAt];
      if (child === undefined) break;
      const right = heap[childAt + 1];
      if (right !== undefined && right.dueMs < child.dueMs) {
        child = right;
        childAt++;
      }
      if (child.dueMs >= last.dueMs) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}
