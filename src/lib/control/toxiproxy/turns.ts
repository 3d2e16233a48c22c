/** Work on the same name is done one after another, in the order in which it was asked for; other names do not wait. */
export class Turns {
  readonly #last = new Map<string, Promise<undefined>>();

  async take<Value>(name: string, work: () => Promise<Value> | Value): Promise<Value> {
    const before = this.#last.get(name);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#last.set(name, promise);
    try {
      await before;
      return await work();
    } finally {
      resolve(undefined);
      if (this.#last.get(name) === promise) this.#last.delete(name);
    }
  }
}
