import type { ConnectionAction, Dice, FilterAction, RequestView } from './filter.ts';
import type { InstalledFilter } from './installed-filter.ts';
import { requestKey } from './request-key.ts';

export interface Delay {
  readonly by: InstalledFilter;
  readonly delayMs: number;
}

export type Ending = Exclude<FilterAction, { do: 'delay' }>;

/** What the filters of a service want of one request: the delays one after another, then the ending, if any. */
export interface RequestVerdict {
  readonly delays: readonly Delay[];
  readonly end: { readonly by: InstalledFilter; readonly action: Ending } | undefined;
}

export interface ConnectionVerdict {
  readonly by: InstalledFilter;
  readonly action: ConnectionAction;
  readonly dice: Dice;
}

/** The filters of one service, in the order in which they were added. An answer or a reset ends the chain. */
export class Chain {
  readonly #filters: InstalledFilter[] = [];

  get isEmpty(): boolean {
    return this.#filters.length === 0;
  }

  has(id: string): boolean {
    return this.#filters.some((filter) => filter.id === id);
  }

  add(filter: InstalledFilter): void {
    this.#filters.push(filter);
  }

  remove(id: string): void {
    const at = this.#filters.findIndex((filter) => filter.id === id);
    const [removed] = at < 0 ? [] : this.#filters.splice(at, 1);
    removed?.remove();
  }

  removeAll(): void {
    for (const filter of this.#filters.splice(0)) filter.remove();
  }

  /** Undefined when every filter lets the request pass. */
  decideRequest(request: RequestView): RequestVerdict | undefined {
    let key: string | undefined;
    const keyOf = (): string => (key ??= requestKey(request));
    const delays: Delay[] = [];
    for (const by of this.#filters) {
      const action = by.decideRequest(request, keyOf);
      if (action === undefined) continue;
      if (action.do !== 'delay') return { delays, end: { by, action } };
      delays.push({ by, delayMs: action.delayMs });
    }
    return delays.length === 0 ? undefined : { delays, end: undefined };
  }

  /** The decisions of all filters about a new connection, up to the first that ends it. */
  decideConnection(): ConnectionVerdict[] {
    const verdicts: ConnectionVerdict[] = [];
    for (const by of this.#filters) {
      const decision = by.decideConnection();
      if (decision === undefined) continue;
      verdicts.push({ by, ...decision });
      if (decision.action.do === 'reset' || decision.action.do === 'respond') break;
    }
    return verdicts;
  }
}
