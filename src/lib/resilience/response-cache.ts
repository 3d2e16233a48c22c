import { AppError } from '../errors/app-error.ts';
import { parseCacheControl } from './response-cache/cache-control.ts';
import { entryBytes, EntryTable, type Entry } from './response-cache/entry-table.ts';
import { fieldLines, storedFields, type HeaderPair } from './response-cache/fields.ts';
import {
  ageText,
  currentAgeMs,
  forbidsStale,
  groundToServe,
  initialAgeMs,
  lifetimeMs,
  type ExchangeTimes,
  type Ground,
} from './response-cache/freshness.ts';
import { refusalOf, type Refusal } from './response-cache/storable.ts';
import { varyKey, type VaryKey } from './response-cache/vary.ts';

export type { ExchangeTimes, Ground, HeaderPair, Refusal };

/** Enough for the pages and lists that keep a service usable, small beside the proxy itself. */
export const DEFAULT_LIMIT_BYTES = 16 * 1024 * 1024;
export const DEFAULT_MAX_ENTRIES = 1000;
/** Larger bodies are downloads, which would push out many pages. */
export const DEFAULT_ENTRY_LIMIT_BYTES = 1024 * 1024;

export interface ResponseCacheOptions {
  /** Bytes of all entries together, bodies, texts and overhead. Default 16 MiB. */
  readonly limitBytes?: number;
  /** Entries, all variants counted. Default 1,000. */
  readonly maxEntries?: number;
  /** Bytes of one entry. Default 1 MiB, or `limitBytes` if that is less. */
  readonly entryLimitBytes?: number;
  /**
   * Serves a response up to this age although neither side allowed it stale: the operator's own decision, against the origin's silence but
   * never against its word (must-revalidate, proxy-revalidate, s-maxage, no-cache). Default 0: RFC 9111 and RFC 5861 only.
   */
  readonly keepMs?: number;
}

/** What identifies a request. Header lines are as they came; the authority is the Host that was asked for. */
export interface CacheRequest {
  readonly method: string;
  /** Default `http`. The same path over another scheme is another resource. */
  readonly scheme?: string;
  readonly authority: string;
  readonly target: string;
  readonly headers: readonly HeaderPair[];
}

/** A final response of the origin. The body is copied when it is stored. */
export interface CacheableResponse {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly body: Buffer;
  /** Whether the body came to its end (last chunk, Content-Length, END_STREAM); a body ended by closing the connection is not surely whole. */
  readonly complete: boolean;
}

/** What became of a response that was offered. */
export type StoreOutcome = 'stored' | Refusal;

/** Why there is no answer from upstream: the breaker is open, the attempt failed (also a 500, 502, 503 or 504), or it took too long. */
export type FallbackCause = 'open' | 'failed' | 'timeout';

/** A stored response, ready to be written: its header lines with Age and Content-Length as they are now. */
export interface FallbackResponse {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  /** Shared with the cache: read it only. Empty for HEAD. */
  readonly body: Buffer;
  readonly ageMs: number;
  /** What allows to serve it. */
  readonly ground: Ground;
  readonly cause: FallbackCause;
}

export interface ResponseCacheCounts {
  readonly entries: number;
  readonly bytes: number;
  readonly stored: number;
  /** Offered and not stored. */
  readonly refused: number;
  readonly evicted: number;
  readonly invalidated: number;
  /** Fallbacks that were served, by cause. */
  readonly served: Readonly<Record<FallbackCause, number>>;
  /** Fallbacks that were asked for in vain. */
  readonly missed: number;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** Preconditions about the present state of the origin, which a copy cannot answer (RFC 9111 section 4.3.2). */
const PRECONDITIONS = ['if-match', 'if-unmodified-since'];
const NO_BODY = Buffer.alloc(0);

/**
 * The last good responses of an origin, to be served when it fails. It stores what RFC 9111 section 3 lets a shared cache store, minus what may
 * be personal (Set-Cookie; answers to requests with Cookie of origins that say nothing about caching), and never asks the origin. Freshness is
 * what the origin says, with no heuristics. Only GET is stored; it also answers HEAD.
 *
 *     exchange done ──> store() and invalidate()   each looks at the method and does its part
 *     it failed     ──> lookupFallback()           fresh, or stale as far as it is allowed
 *
 * Bounded in bytes and entries; the entry not stored or served for longest makes room. Synchronous, no timers; times are arguments.
 */
export class ResponseCache {
  readonly #table: EntryTable;
  readonly #entryLimitBytes: number;
  readonly #keepMs: number;
  readonly #served: Record<FallbackCause, number> = { open: 0, failed: 0, timeout: 0 };
  #stored = 0;
  #refused = 0;
  #invalidated = 0;
  #missed = 0;

  /** Throws AppError('usage') naming the option that makes no sense. */
  constructor(options: ResponseCacheOptions = {}) {
    const limitBytes = whole('limitBytes', options.limitBytes ?? DEFAULT_LIMIT_BYTES, 1);
    const maxEntries = whole('maxEntries', options.maxEntries ?? DEFAULT_MAX_ENTRIES, 1);
    const entryLimitBytes = options.entryLimitBytes ?? DEFAULT_ENTRY_LIMIT_BYTES;
    this.#table = new EntryTable(limitBytes, maxEntries);
    this.#entryLimitBytes = Math.min(limitBytes, whole('entryLimitBytes', entryLimitBytes, 1));
    this.#keepMs = whole('keepMs', options.keepMs ?? 0, 0);
  }

