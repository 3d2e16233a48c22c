import type { Clock } from '../../runtime/clock.ts';
import { isCopySoFar } from './copies.ts';
import type { Tailer } from './tailer.ts';

/** After the last byte of a copy the original is truncated at once; so long without either, and it is a file of its own. */
const HOLD_MS = 3_000;

interface Held {
  readonly origin: Tailer;
  sizeBytes: number;
  grownMs: number;
}

/** New files that may be copies which rotation is just making of files that are followed: nothing of them is read until that is known. */
export class HeldCopies {
  readonly #clock: Clock;
  readonly #held = new Map<Tailer, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Holds a new file if it looks like a copy of the other; whether it does. */
  hold(tailer: Tailer, origin: Tailer): boolean {
    // If it is emptied already, it finds its copy by itself.
    origin.verify();
    if (tailer.state.kind === 'done') return true;
    if (origin.position === 0 || !isCopy(tailer, origin)) return false;
    tailer.hold();
    this.#held.set(tailer, { origin, sizeBytes: tailer.end, grownMs: this.#clock.monotonicMs() });
    return true;
  }

  /** Lets go what has turned out to be no copy. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [tailer, held] of this.#held) {
      held.origin.verify();
      const sizeBytes = tailer.open()?.facts().sizeBytes ?? held.sizeBytes;
      if (sizeBytes > held.sizeBytes) Object.assign(held, { sizeBytes, grownMs: nowMs });
      const isOver =
        nowMs - held.grownMs >= HOLD_MS || held.origin.state.kind === 'done' || !isCopy(tailer, held.origin);
      if (tailer.state.kind === 'held' && !isOver) continue;
      this.#held.delete(tailer);
      tailer.release();
    }
  }
}

function isCopy(tailer: Tailer, origin: Tailer): boolean {
  const [copy, original] = [tailer.open(), origin.open()];
  return copy !== undefined && original !== undefined && isCopySoFar(copy, original);
}
