import type { Address } from '../../scenario/scenario.ts';
import type { UndoList } from './undo-list.ts';

export interface PortServer {
  readonly address: Address;
  close(): Promise<void>;
}

/** What the proxy serves on a port of its own, such as its metrics. One that takes the place of another lets it go only when all else has changed too. */
export class OwnPort {
  #server: PortServer | undefined;
  #former: PortServer | undefined;
  #open: (() => Promise<PortServer>) | undefined;

  /** Where it is served at this moment. */
  get address(): Address | undefined {
    return this.#server?.address;
  }

  /** Serves it by `open`, or not any more; what `open` throws leaves all as it was. */
  async change(open: (() => Promise<PortServer>) | undefined, undo: UndoList): Promise<void> {
    const before = { server: this.#server, open: this.#open };
    if (open === undefined) {
      await this.#server?.close();
      [this.#server, this.#open] = [undefined, undefined];
      if (before.open !== undefined) undo.add(() => this.#reopen(before.open));
      return;
    }
    const opened = await open();
    this.#former = before.server;
    [this.#server, this.#open] = [opened, open];
    undo.add(async () => {
      await opened.close();
      [this.#server, this.#open, this.#former] = [before.server, before.open, undefined];
    });
  }

  /** The change is complete: the one before is not needed again. */
  async settle(): Promise<void> {
    await this.#former?.close();
    this.#former = undefined;
  }

  async close(): Promise<void> {
    await Promise.all([this.#server?.close(), this.#former?.close()]);
  }

  async #reopen(open: (() => Promise<PortServer>) | undefined): Promise<void> {
    this.#server = await open?.();
    this.#open = open;
  }
}
