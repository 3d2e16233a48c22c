import type { Effect } from '../events/run-events.ts';
import type { JsonObject } from '../events/json.ts';
import { createDice } from './dice.ts';
import { FilterAccount } from './filter-account.ts';
import type { BoundFilter, Dice, Filter, Layer, MessageAction, MessageView, RequestAction } from './filter.ts';
import { KeyCounter } from './key-counter.ts';
import { compileMatch, isNumbered, isWithinWindow, type CompiledMatch } from './scope.ts';
import type { ConnectionView, Direction, RequestView } from './views.ts';

/** What a filter holds back, and must let go when it is taken away. */
export interface Held {
  letGo(): void;
  /** The filter has other parameters: what waits for the old ones need not wait any longer. */
  onRetune?(by: InstalledFilter): void;
}

export interface InstalledFilterOptions {
  readonly id: string;
  readonly kind: string;
  readonly seed: number;
  /** When the fault began, on the proxy's clock. */
  readonly startedMs: number;
  readonly bound: BoundFilter;
}

/** Connections are told apart by their number on the listener: the same one gets the same decision, whatever happened before. */
const CONNECTION_KEY = 'connection';

/** What a filter wants of a request, and the dice for what goes on from there. */
export interface RequestChoice {
  readonly action: RequestAction;
  readonly dice: Dice;
}

/** A filter's decision about a connection, and the dice for what happens on it. */
export interface ConnectionChoice {
  readonly dice: Dice;
  /** Which one it is among those that the fault is meant for: 1, 2, 3 … */
  readonly number: number;
  readonly isHit: boolean;
}

/**
 * A filter in force on one service: finds out who is meant, throws its dice, and keeps account of what it did.
 *
 *     offered ──matches, in window──▶ seen ──by number, by dice──▶ hit ──engine──▶ touched
 */
export class InstalledFilter {
  readonly id: string;
  readonly kind: string;
  readonly startedMs: number;
  /** Everything it holds back at this moment. */
  readonly held = new Set<Held>();
  readonly account = new FilterAccount();
  readonly #seed: number;
  /** What it met last: some act on requests and on raw connections. */
  #unit: Layer;
  readonly #keys = new KeyCounter();
  #bound: BoundFilter;
  #match: CompiledMatch;
  #removed = false;

  constructor({ id, kind, seed, startedMs, bound }: InstalledFilterOptions) {
    this.id = id;
    this.kind = kind;
    this.startedMs = startedMs;
    this.#seed = seed;
    this.#bound = bound;
    this.#match = compileMatch(bound.scope.match);
    this.#unit = unitOf(bound.filter);
  }

  get filter(): Filter {
    return this.#bound.filter;
  }

  get requested(): JsonObject {
    return this.#bound.requested;
  }

  get isRemoved(): boolean {
    return this.#removed;
  }

  /** Takes other parameters; what it has counted and decided stays. */
  retune(bound: BoundFilter): void {
    this.#bound = bound;
    this.#match = compileMatch(bound.scope.match);
    for (const held of this.held) held.onRetune?.(this);
  }

  isOpenAt(nowMs: number): boolean {
    return !this.#removed && isWithinWindow(this.#bound.scope, nowMs - this.startedMs);
  }

