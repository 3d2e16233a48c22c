import type { GateRow } from '../events/run-events.ts';
import type { FaultMeasurements, LoadSecond, Measurements } from '../experiment/measurements.ts';
import { loadMetric, type ThresholdResult } from '../experiment/thresholds.ts';
import { formatMetricValue, isWithin, unitOf } from '../scenario/thresholds.ts';
import { formatDurationMs, formatPercent } from '../wire/quantities.ts';

/** A judged threshold as a row: measured, limit, and for a broken one when it broke, by how much, and under which faults. */
export function gateRow({ threshold, measured, held, missing }: ThresholdResult, measurements: Measurements): GateRow {
  const row = {
    threshold: threshold.text,
    held,
    measured: measured ?? null,
    measuredText: measured === undefined ? (missing ?? 'nothing') : formatMetricValue(threshold.unit, measured),
    limitText: `${threshold.op} ${formatMetricValue(threshold.unit, threshold.value)}`,
  };
  if (held || measured === undefined) return row;
  const parts = [byHowMuch(measured, threshold.value, threshold.unit === 'percent'), when(threshold, measurements)];
  return { ...row, detail: parts.filter((part) => part !== undefined).join('; ') };
}

function byHowMuch(measured: number, limit: number, points: boolean): string | undefined {
  const side = measured > limit ? 'over' : 'under';
  if (measured === limit) return 'exactly the limit';
  if (points)
    return `${formatPercent(Math.abs(measured - limit)).replace('%', '')} percentage points ${side} the limit`;
  return limit === 0 ? undefined : `${formatPercent((Math.abs(measured - limit) / limit) * 100)} ${side} the limit`;
}

/** The seconds of the load in which the threshold was broken: the first, how many, the worst, and the faults in force. */
function when(
  { metric, op, value, phase }: ThresholdResult['threshold'],
  { seconds, faults }: Measurements,
): string | undefined {
  const broken = seconds
    .filter((second) => phase === undefined || second.phase === phase)
    .flatMap((second) => {
      const measured = loadMetric(metric, second.summary, 1);
      return measured === undefined || isWithin(measured, op, value) ? [] : [{ second, measured }];
    });
  const [first] = broken;
  if (!first) return undefined;
  const worst = broken.reduce((a, b) => (Math.abs(b.measured - value) > Math.abs(a.measured - value) ? b : a));
  const inForce = [...faults]
    .filter(([, fault]) => broken.some(({ second }) => overlaps(second, fault)))
    .map(([id]) => id);
  const cause = inForce.length > 0 ? ` (in force: ${inForce.join(', ')})` : '';
  return `first broken at +${formatDurationMs(first.second.atMs)}, in ${broken.length} s in all, worst ${formatMetricValue(unitOf(metric), worst.measured)} at +${formatDurationMs(worst.second.atMs)}${cause}`;
}

function overlaps(second: LoadSecond, fault: FaultMeasurements): boolean {
  return second.atMs > fault.startedMs && second.atMs - 1000 < (fault.endedMs ?? Number.POSITIVE_INFINITY);
}