  /** Stores a response if that is allowed, in place of what the same request was answered with before. The outcome says why not. */
  store(request: CacheRequest, response: CacheableResponse, times: ExchangeTimes): StoreOutcome {
    const outcome = this.#tryToStore(request, response, times);
    if (outcome === 'stored') this.#stored++;
    else this.#refused++;
    return outcome;
  }

  /**
   * To be called with the final status of each exchange: one that succeeded (2xx, 3xx) with a method that is not known to be safe drops what
   * is stored for the same address (RFC 9111 section 4.4). Returns how many entries. Addresses in Location and Content-Location stay.
   */
  invalidate(request: CacheRequest, status: number): number {
    if (SAFE_METHODS.has(request.method) || status < 200 || status > 399) return 0;
    const dropped = this.#table.deleteAll(addressOf(request));
    this.#invalidated += dropped;
    return dropped;
  }

  /**
   * The last good response to this request, if it is fresh, or stale within stale-if-error of the response or the request (RFC 5861 section
   * 4), within max-stale of the request, or younger than `keepMs`. undefined when there is none that may be served.
   */
  lookupFallback(request: CacheRequest, cause: FallbackCause, nowMs: number): FallbackResponse | undefined {
    const found = this.#find(request, cause, nowMs);
    if (found === undefined) this.#missed++;
    else this.#served[cause]++;
    return found;
  }

  /** Forgets all responses; the counts go on. */
  clear(): void {
    this.#table.clear();
  }

  counts(): ResponseCacheCounts {
    const { size: entries, bytes, evictedCount: evicted } = this.#table;
    const [stored, refused, invalidated, missed] = [this.#stored, this.#refused, this.#invalidated, this.#missed];
    return { entries, bytes, stored, refused, evicted, invalidated, served: { ...this.#served }, missed };
  }

  #tryToStore(request: CacheRequest, response: CacheableResponse, times: ExchangeTimes): StoreOutcome {
    const { status, headers, body, complete } = response;
    const control = parseCacheControl(headers, 'no-pragma');
    const asked = { requestHeaders: request.headers, requestControl: parseCacheControl(request.headers, 'no-pragma') };
    const answered = { status, headers, control, bodyBytes: body.length, complete };
    const refusal = refusalOf({ method: request.method, ...asked, ...answered });
    if (refusal !== undefined) return refusal;
    const vary = varyKey(request.headers, headers);
    if (vary === undefined) return 'vary';
    const entry = entryOf(addressOf(request), vary, response, times);
    if (entryBytes(entry) > this.#entryLimitBytes) return 'too-large';
    this.#table.replace({ ...entry, body: ownCopy(body) }, request.headers);
    return 'stored';
  }

  #find(request: CacheRequest, cause: FallbackCause, nowMs: number): FallbackResponse | undefined {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    if (PRECONDITIONS.some((name) => fieldLines(request.headers, name).length > 0)) return undefined;
    const entry = this.#table.lookup(addressOf(request), request.headers);
    if (entry === undefined) return undefined;
    const ageMs = currentAgeMs(entry.initialAgeMs, entry.responseMs, nowMs);
    const wishes = parseCacheControl(request.headers, 'pragma-counts');
    const ground = groundToServe({ ...entry, ageMs }, wishes, this.#keepMs);
    if (ground === undefined) return undefined;
    this.#table.touch(entry);
    const body = request.method === 'HEAD' ? NO_BODY : entry.body;
    return { status: entry.status, headers: headersNow(entry, ageMs), body, ageMs, ground, cause };
  }
}

function entryOf(key: string, vary: VaryKey, response: CacheableResponse, times: ExchangeTimes): Entry {
  const { status, headers, body } = response;
  const control = parseCacheControl(headers, 'no-pragma');
  return {
    ...{ key, vary, status, headers: storedFields(headers), body },
    initialAgeMs: initialAgeMs(headers, times),
    responseMs: times.responseMs,
    lifetimeMs: lifetimeMs(control, headers, times.responseWallMs),
    staleIfErrorMs: control.staleIfErrorMs ?? -Infinity,
    neverStale: forbidsStale(control),
  };
}

function headersNow(entry: Entry, ageMs: number): HeaderPair[] {
  const headers: HeaderPair[] = [...entry.headers, ['Age', ageText(ageMs)]];
  // A 204 has no length to tell (RFC 9110 section 8.6).
  if (entry.status !== 204) headers.push(['Content-Length', String(entry.body.length)]);
  return headers;
}

/** NUL stands in no part of an address, so no two addresses have one key. */
function addressOf({ scheme = 'http', authority, target }: CacheRequest): string {
  return `${scheme.toLowerCase()}\0${authority.toLowerCase()}\0${target}`;
}

/** Memory of its own: a slice would keep the whole read buffer that it lies in. */
function ownCopy(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}

function whole(field: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new AppError('usage', `response cache: ${field} is ${value}`, { hint: `Give a whole number, ${min} or more.` });
}
