import type { LoadSummary } from '../../events/run-events.ts';
import type { Json, JsonObject } from '../../events/json.ts';
import { formatDurationMs, formatPercent } from '../../wire/quantities.ts';
import type { Paint } from '../paint.ts';
import type { FaultReport, PhaseReport, ProbeReport, RunReport } from '../run-report.ts';
import { formatTable } from '../table.ts';
import { serviceLines } from './service-lines.ts';

/** The report of a run for a terminal or a log: verdict first, then why, then the numbers. */
export function formatReport(report: RunReport, paint: Paint): string {
  return [
    headline(report, paint),
    ...report.reasons.map((reason) => `  ${paint.strong(reason)}`),
    ...section('load', loadTable(report.phases)),
    ...section('faults', report.faults.flatMap(faultLines)),
    ...section(
      'services',
      report.services.flatMap((service) => serviceLines(service, report.faults)),
    ),
    ...section('steady state', [...report.probes.map((probe) => probeLine(probe, paint)), ...recoveryLine(report)]),
    ...section('gate', gateLines(report, paint)),
    ...(report.inForce.length > 0
      ? [
          '',
          paint.bad('  STILL IN FORCE'),
          ...report.inForce.map((what) => `    ${what}`),
          '    `chaos rollback` tries again',
        ]
      : []),
    '',
    paint.faint(
      `  run ${report.run}  seed ${report.seed}  ${formatDurationMs(report.durationMs)}  chaos show ${report.run}`,
    ),
  ].join('\n');
}

function headline(report: RunReport, paint: Paint): string {
  const code = report.exitCode === null ? '' : ` (exit ${report.exitCode})`;
  switch (report.verdict) {
    case 'passed':
      return `${paint.good('✓ PASSED')} ${report.name}${code}`;
    case 'running':
      return `${paint.warn('● RUNNING')} ${report.name}`;
    case 'failed':
    case 'dirty':
      return `${paint.bad(`✗ ${report.verdict.toUpperCase()}`)} ${report.name}${code}`;
    case 'invalid':
    case 'aborted':
      return `${paint.warn(`! ${report.verdict.toUpperCase()}`)} ${report.name}${code}`;
  }
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `  ${title.toUpperCase()}`, ...lines.map((line) => `    ${line}`)];
}

function loadTable(phases: readonly PhaseReport[]): string[] {
  const rows = phases.flatMap(({ phase, durationMs, load }) => (load ? [loadRow(phase, durationMs, load)] : []));
  return rows.length === 0
    ? []
    : formatTable([['', 'requests', 'errors', 'p50', 'p90', 'p99', 'max', 'failed by'], ...rows], 'lrrrrrrl');
}

function loadRow(phase: string, durationMs: number, { sent, errorRatio, errors, latency }: LoadSummary): string[] {
  const times = [latency.p50Ms, latency.p90Ms, latency.p99Ms, latency.maxMs].map((ms) =>
    latency.count > 0 ? formatDurationMs(ms) : '–',
  );
  const kinds = Object.entries(errors).sort((a, b) => b[1] - a[1]);
  return [
    `${phase} ${formatDurationMs(durationMs)}`,
    String(sent),
    sent > 0 ? formatPercent(errorRatio * 100) : '–',
    ...times,
    kinds.map(([kind, count]) => `${kind} ×${count}`).join(', '),
  ];
}

function faultLines({
  id,
  kind,
  target,
  startedMs,
  endedMs,
  touched,
  requested,
  delivered,
  decisions,
  note,
}: FaultReport): string[] {
  const window = `+${formatDurationMs(startedMs)} … ${endedMs === null ? 'now' : `+${formatDurationMs(endedMs)}`}`;
  return [
    `${id}  ${kind === id ? '' : `${kind} `}on ${target}  ${window}`,
    `  asked      ${formatFacts(requested)}`,
    `  delivered  ${formatFacts(delivered)}`,
    `  touched    ${touched} (${decisions.hit} of ${decisions.seen} chosen, digest ${decisions.digest})${note ? `: ${note}` : ''}`,
  ];
}

/** `{delayMs: {p50: 300.4}, percent: 30}` as `delay p50 300ms  percent 30%`. */
export function formatFacts(facts: JsonObject): string {
  const parts = Object.entries(facts).flatMap(([name, value]) => formatFact(name, value));
  return parts.length > 0 ? parts.join('  ') : '–';
}

function formatFact(name: string, value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  const [label, format] = unitOf(name);
  if (typeof value === 'number') return [`${label} ${format(value)}`];
  if (typeof value === 'string' || typeof value === 'boolean') return [`${label} ${value}`];
  if (Array.isArray(value)) return value.length > 0 ? [`${label} ${value.map(String).join(',')}`] : [];
  const inner = Object.entries(value as JsonObject).flatMap(([key, part]) => {
    const [innerLabel, innerFormat] = unitOf(key);
    if (typeof part === 'number') return [`${innerLabel} ${innerFormat === String ? format(part) : innerFormat(part)}`];
    return part === null ? [] : [`${innerLabel} ${typeof part === 'string' ? part : JSON.stringify(part)}`];
  });
  return inner.length > 0 ? [`${label} ${inner.join(' ')}`] : [];
}

/** Facts that need more words than their name has. */
const FACT_WORDS: Readonly<Record<string, readonly [label: string, explanation: string]>> = {
  cutShort: ['cut short', 'the caller hung up, or the fault ended'],
};

/** The unit stands at the end of a name: `delayMs`, `waitPercent`. */
function unitOf(name: string): [label: string, format: (value: number) => string] {
  if (name.endsWith('Ms')) return [name.slice(0, -2), formatDurationMs];
  if (name === 'percent' || name.endsWith('Percent') || name.startsWith('percentOf')) return [name, formatPercent];
  const words = FACT_WORDS[name];
  return words === undefined ? [name, String] : [words[0], (value) => `${value} (${words[1]})`];
}

function probeLine({ name, phases, breaches }: ProbeReport, paint: Paint): string {
  const tallies = (['before', 'during', 'after'] as const).flatMap((phase) => {
    const tally = phases[phase];
    return tally
      ? [`${phase} ${tally.results - tally.failed}/${tally.results}${tally.counts ? '' : ' (watched)'}`]
      : [];
  });
  const broken = (['before', 'during'] as const).some((phase) => phases[phase]?.counts && phases[phase].failed > 0);
  const first = breaches[0];
  const why = first ? `  first at +${formatDurationMs(first.atMs)}: ${first.reason}` : '';
  return `${broken ? paint.bad('✗') : paint.good('✓')} ${name}  ${tallies.join('  ')}${why}`;
}

function recoveryLine({ recovery }: RunReport): string[] {
  if (!recovery) return [];
  if (recovery.fromFaultEndMs === null) return ['recovery: not within the time given'];
  if (!recovery.broke) return ['recovery: the steady state never broke'];
  const fromStart =
    recovery.fromFaultStartMs === null
      ? ''
      : `, ${formatDurationMs(recovery.fromFaultStartMs)} after the first fault began`;
  return [
    `recovery: ${formatDurationMs(recovery.fromFaultEndMs)} after the last fault ended${fromStart}; held for ${formatDurationMs(recovery.heldForMs)}`,
  ];
}

function gateLines({ gate }: RunReport, paint: Paint): string[] {
  const width = Math.max(0, ...gate.map(({ threshold }) => threshold.length));
  return gate.map(({ threshold, held, measuredText, detail }) => {
    const line = `${held ? paint.good('✓') : paint.bad('✗')} ${threshold.padEnd(width)}  ${measuredText}`;
    return detail ? `${line}  ${detail}` : line;
  });
}
