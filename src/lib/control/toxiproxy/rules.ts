import { nearest } from '../../errors/nearest.ts';
import { badBody } from '../http/api-error.ts';

/**
 * What happens to requests that Toxiproxy takes and nobody can mean: they are refused; or, where its leniency is asked for, taken in the nearest
 * way that is safe, and a note says so.
 */
export class Rules {
  readonly lenient: boolean;
  readonly #onNote: (text: string) => void;
  /** Where in the body we are, as the beginning of a message. */
  readonly #place: string;

  constructor(lenient: boolean, onNote: (text: string) => void, place = '') {
    this.lenient = lenient;
    this.#onNote = onNote;
    this.#place = place;
  }

  /** The same rules for a part of the body. */
  within(place: string): Rules {
    return new Rules(this.lenient, this.#onNote, `${this.#place}${place}: `);
  }

  /** Throws ApiError 400; lenient, it notes what is done instead. */
  mind(problem: string, instead: string): void {
    if (!this.lenient) this.refuse(problem);
    this.#onNote(`${this.#place}${problem}; ${instead}`);
  }

  /** What not even leniency can take. Throws ApiError 400. */
  refuse(problem: string): never {
    throw badBody(`${this.#place}${problem}`);
  }

  /** Minds names that nobody reads. */
  mindUnknown(names: readonly string[], known: readonly string[], what: 'field' | 'attribute'): void {
    for (const name of names) {
      const near = nearest(name, known);
      const right =
        near === undefined ? `known are ${known.join(', ') || 'none'}` : `did you mean ${JSON.stringify(near)}?`;
      this.mind(`unknown ${what} ${JSON.stringify(name)}, ${right}`, 'it is ignored');
    }
  }
}
