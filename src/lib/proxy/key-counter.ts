/** Keys remembered per fault; beyond it the one not seen for longest is forgotten and starts at 0 again. About 10 MB at most. */
export const MAX_KEYS = 65_536;

/** Counts how often each key was seen, with a bounded memory. */
export class KeyCounter {
  readonly #counts = new Map<string, number>();
  readonly #maxKeys: number;

  constructor(maxKeys = MAX_KEYS) {
    this.#maxKeys = maxKeys;
  }

  /** How often the key was seen before; counts this sight. */
  next(key: string): number {
    const before = this.#counts.get(key) ?? 0;
    // A Map keeps the order of insertion: what is taken out and put back is the youngest.
    if (before > 0) this.#counts.delete(key);
    this.#counts.set(key, before + 1);
    if (this.#counts.size > this.#maxKeys) this.#forgetOldest();
    return before;
  }

  clear(): void {
    this.#counts.clear();
  }

  #forgetOldest(): void {
    const oldest = this.#counts.keys().next();
    if (!oldest.done) this.#counts.delete(oldest.value);
  }
}
