import { LogHistogram } from '../wire/log-histogram.ts';

/** How a request ended. `cancelled`: by the one who asked, which tells nothing of the endpoint: neither a failure nor a latency. */
export type CallOutcome = 'ok' | 'failed' | 'cancelled';

/** Counts that only go up, of which readers take differences. */
export interface TrafficCounts {
  /** Ended ones, however they ended. */
  readonly requests: number;
  readonly failures: number;
  readonly latency: LogHistogram;
}

/** Rate, errors and duration of one endpoint (the RED method). Recording allocates nothing. */
export class Traffic implements TrafficCounts {
  requests = 0;
  failures = 0;
  cancelled = 0;
  readonly latency = new LogHistogram();

  /** One request has ended. */
  record(outcome: CallOutcome, tookMs: number): void {
    this.requests++;
    if (outcome === 'cancelled') {
      this.cancelled++;
      return;
    }
    if (outcome === 'failed') this.failures++;
    this.latency.record(tookMs);
  }
}
