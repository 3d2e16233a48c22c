import type { LatencySummary, LoadSummary } from '../../events/run-events.ts';
import { NO_LATENCIES } from './histogram.ts';
import { quantile } from './quantile.ts';
import { OutcomeTally } from './tally.ts';

interface Ended {
  readonly endedMs: number;
  readonly latencyUs: number;
  readonly outcome: string;
}

/**
 * Requests that are kept one by one. At more than that in the longest window asked for (say 10,000/s over 10 s) the window reaches
 * back less far, which a guard does not notice.
 */
const MAX_KEPT = 100_000;

/**
 * The requests that ended in the last seconds, exactly. For guards and live displays, which must notice a service that hangs: a request
 * that is open for longer than 99 % of those that ended counts as having taken its age so far.
 */
export class RecentWindow {
  readonly #longestMs: number;
  /** In the order they ended; those before `#first` are over, and are cleared away now and then. */
  #ended: Ended[] = [];
  #first = 0;
  #openScheduledMs: ArrayLike<number> = [];

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  add(ended: Ended): void {
    this.#ended.push(ended);
  }

  /** The requests that are open for long, by when they were scheduled; replaces those told before. */
  setOpen(scheduledMs: ArrayLike<number>): void {
    this.#openScheduledMs = scheduledMs;
  }

  summary(nowMs: number, windowMs: number): LoadSummary {
    this.#forget(nowMs - this.#longestMs);
    const tally = new OutcomeTally();
    const latencies: number[] = [];
    for (let i = this.#first; i < this.#ended.length; i++) {
      const ended = this.#ended[i];
      if (!ended || ended.endedMs <= nowMs - windowMs) continue;
      tally.add(ended.outcome);
      latencies.push(ended.latencyUs);
    }
    return tally.summary(summarise(this.#withOpen(latencies, nowMs)));
  }

  #withOpen(latenciesUs: readonly number[], nowMs: number): Float64Array {
    const ended = Float64Array.from(latenciesUs).sort();
    const tailUs = quantile(ended, 0.99);
    const agesUs = Array.from(this.#openScheduledMs, (scheduledMs) => (nowMs - scheduledMs) * 1000);
    const late = agesUs.filter((ageUs) => ageUs > tailUs);
    return late.length === 0 ? ended : Float64Array.from([...ended, ...late]).sort();
  }

  #forget(beforeMs: number): void {
    const kept = this.#ended.length;
    this.#first = Math.max(this.#first, kept - MAX_KEPT);
    while (this.#first < kept && (this.#ended[this.#first]?.endedMs ?? 0) <= beforeMs) this.#first++;
    // Cleared when half of it is over, so that each entry is moved once at most.
    if (this.#first > kept / 2) {
      this.#ended = this.#ended.slice(this.#first);
      this.#first = 0;
    }
  }
}

function summarise(sortedUs: Float64Array): LatencySummary {
  const count = sortedUs.length;
  if (count === 0) return NO_LATENCIES;
  const atMs = (share: number): number => quantile(sortedUs, share) / 1000;
  return {
    count,
    minMs: (sortedUs[0] ?? 0) / 1000,
    meanMs: sortedUs.reduce((sum, value) => sum + value, 0) / count / 1000,
    p50Ms: atMs(0.5),
    p90Ms: atMs(0.9),
    p95Ms: atMs(0.95),
    p99Ms: atMs(0.99),
    p999Ms: atMs(0.999),
    maxMs: (sortedUs[count - 1] ?? 0) / 1000,
  };
}
