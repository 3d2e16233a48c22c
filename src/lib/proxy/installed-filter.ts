import type { Effect } from '../events/run-events.ts';
import type { JsonObject } from '../events/json.ts';
import { DelayMeter } from './delay-meter.ts';
import { createDice, DecisionDigest } from './dice.ts';
import type { ConnectionAction, Dice, Filter, FilterAction, Protocol, RequestView } from './filter.ts';
import { KeyCounter } from './key-counter.ts';

/** What a filter holds back, and must let go when it is taken away. */
export interface Held {
  letGo(): void;
}

export interface InstalledFilterOptions {
  readonly id: string;
  readonly kind: string;
  readonly seed: number;
  readonly protocol: Protocol;
  readonly filter: Filter;
  readonly requested: JsonObject;
}

/** Connections are told apart by the order in which the filter met them: those open when it was added first, oldest first. */
const CONNECTION_KEY = 'connection';

/**
 * A filter in force on one service: throws its dice, and keeps account of what it did.
 *
 *     offered ──matches──▶ seen ──dice──▶ hit ──engine──▶ touched
 */
export class InstalledFilter {
  readonly id: string;
  readonly kind: string;
  /** Everything it holds back at this moment. */
  readonly held = new Set<Held>();
  readonly #options: InstalledFilterOptions;
  readonly #keys = new KeyCounter();
  readonly #digest = new DecisionDigest();
  #delays: DelayMeter | undefined;
  #removed = false;
  #offered = 0;
  #seen = 0;
  #hit = 0;
  #touched = 0;
  #responses = 0;
  #resets = 0;
  #cutShort = 0;

  constructor(options: InstalledFilterOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.#options = options;
  }

  get isRemoved(): boolean {
    return this.#removed;
  }

  /** `keyOf` is only asked when the fault is meant for the request. */
  decideRequest(request: RequestView, keyOf: () => string): FilterAction | undefined {
    const { filter } = this.#options;
    if (filter.onRequest === undefined) return undefined;
    this.#offered++;
    if (filter.matches?.(request) === false) return undefined;
    const key = keyOf();
    const { index, dice } = this.#throwFor(key);
    return this.#note(key, index, filter.onRequest(request, dice));
  }

  /** The decision about a connection, taken once; `dice` serve its chunks. */
  decideConnection(): { readonly action: ConnectionAction; readonly dice: Dice } | undefined {
    const { filter } = this.#options;
    if (filter.onConnection === undefined) return undefined;
    this.#offered++;
    const { index, dice } = this.#throwFor(CONNECTION_KEY);
    const action = this.#note(CONNECTION_KEY, index, filter.onConnection(dice));
    return action && { action, dice };
  }

  decideChunk(bytes: number, direction: 'upstream' | 'downstream', dice: Dice): FilterAction | undefined {
    return this.#options.filter.onChunk?.({ bytes, direction }, dice);
  }

  /** The engine has begun to act on a request or a connection. */
  touch(action: 'delay' | 'respond' | 'reset'): void {
    this.#touched++;
    if (action === 'respond') this.#responses++;
    if (action === 'reset') this.#resets++;
  }

  /** How long something was really held; `cutShort` when it was let go, or its caller hung up, before the time was over. */
  recordDelay(delayMs: number, cutShort = false): void {
    this.#delays ??= new DelayMeter();
    this.#delays.record(delayMs);
    if (cutShort) this.#cutShort++;
  }

  /** From here on it decides nothing, and what it holds back goes on at once. */
  remove(): void {
    this.#removed = true;
    this.#keys.clear();
    for (const held of this.held) held.letGo();
  }

  effect(): Effect {
    const note = this.#touched === 0 ? this.#whyUntouched() : undefined;
    return {
      touched: this.#touched,
      requested: this.#options.requested,
      delivered: this.#delivered(),
      decisions: { seen: this.#seen, hit: this.#hit, digest: this.#digest.toString() },
      ...(note === undefined ? {} : { note }),
    };
  }

  #throwFor(key: string): { readonly index: number; readonly dice: Dice } {
    const index = this.#keys.next(key);
    return { index, dice: createDice({ seed: this.#options.seed, fault: this.id, key, index }) };
  }

  #note<Action>(key: string, index: number, action: Action | undefined): Action | undefined {
    this.#seen++;
    if (action !== undefined) this.#hit++;
    this.#digest.add(key, index, action !== undefined);
    return action;
  }

  #delivered(): JsonObject {
    return {
      percent: this.#seen === 0 ? 0 : Math.round((this.#hit / this.#seen) * 10_000) / 100,
      ...(this.#delays === undefined ? {} : { delayMs: this.#delays.summary() }),
      ...(this.#cutShort > 0 ? { cutShort: this.#cutShort } : {}),
      ...(this.#responses > 0 ? { responses: this.#responses } : {}),
      ...(this.#resets > 0 ? { resets: this.#resets } : {}),
    };
  }

  #whyUntouched(): string {
    const what = this.#options.protocol === 'http' ? 'request' : 'connection';
    if (this.#offered === 0) return `no ${what} reached the service while the fault was in force`;
    if (this.#seen === 0)
      return `${count(this.#offered, what)} reached the service, but none was one that the fault is meant for`;
    if (this.#hit === 0) return `${count(this.#seen, what)} came, but the dice chose none of them`;
    return `${count(this.#hit, what)} chosen, but ended before the fault could act`;
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
