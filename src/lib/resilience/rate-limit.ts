import { AppError } from '../errors/app-error.ts';
import { BucketTable } from './rate-limit/bucket-table.ts';
import { exactRate, MAX_BURST, MAX_RATE_PER_SECOND, US_PER_SECOND, type ExactRate } from './rate-limit/exact-rate.ts';

export { MAX_TRUSTED_HOPS, sourceKey, UNKNOWN_SOURCE } from './rate-limit/source-key.ts';

/** Keys with a bucket of their own: 1.2 MB when all are addresses (measured), and more clients than most services have within one refill time. */
export const DEFAULT_KEYS = 10_000;
/** A table of more takes hundreds of megabytes. */
export const MAX_KEYS = 1_000_000;
const US_PER_MS = US_PER_SECOND / 1000;

/** What a limit grants to each key. */
export interface RateLimitOptions {
  /** Tokens that come back every second, above 0; fractions are meant exactly (`1 / 60` is one a minute). */
  readonly ratePerSecond: number;
  /** Tokens a full bucket holds, a whole number: what a quiet key may spend at once. Default: one second's worth, at least 1. */
  readonly burst?: number;
  /** Keys that have a bucket of their own at the same time; further ones share one more bucket. Default 10,000. */
  readonly keys?: number;
  /** Decides and counts but lets everything pass, to try a limit before it bites. Default false. */
  readonly shadow?: boolean;
}

/** How often a limit decided what, since it was made. */
export interface RateLimitCounts {
  readonly admitted: number;
  /** Refused, or in shadow mode: would have been. */
  readonly refused: number;
  /** Decisions on the bucket shared by those that found the table full; when it grows, raise `keys` or limit by something rarer. */
  readonly overflowed: number;
  /** Full buckets given away to new keys. */
  readonly evicted: number;
  /** Keys with a bucket of their own now. */
  readonly keys: number;
}

/** What a key still has, for the RateLimit field. */
export interface RateQuota {
  /** Whole tokens that may be spent now. */
  readonly remaining: number;
  /** Milliseconds until one more whole token is there; undefined when the bucket is full. */
  readonly moreAfterMs: number | undefined;
}

/**
 * A token bucket for each key (GCRA in effect). A bucket starts full with `burst` tokens, is refilled at `ratePerSecond` whenever it is looked
 * at, and a request takes `cost` tokens or, if they are not there, nothing. Costs, refills and times are integers (see ExactRate), so that in
 * any stretch of t seconds a key is admitted at most burst + rate t tokens, after a year as in the first second.
 *
 * The table of keys is bounded, and minting keys buys nothing: only a bucket that is full again may be given to another key, for that changes
 * nothing for its owner. While no such bucket is found, keys not in the table share one overflow bucket of the same rate and burst, so that a
 * flood of invented keys is limited as one key. Keys longer than 256 characters always use it.
 *
 * Time is an argument, monotonic, in milliseconds with fractions; when it goes backwards, no time has passed.
 */
export class RateLimit {
  readonly ratePerSecond: number;
  readonly burst: number;
  readonly shadow: boolean;
  readonly #exact: ExactRate;
  readonly #table: BucketTable;
  #latestUs = Number.MIN_SAFE_INTEGER;
  #admitted = 0;
  #refused = 0;
  #overflowed = 0;

  /** Throws AppError('usage') naming the option that makes no sense. */
  constructor(options: RateLimitOptions) {
    this.ratePerSecond = numberWithin('ratePerSecond', options.ratePerSecond, Number.MIN_VALUE, MAX_RATE_PER_SECOND);
    const oneSecond = Math.min(MAX_BURST, Math.ceil(options.ratePerSecond));
    this.burst = wholeWithin('burst', options.burst ?? oneSecond, MAX_BURST);
    this.shadow = options.shadow ?? false;
    this.#exact = exactRate(this.ratePerSecond, this.burst);
    this.#table = new BucketTable(wholeWithin('keys', options.keys ?? DEFAULT_KEYS, MAX_KEYS), this.#exact);
  }

  /**
   * Takes `cost` tokens from the key's bucket. Returns 0: admitted; more than 0: refused, and after so many milliseconds the bucket will hold
   * enough if nobody else spends; Infinity: refused for ever, as the cost is above the burst. In shadow mode always 0.
   */
  check(key: string, nowMs: number, cost = 1): number {
    const units = this.#unitsOf(cost);
    const nowUs = this.#advance(nowMs);
    const slot = this.#table.lookup(key, nowUs);
    const retryMs = this.#retryMs(slot, units, nowUs);
    this.#book(key, slot, units, nowUs, retryMs === 0);
    return this.shadow ? 0 : retryMs;
  }

  /** What `check` would say if there were no shadow mode; takes and counts nothing. A cost below 0 throws AppError('usage'). */
  ask(key: string, nowMs: number, cost = 1): number {
    const nowUs = this.#advance(nowMs);
    return this.#retryMs(this.#table.lookup(key, nowUs), this.#unitsOf(cost), nowUs);
  }

