import type { Clock } from '../../runtime/clock.ts';

/** One turn of work on many things: short enough that whoever asked for it has an answer within 10 ms. */
const TURN_MS = 4;
/** Looking at the clock costs more than telling one connection. */
const LOOK_EVERY = 32;

/** Does something to each, in order; what does not fit into this turn in the next ones, so that nothing else waits for long. */
export function inTurns<Item>(clock: Clock, items: readonly Item[], action: (item: Item) => void, from = 0): void {
  const startedMs = clock.monotonicMs();
  for (let i = from; i < items.length; i++) {
    if (i % LOOK_EVERY === 0 && clock.monotonicMs() - startedMs > TURN_MS) {
      clock.after(0, () => inTurns(clock, items, action, i));
      return;
    }
    const item = items[i];
    if (item !== undefined) action(item);
  }
}
