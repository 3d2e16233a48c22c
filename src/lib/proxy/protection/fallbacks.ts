import {
  ResponseCache,
  type FallbackCause,
  type HeaderPair,
  type ResponseCacheCounts,
} from '../../resilience/response-cache.ts';
import type { FallbackRule } from '../protection.ts';
import { compileMatch, type CompiledMatch } from '../scope.ts';
import type { RequestView } from '../views.ts';

/** Answers of a service by which it says that it has failed; 501 and the like say something about the request. */
const FAILED_STATUSES: readonly number[] = [500, 502, 503, 504];

/** An answer in the place of the service, and by what it can be told. */
export interface Fallback {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly marker: `fallback; reason=${FallbackCause}; from=${'cache' | 'fixed'}`;
}

/** A request, with its header lines. */
export interface CacheableRequest extends RequestView {
  headerPairs(): readonly HeaderPair[];
}

/** A response that may be kept. */
export interface GoodResponse {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly body: Buffer;
  readonly requestMs: number;
  readonly responseMs: number;
  readonly responseWallMs: number;
}

/** What is answered when the service does not. */
export class Fallbacks {
  readonly #rule: FallbackRule;
  readonly #match: CompiledMatch;
  readonly #cache: ResponseCache | undefined;
  given = 0;
  givenFromCache = 0;

  constructor(rule: FallbackRule) {
    this.#rule = rule;
    this.#match = compileMatch(rule.match);
    this.#cache = rule.cache && new ResponseCache(rule.cache);
  }

  /** Undefined: the failure is what the client gets. */
  lookup(request: CacheableRequest, cause: FallbackCause, nowMs: number): Fallback | undefined {
    if (!this.#rule.on.includes(cause) || !this.#fits(request)) return undefined;
    const kept = this.#cache?.lookupFallback(cacheKey(request), cause, nowMs);
    const answer = kept ?? this.#rule.fixed;
    if (answer === undefined) return undefined;
    this.given++;
    if (kept !== undefined) this.givenFromCache++;
    const from = kept === undefined ? 'fixed' : 'cache';
    const headers = answer.headers.filter(([name]) => name.toLowerCase() !== 'content-length');
    return { status: answer.status, headers, body: answer.body, marker: `fallback; reason=${cause}; from=${from}` };
  }

  /** Whether a response of this status says that the service has failed. */
  isFailure(status: number): boolean {
    return FAILED_STATUSES.includes(status);
  }

  /** Whether the response to a request is worth collecting: only these are ever kept. */
  mayKeep(request: RequestView, status: number): boolean {
    return this.#cache !== undefined && request.method === 'GET' && status < 300 && this.#fits(request);
  }

  keep(request: CacheableRequest, response: GoodResponse): void {
    const { status, headers, body } = response;
    this.#cache?.store(cacheKey(request), { status, headers, body, complete: true }, response);
  }

  /** A request was answered: one that may have changed something drops what was kept of the same address. */
  noteAnswer(request: CacheableRequest, status: number): void {
    if (this.#cache !== undefined && request.method !== 'GET') this.#cache.invalidate(cacheKey(request), status);
  }

  counts(): ResponseCacheCounts | undefined {
    return this.#cache?.counts();
  }

  #fits(request: RequestView): boolean {
    return this.#match.request?.(request) !== false;
  }
}

function cacheKey(request: CacheableRequest) {
  const { method, target } = request;
  return { method, target, authority: request.header('host') ?? '', headers: request.headerPairs() };
}
