import { quantileMs } from '../wire/log-histogram.ts';
import type { TrafficCounts } from './traffic.ts';

/** How far back `recent` means, at the least. */
export const RECENT_MS = 10_000;
/** Looks kept: one a second, and one more so that they span the whole time. */
const MAX_LOOKS = RECENT_MS / 1000 + 1;

/** What traffic was like over the last ten seconds or so. */
export interface RecentRates {
  readonly ratePerSecond: number;
  /** Undefined when no request has ended. */
  readonly errorRatio: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

interface Look {
  readonly atMs: number;
  readonly requests: number;
  readonly failures: number;
  readonly latency: Float64Array;
}

const QUIET: RecentRates = { ratePerSecond: 0, errorRatio: undefined, p50Ms: undefined, p99Ms: undefined };

/**
 * Turns counts that only go up into what happened lately, by looks a second apart:
 *
 *     look  look  look  …  look  now
 *       └────── the difference ───┘
 */
export class RecentTraffic {
  readonly #looks: Look[];

  /** Counted from nothing since then. */
  constructor(sinceMs: number) {
    this.#looks = [{ atMs: sinceMs, requests: 0, failures: 0, latency: new Float64Array() }];
  }

  /** To be called about once a second. */
  look(counts: TrafficCounts, nowMs: number): void {
    const { requests, failures, latency } = counts;
    const last = this.#looks.at(-1);
    // Thousands of endpoints that are idle cost no copy each second.
    const buckets = last?.requests === requests ? last.latency : latency.counts.slice();
    this.#looks.push({ atMs: nowMs, requests, failures, latency: buckets });
    if (this.#looks.length > MAX_LOOKS) this.#looks.shift();
  }

  /** From the oldest look that is kept until now. */
  rates({ requests, failures, latency }: TrafficCounts, nowMs: number): RecentRates {
    const [since] = this.#looks;
    if (since === undefined || nowMs <= since.atMs) return QUIET;
    const ended = requests - since.requests;
    const recent = latency.counts.map((count, bucket) => count - (since.latency[bucket] ?? 0));
    return {
      ratePerSecond: (ended * 1000) / (nowMs - since.atMs),
      errorRatio: ended > 0 ? (failures - since.failures) / ended : undefined,
      p50Ms: quantileMs(recent, 0.5),
      p99Ms: quantileMs(recent, 0.99),
    };
  }
}
