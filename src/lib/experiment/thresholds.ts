import type { LatencySummary, LoadSummary, Phase } from '../events/run-events.ts';
import type { HttpStatistic, Metric, Threshold } from '../scenario/scenario.ts';
import { isWithin } from '../scenario/thresholds.ts';
import { measureService, type ServiceMetric } from './service-thresholds.ts';
import type { Measurements } from './measurements.ts';
import { mergedLoad } from './load.ts';

/** A threshold next to what was measured; without a measurement it is not held, and says why. */
export interface ThresholdResult {
  readonly threshold: Threshold;
  readonly measured: number | undefined;
  readonly held: boolean;
  readonly missing: string | undefined;
  /** Nothing was observed that could have held or broken it: the run proves nothing. */
  readonly withoutEvidence: boolean;
}

export function evaluateThreshold(threshold: Threshold, measurements: Measurements): ThresholdResult {
  const { metric } = threshold;
  if (isServiceMetric(metric)) return evaluateServiceThreshold(threshold, metric, measurements);
  const found = measure(metric, threshold.phase, measurements);
  if (typeof found === 'number') return measuredResult(threshold, found);
  const notRecovered = measurements.recovery !== undefined && threshold.metric.name.startsWith('recovery');
  return { threshold, measured: undefined, held: false, missing: found, withoutEvidence: !notRecovered };
}

function measuredResult(threshold: Threshold, measured: number): ThresholdResult {
  const held = isWithin(measured, threshold.op, threshold.value);
  return { threshold, measured, held, missing: undefined, withoutEvidence: false };
}

function isServiceMetric(metric: Metric): metric is ServiceMetric {
  return ['breaker.opens', 'breaker.closes', 'healthy.endpoints', 'fallback.rate'].includes(metric.name);
}

function evaluateServiceThreshold(
  threshold: Threshold,
  metric: ServiceMetric,
  measurements: Measurements,
): ThresholdResult {
  const found = measureService(metric, threshold, measurements);
  if (typeof found === 'number') return measuredResult(threshold, found);
  const { missing, unseen } = found;
  return { threshold, measured: undefined, held: false, missing, withoutEvidence: unseen };
}

/** A metric of the load in its base unit; undefined when no request was made. */
export function loadMetric(metric: Metric, summary: LoadSummary, seconds: number): number | undefined {
  switch (metric.name) {
    case 'requests':
      return summary.sent;
    case 'rate':
      return seconds > 0 ? summary.ok / seconds : undefined;
    case 'errors':
      return summary.sent > 0 ? summary.errorRatio * 100 : undefined;
    case 'http':
      return summary.latency.count > 0 ? statisticMs(metric.statistic, summary.latency) : undefined;
    case 'recovery':
    case 'recovery.start':
    case 'probe':
    case 'touched':
    case 'breaker.opens':
    case 'breaker.closes':
    case 'healthy.endpoints':
    case 'fallback.rate':
      return undefined;
  }
}

/** The measurement, or why there is none. */
function measure(
  metric: Exclude<Metric, ServiceMetric>,
  phase: Phase | undefined,
  measurements: Measurements,
): number | string {
  switch (metric.name) {
    case 'recovery':
    case 'recovery.start': {
      const { recovery } = measurements;
      if (!recovery) return 'recovery was not measured';
      return (
        (metric.name === 'recovery' ? recovery.fromFaultEndMs : recovery.fromFaultStartMs) ??
        'the steady state did not hold again in time'
      );
    }
    case 'probe': {
      const tallies = measurements.probes.get(metric.probe)?.byPhase ?? {};
      const chosen = phase ? [tallies[phase]] : Object.values(tallies);
      const results = chosen.reduce((sum: number, tally) => sum + (tally?.results ?? 0), 0);
      const failed = chosen.reduce((sum: number, tally) => sum + (tally?.failed ?? 0), 0);
      return results > 0 ? ((results - failed) / results) * 100 : `probe ${metric.probe} has no results`;
    }
    case 'touched':
      return measurements.faults.get(metric.fault)?.effect.touched ?? `fault ${metric.fault} was not injected`;
    case 'http':
    case 'errors':
    case 'requests':
    case 'rate':
      return measureLoad(metric, phase, measurements);
  }
}

function measureLoad(metric: Metric, phase: Phase | undefined, { phases }: Measurements): number | string {
  const loads = (phase ? [phases[phase]] : Object.values(phases)).flatMap((measured) =>
    measured?.load ? [measured.load] : [],
  );
  if (loads.length === 0) return phase ? `no requests ${phase}` : 'no requests';
  const load = loads.length === 1 ? loads[0] : mergedLoad(loads);
  return (load && loadMetric(metric, load.summary, load.seconds)) ?? `no requests ${phase ?? ''}`.trim();
}

function statisticMs(statistic: HttpStatistic, latency: LatencySummary): number {
  switch (statistic) {
    case 'p50':
      return latency.p50Ms;
    case 'p90':
      return latency.p90Ms;
    case 'p95':
      return latency.p95Ms;
    case 'p99':
      return latency.p99Ms;
    case 'p99.9':
      return latency.p999Ms;
    case 'max':
      return latency.maxMs;
    case 'mean':
      return latency.meanMs;
    case 'min':
      return latency.minMs;
  }
}
