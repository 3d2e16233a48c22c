/** Reloads, one at a time: however often one is asked for while another goes on, one more follows it. */
export class Reloads {
  readonly #reload: () => Promise<void>;
  #running: Promise<void> | undefined;
  #isWanted = false;

  /** `reload` never rejects. */
  constructor(reload: () => Promise<void>) {
    this.#reload = reload;
  }

  request(): void {
    this.#isWanted = true;
    this.#running ??= this.#work().finally(() => (this.#running = undefined));
  }

  /** No reload begins any more; resolves when the one that goes on has ended. */
  async end(): Promise<void> {
    this.#isWanted = false;
    await this.#running;
  }

  async #work(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#reload();
    }
  }
}
