import type { Cancel, Clock } from '../runtime/clock.ts';

/**
 * Timers on a grid: what falls due around a point of the grid runs there together, at most half a slot early or late. A process that wakes
 * fifty times a second for twenty checks each spends half of what it costs to wake a thousand times for one.
 *
 *     due        1 2     3    4  5
 *     grid    │─────────│─────────│
 *     runs    1 2       3 4       5
 */
export class SlotTimers {
  readonly #clock: Clock;
  readonly #slotMs: number;
  readonly #slots = new Map<number, Slot>();

  constructor(clock: Clock, slotMs: number) {
    this.#clock = clock;
    this.#slotMs = slotMs;
  }

  /** Runs `action` at the point of the grid nearest to that monotonic time, at the next turn when it is past. An action waits once for a point. */
  near(dueMs: number, action: () => void): Cancel {
    const number = Math.round(dueMs / this.#slotMs);
    const slot = this.#slots.get(number) ?? this.#open(number);
    slot.actions.add(action);
    return () => {
      slot.actions.delete(action);
      if (slot.actions.size === 0 && this.#slots.get(number) === slot) {
        this.#slots.delete(number);
        slot.cancel();
      }
    };
  }

  #open(number: number): Slot {
    const delayMs = Math.max(0, number * this.#slotMs - this.#clock.monotonicMs());
    const slot: Slot = {
      actions: new Set(),
      cancel: this.#clock.after(delayMs, () => {
        this.#slots.delete(number);
        for (const action of slot.actions) action();
      }),
    };
    this.#slots.set(number, slot);
    return slot;
  }
}

interface Slot {
  readonly actions: Set<() => void>;
  readonly cancel: Cancel;
}
