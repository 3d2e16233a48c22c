import { hasMore } from './tailer-state.ts';
import type { Tailer } from './tailer.ts';

/** An older generation of the same log, up to what it held when it was rotated: read first. */
interface Elder {
  readonly tailer: Tailer;
  readonly until: number;
}

/** Whose turn it is: one after another, however much each has; of one log, the oldest generation first. */
export class ReadyQueue {
  readonly #waiting = new Set<Tailer>();
  readonly #elders = new WeakMap<Tailer, readonly Elder[]>();

  add(tailer: Tailer): void {
    this.#waiting.add(tailer);
  }

  remove(tailer: Tailer): void {
    this.#waiting.delete(tailer);
  }

  /** Has one wait until the other has been read up to its present end; what is written to that one later keeps nobody waiting. */
  putAfter(tailer: Tailer, elder: Tailer): void {
    const elders = this.#elders.get(tailer) ?? [];
    this.#elders.set(tailer, [...elders.filter((one) => isAhead(one)), { tailer: elder, until: elder.end }]);
  }

  /** Takes the next one whose turn it is. It comes again when it says that it is ready. */
  take(): Tailer | undefined {
    for (const tailer of this.#waiting) {
      const isReady = hasMore(tailer.state) && tailer.state.kind !== 'held';
      if (isReady && this.#elders.get(tailer)?.some(isAhead)) continue;
      this.#waiting.delete(tailer);
      if (isReady) return tailer;
    }
    return undefined;
  }
}

function isAhead({ tailer, until }: Elder): boolean {
  return hasMore(tailer.state) && tailer.state.kind !== 'held' && tailer.position < until;
}
