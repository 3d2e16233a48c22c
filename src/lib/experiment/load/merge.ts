import type { LoadSummary } from '../../events/run-events.ts';
import { LatencyHistogram } from './histogram.ts';
import { OutcomeTally } from './tally.ts';

/** Requests of the load over some time, with the histogram that their quantiles come from. */
export interface MeasuredLoad {
  readonly seconds: number;
  readonly summary: LoadSummary;
  readonly histogram: string;
}

/** Several phases as one. Quantiles come from the histograms: those of the parts cannot be averaged. */
export function mergedLoad(loads: readonly MeasuredLoad[]): {
  readonly seconds: number;
  readonly summary: LoadSummary;
} {
  const outcomes = new OutcomeTally();
  const latency = new LatencyHistogram();
  for (const { summary, histogram } of loads) {
    outcomes.addSummary(summary);
    latency.addEncoded(histogram, summary.latency);
  }
  return {
    seconds: loads.reduce((sum, { seconds }) => sum + seconds, 0),
    summary: outcomes.summary(latency.summary()),
  };
}
