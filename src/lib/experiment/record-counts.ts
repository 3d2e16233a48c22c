import type { Proxy } from '../proxy/proxy.ts';
import type { RunLog } from './run-log.ts';

/** Records what has been counted of each service that is protected; done at the end of each phase. */
export function recordCounts({ record }: Pick<RunLog, 'record'>, proxy: Proxy): void {
  for (const { service } of proxy.services()) {
    const protection = proxy.protection(service);
    if (protection === undefined) continue;
    const { breakers, limits, fallbacks, fallbacksFromCache, retries } = protection;
    record({
      type: 'protection.counted',
      service,
      requests: proxy.requestMetrics(service)?.requests ?? 0,
      fallbacks,
      fallbacksFromCache,
      retries,
      rejected: sumOf(breakers.map(({ counts }) => counts.rejected)),
      limited: sumOf(limits.map(({ refused, shadow }) => (shadow ? 0 : refused))),
    });
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
