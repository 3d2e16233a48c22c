import { checkAll, RateLimit } from '../../resilience/rate-limit.ts';
import { rateLimitPolicyText, rateLimitText, retryAfterText } from '../../resilience/rate-limit-fields.ts';
import type { LimitRule, ProtectionChange, ProtectionView } from '../protection.ts';
import { compileMatch, type CompiledMatch } from '../scope.ts';
import type { ConnectionView, RequestView } from '../views.ts';
import { keyOf } from './keys.ts';

/** A limit that has refused nobody for so long is told to have ended. */
const QUIET_MS = 5000;

/** A request that a limit turns away. */
export interface Limited {
  readonly limit: string;
  readonly retryMs: number;
  readonly headers: readonly (readonly [string, string])[];
}

/** The rate limits of a service. A request is charged to every limit that fits it, or to none when one refuses it. */
export class Limits {
  readonly #entries: readonly Entry[];
  readonly #onChange: (change: ProtectionChange) => void;
  readonly #fitting: RateLimit[] = [];
  readonly #keys: string[] = [];

  constructor(rules: readonly LimitRule[], onChange: (change: ProtectionChange) => void) {
    this.#entries = rules.map((rule) => new Entry(rule));
    this.#onChange = onChange;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Undefined: it may go on. */
  check(request: RequestView, connection: ConnectionView, nowMs: number): Limited | undefined {
    const [fitting, keys] = [this.#fitting, this.#keys];
    fitting.length = 0;
    keys.length = 0;
    for (const entry of this.#entries) {
      this.#notice(entry, nowMs);
      if (!entry.fits(request, connection)) continue;
      fitting.push(entry.limit);
      keys.push(keyOf(entry.rule.key, request, connection));
    }
    const retryMs = checkAll(fitting, keys, nowMs);
    return retryMs === 0 ? undefined : this.#refuse(retryMs, nowMs);
  }

  views(): ProtectionView['limits'] {
    return this.#entries.map(({ rule, limit }) => ({ name: rule.name, shadow: limit.shadow, ...limit.counts() }));
  }

  #refuse(retryMs: number, nowMs: number): Limited {
    const members = this.#fitting.map((limit, at) => {
      const rule = this.#entries.find((entry) => entry.limit === limit)?.rule;
      return { limit, name: rule?.name ?? '', key: this.#keys[at] ?? '' };
    });
    const shown = members.filter(({ limit }) => !limit.shadow);
    const retryAfter = retryAfterText(retryMs);
    const policies = shown.map(({ limit, name }) => rateLimitPolicyText(name, limit.burst, limit.ratePerSecond));
    const left = shown.map(({ limit, name, key }) => rateLimitText(name, limit.quota(key, nowMs)));
    const refusing = shown.find(({ limit, key }) => limit.ask(key, nowMs) > 0);
    for (const entry of this.#entries) this.#notice(entry, nowMs);
    return {
      limit: refusing?.name ?? '',
      retryMs,
      headers: [
        ...(retryAfter === undefined ? [] : [['retry-after', retryAfter] as const]),
        ['ratelimit-policy', policies.join(', ')],
        ['ratelimit', left.join(', ')],
      ],
    };
  }

  /** Tells of the first refusal, and of the time without one. */
  #notice(entry: Entry, nowMs: number): void {
    const { limit, rule } = entry;
    const refuses = entry.isRefusing(nowMs);
    if (refuses === entry.wasRefusing) return;
    entry.wasRefusing = refuses;
    this.#onChange({ type: 'limit', limit: rule.name, refuses, counts: limit.counts() });
  }
}

/** One limit, and whom it counts. */
class Entry {
  readonly rule: LimitRule;
  readonly limit: RateLimit;
  readonly #match: CompiledMatch;
  wasRefusing = false;
  #refusedBefore = 0;
  #lastRefusalMs = -Infinity;

  constructor(rule: LimitRule) {
    this.rule = rule;
    const { ratePerSecond, burst, keys, shadow } = rule;
    this.limit = new RateLimit({
      ratePerSecond,
      ...(burst === undefined ? {} : { burst }),
      ...(keys === undefined ? {} : { keys }),
      ...(shadow === undefined ? {} : { shadow }),
    });
    this.#match = compileMatch(rule.match);
  }

  fits(request: RequestView, connection: ConnectionView): boolean {
    return this.#match.connection?.(connection) !== false && this.#match.request?.(request) !== false;
  }

  isRefusing(nowMs: number): boolean {
    const refused = this.limit.refusedCount;
    if (refused > this.#refusedBefore) this.#lastRefusalMs = nowMs;
    this.#refusedBefore = refused;
    return nowMs - this.#lastRefusalMs < QUIET_MS;
  }
}
