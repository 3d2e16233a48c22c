import type { BreakerMoment, HealthMoment, ServiceCounts } from '../../experiment/service-measurements.ts';
import { formatDurationMs, formatPercent } from '../../wire/quantities.ts';
import type { FaultReport, ServiceReport } from '../run-report.ts';

/** Lines of this kind that are shown of a service; `--json` has them all. */
const MAX_MOMENTS = 12;
const PHASES = ['before', 'during', 'after'] as const;

/** What became of a service that the proxy looks after: each moment of its breakers and endpoints, and what was answered in its place. */
export function serviceLines(report: ServiceReport, faults: readonly FaultReport[]): string[] {
  const { service, breakers, health, usable, counted } = report;
  const lines = [
    ...shorten([
      ...breakers.flatMap(({ breaker, changes }) => breakerLines(breaker, changes, faults)),
      ...health.map((moment) => healthLine(moment, faults)),
    ]),
    ...usableLine(usable),
    ...fallbackLines(counted),
  ];
  return lines.length === 0 ? [] : [service, ...lines.map((line) => `  ${line}`)];
}

interface Moment {
  readonly atMs: number;
  readonly line: string;
}

function breakerLines(name: string, changes: readonly BreakerMoment[], faults: readonly FaultReport[]): Moment[] {
  return foldTrials(changes).map(({ moment, failedTrials }) => {
    const trials =
      failedTrials === 0 ? '' : `, and again after ${failedTrials} failed ${failedTrials === 1 ? 'trial' : 'trials'}`;
    const line = `${at(moment.atMs, faults)}  breaker ${name} ${stateWords(moment)}${trials}`;
    return { atMs: moment.atMs, line };
  });
}

/** An open breaker that tries and fails goes on being open: one line says how often. */
function foldTrials(changes: readonly BreakerMoment[]): { moment: BreakerMoment; failedTrials: number }[] {
  const folded: { moment: BreakerMoment; failedTrials: number }[] = [];
  for (const [i, moment] of changes.entries()) {
    const isTrial = moment.to === 'half-open' && changes[i + 1]?.to === 'open';
    const last = folded.at(-1);
    if (isTrial && last?.moment.to === 'open') continue;
    if (moment.to === 'open' && moment.from === 'half-open' && last?.moment.to === 'open') last.failedTrials++;
    else folded.push({ moment, failedTrials: 0 });
  }
  return folded;
}

function stateWords({ to, reason, forced, counts }: BreakerMoment): string {
  if (forced) return `${to.toUpperCase()} by a person (${reason})`;
  const count = (name: string): string => JSON.stringify(counts[name] ?? 0);
  switch (to) {
    case 'open':
      return `OPEN: ${reason}, ${count('failures')} of ${count('calls')} calls failed`;
    case 'closed':
      return `closed: ${reason}, ${count('trialsDone')} trials`;
    default:
      return `${to}: ${reason}`;
  }
}

function healthLine({ atMs, address, isWell, reason }: HealthMoment, faults: readonly FaultReport[]): Moment {
  const line = `${at(atMs, faults)}  endpoint ${address} ${isWell ? 'healthy again' : `UNHEALTHY: ${reason}`}`;
  return { atMs, line };
}

/** When it was, and how long after the fault began or ended that did so last. */
function at(atMs: number, faults: readonly FaultReport[]): string {
  const edges = faults.flatMap(({ id, startedMs, endedMs }) => [
    { id, edge: 'began', ms: startedMs },
    ...(endedMs === null ? [] : [{ id, edge: 'ended', ms: endedMs }]),
  ]);
  const last = edges.filter(({ ms }) => ms <= atMs).reduce((a, b) => (b.ms >= a.ms ? b : a), NO_EDGE);
  const since = last === NO_EDGE ? '' : ` (${formatDurationMs(atMs - last.ms)} after ${last.id} ${last.edge})`;
  return `+${formatDurationMs(atMs)}${since}`;
}

const NO_EDGE = { id: '', edge: '', ms: -Infinity };

function usableLine(usable: ServiceReport['usable']): string[] {
  const parts = PHASES.flatMap((phase) => {
    const span = usable[phase];
    if (span === undefined) return [];
    return [`${phase} ${span.min === span.max ? span.min : `${span.min} to ${span.max}`}`];
  });
  return parts.length === 0 ? [] : [`healthy endpoints  ${parts.join('  ')}`];
}

function fallbackLines(counted: ServiceReport['counted']): string[] {
  const fallbacks = inPhases(counted, ({ requests, fallbacks: given, fallbacksFromCache }) => {
    if (given === 0) return undefined;
    return `${given} of ${requests} (${formatPercent((given / Math.max(1, requests)) * 100)}), ${fallbacksFromCache} from the cache`;
  });
  const rejected = inPhases(counted, (counts) => (counts.rejected === 0 ? undefined : String(counts.rejected)));
  const retries = inPhases(counted, (counts) => (counts.retries === 0 ? undefined : String(counts.retries)));
  const limited = inPhases(counted, (counts) => (counts.limited === 0 ? undefined : String(counts.limited)));
  return [
    ...(fallbacks === '' ? [] : [`fallback answers   ${fallbacks}`]),
    ...(rejected === '' ? [] : [`kept off by breakers  ${rejected}`]),
    ...(limited === '' ? [] : [`over a limit       ${limited}`]),
    ...(retries === '' ? [] : [`retries            ${retries}`]),
  ];
}

function inPhases(counted: ServiceReport['counted'], words: (counts: ServiceCounts) => string | undefined): string {
  return PHASES.flatMap((phase) => {
    const counts = counted[phase];
    const text = counts && words(counts);
    return text === undefined ? [] : [`${phase} ${text}`];
  }).join('  ');
}

/** In the order in which they were, the first of them. */
function shorten(moments: readonly Moment[]): string[] {
  const lines = moments.toSorted((a, b) => a.atMs - b.atMs).map(({ line }) => line);
  if (lines.length <= MAX_MOMENTS) return lines;
  return [...lines.slice(0, MAX_MOMENTS), `… and ${lines.length - MAX_MOMENTS} more`];
}
