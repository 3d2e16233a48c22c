/** Changes that a listener itself causes while it hears of one; a listener that answers every change with a change would go round for ever. */
const MAX_ECHOES = 16;

/**
 * Tells a listener of changes, one after the other. A change made from within the listener waits until the listener has returned; what the
 * listener throws goes to `onError` and never to whoever made the change.
 */
export class ChangeTeller<Change> {
  readonly #listener: ((change: Change) => void) | undefined;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #waiting: Change[] = [];
  #isTelling = false;

  constructor(listener: ((change: Change) => void) | undefined, onError: ((error: unknown) => void) | undefined) {
    this.#listener = listener;
    this.#onError = onError;
  }

  tell(change: Change): void {
    if (this.#isTelling) {
      if (this.#waiting.length < MAX_ECHOES) this.#waiting.push(change);
      return;
    }
    this.#isTelling = true;
    this.#call(change);
    for (let echoes = 0; echoes < MAX_ECHOES; echoes++) {
      const echo = this.#waiting.shift();
      if (echo !== undefined) this.#call(echo);
    }
    this.#waiting.length = 0;
    this.#isTelling = false;
  }

  #call(change: Change): void {
    try {
      this.#listener?.(change);
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    try {
      this.#onError?.(error);
    } catch {
      // Whoever breaks both has nobody left to hear of it; the breaker goes on.
    }
  }
}
