import { ALL_STREAMS } from './http2-session.ts';

/** The ids of the streams that we open at a service. */
export class ServiceIds {
  #next = 1;
  /** The last one that the service takes, once it has said that it goes away. */
  #last = ALL_STREAMS;

  /** Undefined when the service takes no more streams. */
  take(): number | undefined {
    if (!this.areLeft) return undefined;
    const id = this.#next;
    this.#next += 2;
    return id;
  }

  get areLeft(): boolean {
    return this.#next <= this.#last;
  }

  /** It takes none beyond this one; whether that refuses any that it was sent. */
  endAt(last: number): boolean {
    this.#last = Math.min(this.#last, last);
    return this.#next - 2 > this.#last;
  }
}
