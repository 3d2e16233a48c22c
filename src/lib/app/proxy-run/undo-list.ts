import { messageOf } from '../../errors/app-error.ts';

/** What takes back what has been done so far, the last done first. */
export class UndoList {
  readonly #undos: (() => unknown)[] = [];

  add(undo: () => unknown): void {
    this.#undos.push(undo);
  }

  /** Takes everything back; what cannot be is told, and does not keep the rest from it. */
  async run(onFailure: (reason: string) => void): Promise<void> {
    for (const undo of this.#undos.toReversed()) {
      try {
        await undo();
      } catch (error) {
        onFailure(messageOf(error));
      }
    }
  }
}
