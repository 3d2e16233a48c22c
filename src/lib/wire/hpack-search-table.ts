import { HpackDynamicTable } from './hpack-dynamic-table.ts';
import type { HeaderField } from './hpack-field.ts';

/** Where a name stands: the number of its newest entry, and of the entry of each value. */
interface KnownName {
  newest: number;
  readonly numberOfValue: Map<string, number>;
}

/** A dynamic table as an encoder needs it: fields are found by name and value. It holds as many names and values as the table entries. */
export class HpackSearchTable {
  readonly #table: HpackDynamicTable;
  readonly #names = new Map<string, KnownName>();

  constructor(maxBytes: number) {
    this.#table = new HpackDynamicTable(maxBytes, (field, number) => this.#forget(field, number));
  }

  get maxBytes(): number {
    return this.#table.maxBytes;
  }

  /** The index of such a field, 1 for the newest of all; 0 when there is none. */
  lookup(name: string, value: string): number {
    const number = this.#names.get(name)?.numberOfValue.get(value);
    return number === undefined ? 0 : this.#table.added - number;
  }

  /** The index of the newest field of this name; 0 when there is none. */
  lookupName(name: string): number {
    const known = this.#names.get(name);
    return known === undefined ? 0 : this.#table.added - known.newest;
  }

  /** The field must fit the table, and not be in it. */
  add(field: HeaderField): void {
    const { name, value } = field;
    this.#table.add(field);
    const number = this.#table.added - 1;
    const known = this.#names.get(name);
    if (known === undefined) this.#names.set(name, { newest: number, numberOfValue: new Map([[value, number]]) });
    else {
      known.newest = number;
      known.numberOfValue.set(value, number);
    }
  }

  setMaxBytes(maxBytes: number): void {
    this.#table.setMaxBytes(maxBytes);
  }

  clear(): void {
    this.#table.clear();
  }

  #forget({ name, value }: HeaderField, number: number): void {
    const known = this.#names.get(name);
    if (known === undefined) return;
    if (known.newest === number) this.#names.delete(name);
    else known.numberOfValue.delete(value);
  }
}
