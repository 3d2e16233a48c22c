import { FixedHistogram, HTTP_DURATION_BOUNDS_SECONDS } from '../wire/fixed-histogram.ts';
import { LogHistogram } from '../wire/log-histogram.ts';
import type { ExchangeProtocol } from './tracing.ts';

/** Different results kept apart for a protocol; there are some 60 statuses and a dozen errors. More count as `other`. */
const MAX_RESULTS = 128;

/** The requests of one protocol on a listener: rate, errors, duration. */
export interface ProtocolMetrics {
  /** By result: an HTTP status (`503`), a gRPC status (`grpc 14`), or why there is no answer (`reset`). */
  readonly results: Map<string, number>;
  readonly durationSeconds: FixedHistogram;
}

/** RED figures of a listener's requests, in bounded memory. */
export class RequestMetrics {
  readonly byProtocol = new Map<ExchangeProtocol, ProtocolMetrics>();
  /** Of all protocols: requests that have ended, those that failed by the service's doing or had no whole answer, and how long each took. */
  requests = 0;
  failures = 0;
  readonly latency = new LogHistogram();

  record(protocol: ExchangeProtocol, result: string, tookMs: number, isFailed: boolean): void {
    this.requests++;
    if (isFailed) this.failures++;
    this.latency.record(tookMs);
    let metrics = this.byProtocol.get(protocol);
    if (metrics === undefined) {
      metrics = { results: new Map(), durationSeconds: new FixedHistogram(HTTP_DURATION_BOUNDS_SECONDS) };
      this.byProtocol.set(protocol, metrics);
    }
    const name = metrics.results.size < MAX_RESULTS || metrics.results.has(result) ? result : 'other';
    metrics.results.set(name, (metrics.results.get(name) ?? 0) + 1);
    metrics.durationSeconds.record(tookMs / 1000);
  }
}
