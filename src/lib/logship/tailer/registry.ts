import type { Tailer } from './tailer.ts';

/** The tailers at work, by where their files are and by what these are. */
export class TailerRegistry {
  readonly #byPath = new Map<string, Tailer>();
  readonly #byKey = new Map<string, Tailer>();

  get size(): number {
    return this.#byKey.size;
  }

  all(): MapIterator<Tailer> {
    return this.#byKey.values();
  }

  /** The one that has this name now. */
  lookupPath(path: string): Tailer | undefined {
    return this.#byPath.get(path);
  }

  lookupKey(key: string): Tailer | undefined {
    return this.#byKey.get(key);
  }

  add(tailer: Tailer): void {
    this.#byKey.set(tailer.key, tailer);
    this.#byPath.set(tailer.path, tailer);
  }

  /** Forgets its name; it is known by its file still. */
  unname(tailer: Tailer): void {
    if (this.#byPath.get(tailer.path) === tailer) this.#byPath.delete(tailer.path);
  }

  remove(tailer: Tailer): void {
    this.unname(tailer);
    if (this.#byKey.get(tailer.key) === tailer) this.#byKey.delete(tailer.key);
  }
}
