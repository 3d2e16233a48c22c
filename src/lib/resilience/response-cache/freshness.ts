import type { CacheControl } from './cache-control.ts';
import { fieldLines, type HeaderPair } from './fields.ts';
import { parseHttpDate } from './http-date.ts';

/** When an exchange with the origin took place. */
export interface ExchangeTimes {
  /** Monotonic milliseconds when the request was sent. */
  readonly requestMs: number;
  /** Monotonic milliseconds when the head of the response had come. */
  readonly responseMs: number;
  /** Unix milliseconds at the same moment, to compare with Date and Expires. */
  readonly responseWallMs: number;
}

/** The longest age that the field tells, and that counts (RFC 9111 section 1.2.2). */
const MAX_AGE_SECONDS = 2 ** 31;

/** How old the response was when it came (`corrected_initial_age`, RFC 9111 section 4.2.3), in milliseconds. */
export function initialAgeMs(headers: readonly HeaderPair[], times: ExchangeTimes): number {
  const dateMs = dateField(headers, 'date', times.responseWallMs) ?? times.responseWallMs;
  const apparentAgeMs = Math.max(0, times.responseWallMs - dateMs);
  const responseDelayMs = Math.max(0, times.responseMs - times.requestMs);
  return Math.max(apparentAgeMs, ageFieldMs(headers) + responseDelayMs);
}

/** How old it is at `nowMs` (`current_age`, same section). */
export function currentAgeMs(initialMs: number, responseMs: number, nowMs: number): number {
  return initialMs + Math.max(0, nowMs - responseMs);
}

/** The value of Age, in whole seconds. */
export function ageText(ageMs: number): string {
  return String(Math.min(MAX_AGE_SECONDS, Math.floor(ageMs / 1000)));
}

/** How long the origin calls the response fresh (RFC 9111 section 4.2.1, for a shared cache); 0 when it does not say: nothing is guessed. */
export function lifetimeMs(control: CacheControl, headers: readonly HeaderPair[], wallMs: number): number {
  const said = control.sMaxageMs ?? control.maxAgeMs;
  if (said !== undefined) return said;
  const expiresMs = dateField(headers, 'expires', wallMs);
  if (expiresMs === undefined) return 0;
  return Math.max(0, expiresMs - (dateField(headers, 'date', wallMs) ?? wallMs));
}

function dateField(headers: readonly HeaderPair[], lowerName: string, wallMs: number): number | undefined {
  const [first] = fieldLines(headers, lowerName);
  return first === undefined ? undefined : parseHttpDate(first, wallMs);
}

function ageFieldMs(headers: readonly HeaderPair[]): number {
  const [first = ''] = fieldLines(headers, 'age');
  const [digits] = /^\d+/.exec(first) ?? ['0'];
  return Math.min(MAX_AGE_SECONDS, Number(digits)) * 1000;
}

/** Why a stored response may be served in place of an error. */
export type Ground = 'fresh' | 'stale-if-error' | 'client-accepts-stale' | 'kept';

/** What is known of a stored response when it is judged. */
export interface StoredAge {
  readonly ageMs: number;
  readonly lifetimeMs: number;
  /** What its stale-if-error allows; -Infinity when there is none. */
  readonly staleIfErrorMs: number;
  /** Its origin forbids to serve it stale, whatever happens (RFC 9111 section 4.2.4). */
  readonly neverStale: boolean;
}

/** Whether the origin forbids stale answers; s-maxage does so too (section 5.2.2.10). */
export function forbidsStale(control: CacheControl): boolean {
  return control.mustRevalidate || control.proxyRevalidate || control.noCache || control.sMaxageMs !== undefined;
}

/**
 * The ground to serve it to `request`, or undefined. What the client says narrows (max-age, min-fresh, no-cache) or widens (stale-if-error,
 * max-stale); nothing widens what the origin forbids. `keepMs` of 0 keeps nothing.
 *
 *     age   0 ────── lifetime ─────────────── + stale-if-error ──> never
 *             fresh    │  stale, in an error only     keepMs: up to this age in any case
 */
export function groundToServe(stored: StoredAge, request: CacheControl, keepMs: number): Ground | undefined {
  if (request.noCache) return undefined;
  const clientMaxMs = request.maxAgeMs ?? Infinity;
  const staleMs = stored.ageMs - stored.lifetimeMs;
  const beyondWishMs = Math.max(stored.ageMs - clientMaxMs, staleMs + (request.minFreshMs ?? 0));
  if (staleMs < 0 && beyondWishMs <= 0) return 'fresh';
  if (stored.neverStale && staleMs >= 0) return undefined;
  if (beyondWishMs <= (request.staleIfErrorMs ?? -Infinity)) return 'stale-if-error';
  if (stored.ageMs > clientMaxMs) return undefined;
  if (staleMs <= (request.maxStaleMs ?? -Infinity)) return 'client-accepts-stale';
  if (request.minFreshMs !== undefined) return undefined;
  if (staleMs <= stored.staleIfErrorMs) return 'stale-if-error';
  return keepMs > 0 && stored.ageMs <= keepMs ? 'kept' : undefined;
}
