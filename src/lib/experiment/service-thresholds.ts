import type { Phase } from '../events/run-events.ts';
import type { Metric, Operator } from '../scenario/scenario.ts';
import type { FaultMeasurements, Measurements } from './measurements.ts';
import type { BreakerMoment, ServiceMeasurements } from './service-measurements.ts';

export type ServiceMetric = Extract<
  Metric,
  { name: 'breaker.opens' | 'breaker.closes' | 'healthy.endpoints' | 'fallback.rate' }
>;

/** A measurement, or why there is none; `unseen`: nothing was observed that could have held or broken it. */
export type Found = number | { readonly missing: string; readonly unseen: boolean };

/** What a run has measured of its services. */
export function measureService(
  metric: ServiceMetric,
  { phase, op }: { readonly phase: Phase | undefined; readonly op: Operator },
  measurements: Measurements,
): Found {
  switch (metric.name) {
    case 'breaker.opens':
      return measureOpening(metric.breaker, measurements);
    case 'breaker.closes':
      return measureClosing(metric.breaker, measurements);
    case 'healthy.endpoints':
      return measureHealthy(metric.service, phase, op, measurements);
    case 'fallback.rate':
      return measureFallbacks(metric.service, phase, measurements);
  }
}

/** From the start of the fault that was the last to begin before it opened by itself, the first time that it did so under a fault. */
function measureOpening(name: string, measurements: Measurements): Found {
  const starts = faultsOn(serviceOf(name), measurements).map(({ startedMs }) => startedMs);
  const openings = changesOf(name, measurements).filter(
    ({ to, from, forced }) => to === 'open' && from !== 'open' && !forced,
  );
  for (const { atMs } of openings) {
    const startedMs = starts.filter((start) => start <= atMs);
    if (startedMs.length > 0) return atMs - Math.max(...startedMs);
  }
  return { missing: `breaker ${name} did not open`, unseen: starts.length === 0 };
}

/** From the end of the last fault until all breakers of that name were closed for good; none of them may be open at the end. */
function measureClosing(name: string, measurements: Measurements): Found {
  const changes = changesOf(name, measurements);
  if (!changes.some(({ to, forced }) => to === 'open' && !forced))
    return { missing: `breaker ${name} never opened, so it could not close`, unseen: true };
  const ends = faultsOn(serviceOf(name), measurements).map(({ endedMs }) => endedMs ?? Infinity);
  const endMs = Math.max(...ends);
  const isClosed = breakersOf(name, measurements).every(({ state }) => state === 'closed');
  if (!isClosed || endMs === Infinity || ends.length === 0)
    return { missing: `breaker ${name} was not closed at the end`, unseen: false };
  const closedMs = Math.max(...changes.filter(({ to }) => to === 'closed').map(({ atMs }) => atMs));
  return Math.max(0, closedMs - endMs);
}

/** The worst: the least where a lower limit is asked for, the most where an upper one is; of several services that of the worst of them. */
function measureHealthy(
  service: string | undefined,
  phase: Phase | undefined,
  op: Operator,
  measurements: Measurements,
): Found {
  const spans = chosen(service, measurements).flatMap(({ usable }) =>
    (phase === undefined ? Object.values(usable) : [usable[phase]]).filter((span) => span !== undefined),
  );
  if (spans.length === 0)
    return { missing: `no endpoints ${service === undefined ? '' : `of ${service} `}were watched`, unseen: true };
  const isUpper = op === '<' || op === '<=';
  return isUpper ? Math.max(...spans.map(({ max }) => max)) : Math.min(...spans.map(({ min }) => min));
}

function measureFallbacks(service: string | undefined, phase: Phase | undefined, measurements: Measurements): Found {
  const counts = chosen(service, measurements).flatMap(({ counted }) =>
    (phase === undefined ? Object.values(counted) : [counted[phase]]).filter((one) => one !== undefined),
  );
  const requests = counts.reduce((sum, one) => sum + one.requests, 0);
  const fallbacks = counts.reduce((sum, one) => sum + one.fallbacks, 0);
  const where = service === undefined ? '' : ` to ${service}`;
  if (requests === 0) return { missing: `no requests${where} ${phase ?? ''}`.trim(), unseen: true };
  return (fallbacks / requests) * 100;
}

function chosen(service: string | undefined, { services }: Measurements): ServiceMeasurements[] {
  return [...services].flatMap(([name, measured]) => (service === undefined || name === service ? [measured] : []));
}

/** A service's name means its own breaker and those of all its endpoints. */
function breakersOf(name: string, { services }: Measurements) {
  return [...services].flatMap(([service, { breakers }]) =>
    service === name ? [...breakers.values()] : [breakers.get(name)].filter((one) => one !== undefined),
  );
}

function changesOf(name: string, measurements: Measurements): BreakerMoment[] {
  return breakersOf(name, measurements)
    .flatMap(({ changes }) => changes)
    .sort((a, b) => a.atMs - b.atMs);
}

function serviceOf(name: string): string {
  return name.split('/', 1)[0] ?? name;
}

/** Those that are aimed at the service, or at its process; all when none is. */
function faultsOn(service: string, { faults }: Measurements): FaultMeasurements[] {
  const all = [...faults.values()];
  const aimed = all.filter((fault) => fault.service === service);
  return aimed.length > 0 ? aimed : all;
}