  /** Books what `ask` said just before: takes the tokens when `admitted`, counts either way. For callers that have more than one to ask. */
  settle(key: string, nowMs: number, cost: number, admitted: boolean): void {
    const nowUs = this.#advance(nowMs);
    this.#book(key, this.#table.lookup(key, nowUs), this.#unitsOf(cost), nowUs, admitted);
  }

  /** What the key has left; takes nothing. */
  quota(key: string, nowMs: number): RateQuota {
    const nowUs = this.#advance(nowMs);
    const { capacityUnits, unitsPerToken } = this.#exact;
    const debt = this.#table.debtUnits(this.#table.lookup(key, nowUs), nowUs);
    const remaining = Math.floor((capacityUnits - debt) / unitsPerToken);
    if (remaining === this.burst) return { remaining, moreAfterMs: undefined };
    return { remaining, moreAfterMs: this.#waitMs(debt - (capacityUnits - (remaining + 1) * unitsPerToken)) };
  }

  /** `counts().refused`, without the rest. */
  get refusedCount(): number {
    return this.#refused;
  }

  counts(): RateLimitCounts {
    const [admitted, refused, overflowed] = [this.#admitted, this.#refused, this.#overflowed];
    return { admitted, refused, overflowed, evicted: this.#table.evictedCount, keys: this.#table.size };
  }

  #retryMs(slot: number, units: number, nowUs: number): number {
    const { capacityUnits } = this.#exact;
    if (units > capacityUnits) return Infinity;
    const over = this.#table.debtUnits(slot, nowUs) + units - capacityUnits;
    return over <= 0 ? 0 : this.#waitMs(over);
  }

  #book(key: string, slot: number, units: number, nowUs: number, admitted: boolean): void {
    if (slot === this.#table.overflowSlot) this.#overflowed++;
    if (admitted) this.#admitted++;
    else this.#refused++;
    if (admitted && units > 0) this.#table.charge(key, slot, units, nowUs);
  }

  #unitsOf(cost: number): number {
    if (cost >= 0) return Math.round(cost * this.#exact.unitsPerToken);
    throw new AppError('usage', `cost is ${cost}`, { hint: 'Give the tokens that a request takes, 0 or more.' });
  }

  #waitMs(units: number): number {
    return Math.ceil(units / this.#exact.unitsPerUs) / US_PER_MS;
  }

  /** The time in whole microseconds; rounding the time itself, and never a difference, keeps errors from adding up. */
  #advance(nowMs: number): number {
    const nowUs = Math.round(nowMs * US_PER_MS);
    if (nowUs > this.#latestUs && nowUs <= Number.MAX_SAFE_INTEGER) this.#latestUs = nowUs;
    return this.#latestUs;
  }
}

/**
 * One request under several limits, `keys[i]` for `limits[i]`: it is charged to all of them or, when one refuses, to none, so that a request
 * that one limit turns away does not eat up the others. Returns what the most restrictive one answers: 0 when all admit, else the longest
 * wait in milliseconds (Infinity: never). A limit in shadow mode is charged and counted by its own opinion whenever the request passes and
 * never refuses it. When another limit refuses, those that would admit count nothing. Name one key of one limit once only.
 */
export function checkAll(
  limits: readonly RateLimit[],
  keys: readonly string[],
  nowMs: number,
  cost: number | readonly number[] = 1,
): number {
  if (limits.length !== keys.length) throw unequal(limits.length, keys.length);
  let retryMs = 0;
  for (let i = 0; i < limits.length; i++) {
    const limit = limits[i];
    if (limit?.shadow === false) retryMs = Math.max(retryMs, limit.ask(keys[i] ?? '', nowMs, costAt(cost, i)));
  }
  for (let i = 0; i < limits.length; i++) {
    const key = keys[i] ?? '';
    const admits = limits[i]?.ask(key, nowMs, costAt(cost, i)) === 0;
    if (retryMs === 0 || !admits) limits[i]?.settle(key, nowMs, costAt(cost, i), admits);
  }
  return retryMs;
}

function costAt(cost: number | readonly number[], index: number): number {
  return typeof cost === 'number' ? cost : (cost[index] ?? 1);
}

function unequal(limits: number, keys: number): AppError {
  return new AppError('usage', `${limits} limits are given ${keys} keys`, { hint: 'Give one key for each limit.' });
}

function wholeWithin(field: string, value: number, max: number): number {
  if (!Number.isInteger(value)) throw badOption(field, value, `a whole number from 1 to ${max}`);
  return numberWithin(field, value, 1, max);
}

function numberWithin(field: string, value: number, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw badOption(field, value, min === 1 ? `a whole number from 1 to ${max}` : `a number above 0, at most ${max}`);
}

function badOption(field: string, value: unknown, right: string): AppError {
  return new AppError('usage', `rate limit: ${field} is ${String(value)}`, { hint: `Give ${right}.` });
}