  /** How long until the window opens; 0 while it is open, undefined when it never is again. */
  opensInMs(nowMs: number): number | undefined {
    const { window } = this.#bound.scope;
    if (this.#removed) return undefined;
    if (window === undefined) return 0;
    const sinceMs = nowMs - this.startedMs;
    if (window.to !== undefined && sinceMs >= window.to) return undefined;
    return Math.max(0, window.from - sinceMs);
  }

  /** Undefined when the filter does not mean the request. `keyOf` is only asked when it does. */
  decideRequest(
    request: RequestView,
    connection: ConnectionView,
    nowMs: number,
    keyOf: () => string,
  ): RequestChoice | undefined {
    const part = this.#bound.filter.request;
    if (part === undefined) return undefined;
    this.#unit = 'request';
    this.account.offered++;
    if (!this.means(request, connection, nowMs)) return undefined;
    const key = keyOf();
    const index = this.#keys.next(key);
    const dice = createDice({ seed: this.#seed, fault: this.id, key, index });
    const isChosen = this.#choose(dice);
    const action = this.#note(key, index, isChosen ? part.onRequest(request, dice) : undefined);
    return action && { action, dice };
  }

  /** Whether the match fits, at a time when the fault acts. */
  means(request: RequestView | undefined, connection: ConnectionView, nowMs: number): boolean {
    if (!this.isOpenAt(nowMs)) return false;
    const { connection: ofConnection, request: ofRequest } = this.#match;
    if (ofConnection !== undefined && !ofConnection(connection)) return false;
    return ofRequest === undefined || (request !== undefined && ofRequest(request));
  }

  /**
   * The decision about a connection, once for its whole life; undefined when the fault does not mean it. What a window shuts out is decided
   * all the same: the fault may begin or end while the connection stands.
   */
  decideConnection(connection: ConnectionView): ConnectionChoice | undefined {
    this.#unit = 'stream';
    this.account.offered++;
    const { connection: matches } = this.#match;
    if (matches !== undefined && !matches(connection)) return undefined;
    const dice = this.diceOf(connection);
    const isHit = this.#choose(dice);
    this.#note(CONNECTION_KEY, connection.ordinal, isHit ? true : undefined);
    return { dice, isHit, number: this.account.seen };
  }

  /** Whether a connection that was decided about is still one to hurt, after the parameters changed: the dice are thrown as before. */
  isStillHit(connection: ConnectionView, choice: ConnectionChoice): boolean {
    const { connection: matches } = this.#match;
    if (matches !== undefined && !matches(connection)) return false;
    return isNumbered(this.#bound.scope, choice.number) && this.#isLucky(choice.dice);
  }

  /** The dice of a connection: always the same for the same connection. */
  diceOf(connection: ConnectionView): Dice {
    return createDice({ seed: this.#seed, fault: this.id, key: CONNECTION_KEY, index: connection.ordinal });
  }

  /**
   * The decision about a message of a call or WebSocket that the filter means. `key` names the call, and nothing else does; messages are
   * numbered within their call and direction.
   */
  decideMessage(message: MessageView, key: string): MessageAction | undefined {
    const part = this.#bound.filter.message;
    if (part === undefined) return undefined;
    this.account.seen++;
    const dice = createDice({ seed: this.#seed, fault: this.id, key, index: message.ordinal });
    const isChosen = isNumbered(this.#bound.scope, message.ordinal + 1) && this.#isLucky(dice);
    return this.#note(key, message.ordinal, isChosen ? part.onMessage(message, dice) : undefined);
  }

  /** Whether a datagram of a flow is hurt, and its dice. */
  decideDatagram(flow: ConnectionView, direction: Direction, ordinal: number): Dice | undefined {
    this.#unit = 'datagram';
    this.account.offered++;
    const { connection: matches } = this.#match;
    if (matches !== undefined && !matches(flow)) return undefined;
    const key = `flow ${flow.ordinal}/${direction}`;
    const dice = createDice({ seed: this.#seed, fault: this.id, key, index: ordinal });
    const isHit = this.#choose(dice);
    this.#note(key, ordinal, isHit ? true : undefined);
    return isHit ? dice : undefined;
  }

  /** From here on it decides nothing. What it holds back is let go by whoever removes it. */
  remove(): void {
    this.#removed = true;
    this.#keys.clear();
  }

  effect(): Effect {
    return this.account.effect(this.#bound.requested, this.#unit);
  }

  #choose(dice: Dice): boolean {
    this.account.seen++;
    return isNumbered(this.#bound.scope, this.account.seen) && this.#isLucky(dice);
  }

  /** Never at 0 %, always at 100 %. */
  #isLucky(dice: Dice): boolean {
    const { percent } = this.#bound.scope;
    return percent >= 100 || dice.fraction('percent') * 100 < percent;
  }

  #note<Decision>(key: string, index: number, decision: Decision | undefined): Decision | undefined {
    this.account.decided(key, index, decision !== undefined);
    return decision;
  }
}

function unitOf({ request, message, stream }: Filter): Layer {
  if (message !== undefined) return 'message';
  if (request !== undefined) return 'request';
  return stream !== undefined ? 'stream' : 'datagram';
}
