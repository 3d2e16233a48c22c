import { numberWithin } from './options/number-within.ts';
import { tell } from './options/tell.ts';

/** The budget went from having a retry left to having none, or back. */
export interface BudgetChange {
  readonly from: 'available' | 'exhausted';
  readonly to: 'available' | 'exhausted';
  /** Within the window, at the time of the change. */
  readonly requests: number;
  readonly retries: number;
  readonly nowMs: number;
}

export interface RetryBudgetOptions {
  /** Retries allowed, as a share of the requests of the window. 0 to 1000; default 20, as in Finagle, linkerd and Envoy: at worst a fifth more load. */
  readonly ratioPercent?: number | undefined;
  /** How long a request earns, and a retry costs. 100 to 3,600,000; default 10,000, as in Finagle: longer than a deploy's hiccup, shorter than an outage. */
  readonly windowMs?: number | undefined;
  /**
   * Retries allowed on top of the share. 0 to 1,000,000; default 10, as in Finagle and linkerd: with little traffic a share alone would
   * forbid nearly every retry, and no service falls over from ten more requests a second.
   */
  readonly minRetriesPerSecond?: number | undefined;
  /** Told when the budget runs out and when it has a retry again; called last, may use the budget, and what it throws is dropped. */
  readonly onChange?: ((change: BudgetChange) => void) | undefined;
}

/** What stands in a budget's books, as plain data. */
export interface BudgetView {
  /** Retries that could be withdrawn now. */
  readonly available: number;
  /** Within the window. */
  readonly requests: number;
  readonly retries: number;
  /** Withdrawals refused since the budget was made. */
  readonly refused: number;
}

/** Slices of the window; the oldest is dropped as a whole, so the window is between nine tenths and all of its length. */
const SLICES = 10;

/** Balances are whole hundredths of a retry: a request earns `ratioPercent` of them. Sums of whole numbers do not drift. */
const HUNDREDTHS = 100;

/**
 * Bounds retries by the requests that earn them, so that retries cannot multiply the load on a service that is already failing:
 *
 *     retries in a window  <=  ratioPercent / 100 × requests in it  +  minRetriesPerSecond × its seconds
 *
 * As Finagle's `RetryBudget` does it. Call `deposit` for each request (not for its retries) and `tryWithdraw` before each retry; share
 * one budget among all that call one service. Nothing allocates, and there is no timer.
 *
 *     ┌────┬────┬────┬─ … ─┬────┐
 *     │ −9 │ −8 │ −7 │     │ now│   requests and retries of each tenth of the window; a tenth that comes around again starts at 0
 *     └────┴────┴────┴─ … ─┴────┘
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #sliceMs: number;
  readonly #reserve: number;
  readonly #onChange: ((change: BudgetChange) => void) | undefined;
  readonly #requests = new Float64Array(SLICES);
  readonly #retries = new Float64Array(SLICES);
  #slice = Number.MIN_SAFE_INTEGER;
  #requestSum = 0;
  #retrySum = 0;
  #refused = 0;
  #isExhausted: boolean;

  /** Throws `AppError('usage')` that names the option that is wrong. */
  constructor(options: RetryBudgetOptions = {}) {
    const ratio = { field: 'ratioPercent', min: 0, max: 1000, fallback: 20, isWhole: true };
    const window = { field: 'windowMs', min: 100, max: 3_600_000, fallback: 10_000 };
    const least = { field: 'minRetriesPerSecond', min: 0, max: 1_000_000, fallback: 10 };
    const windowMs = numberWithin(options.windowMs, window);
    this.#ratio = numberWithin(options.ratioPercent, ratio);
    this.#sliceMs = windowMs / SLICES;
    this.#reserve = Math.floor(((numberWithin(options.minRetriesPerSecond, least) * windowMs) / 1000) * HUNDREDTHS);
    this.#isExhausted = this.#reserve < HUNDREDTHS;
    this.#onChange = options.onChange;
  }

  /** Counts a request, which earns its share of a retry. `nowMs` is monotonic; when it goes backwards no time has passed. */
  deposit(nowMs: number): void {
    this.#advance(nowMs);
    this.#requests[this.#at] = (this.#requests[this.#at] ?? 0) + 1;
    this.#requestSum++;
    this.#settle(nowMs);
  }

  /** Whether one more retry is within the budget; if so it is taken from it. */
  tryWithdraw(nowMs: number): boolean {
    this.#advance(nowMs);
    const isAllowed = this.#balance >= HUNDREDTHS;
    if (isAllowed) {
      this.#retries[this.#at] = (this.#retries[this.#at] ?? 0) + 1;
      this.#retrySum++;
    } else this.#refused++;
    this.#settle(nowMs);
    return isAllowed;
  }

  /** The books at this time. */
  view(nowMs: number): BudgetView {
    this.#advance(nowMs);
    const available = Math.max(0, Math.floor(this.#balance / HUNDREDTHS));
    return { available, requests: this.#requestSum, retries: this.#retrySum, refused: this.#refused };
  }

  get #balance(): number {
    return this.#reserve + this.#requestSum * this.#ratio - this.#retrySum * HUNDREDTHS;
  }

  /** Where the current slice is kept. */
  get #at(): number {
    return ((this.#slice % SLICES) + SLICES) % SLICES;
  }

  /** Drops what has left the window; after a long pause that is everything. */
  #advance(nowMs: number): void {
    const slice = Math.floor(nowMs / this.#sliceMs);
    if (!(slice > this.#slice)) return;
    const steps = Math.min(SLICES, slice - this.#slice);
    this.#slice = slice;
    for (let back = 0; back < steps; back++) this.#clear((this.#at - back + SLICES) % SLICES);
  }

  #clear(at: number): void {
    this.#requestSum -= this.#requests[at] ?? 0;
    this.#retrySum -= this.#retries[at] ?? 0;
    this.#requests[at] = 0;
    this.#retries[at] = 0;
  }

  #settle(nowMs: number): void {
    const isExhausted = this.#balance < HUNDREDTHS;
    if (isExhausted === this.#isExhausted) return;
    this.#isExhausted = isExhausted;
    const [from, to] = isExhausted ? (['available', 'exhausted'] as const) : (['exhausted', 'available'] as const);
    tell(this.#onChange, { from, to, requests: this.#requestSum, retries: this.#retrySum, nowMs });
  }
}

/** Methods that may be sent twice with the effect of once (RFC 9110 section 9.2.2: PUT, DELETE and the safe ones of 9.2.1). */
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export interface MayRetryOptions {
  /** The user has said that this service tells repeated requests apart, for example by an idempotency key. Default false. */
  readonly allowNonIdempotent?: boolean | undefined;
}

/**
 * Whether a request of this method may be sent again by itself: RFC 9110 section 9.2.2 forbids a proxy to repeat methods that are not
 * idempotent, and unknown ones count as such. Methods are case-sensitive (section 9.1). It says nothing about a body that was used up.
 */
export function mayRetry(method: string, options: MayRetryOptions = {}): boolean {
  return options.allowNonIdempotent === true || IDEMPOTENT_METHODS.has(method);
}
