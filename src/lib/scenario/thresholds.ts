import type { Phase } from '../events/run-events.ts';
import {
  formatDurationMs,
  formatPercent,
  parseDurationMs,
  parsePercent,
  parseRatePerSecond,
} from '../wire/quantities.ts';
import { didYouMean } from './mistakes/did-you-mean.ts';
import { hintQuantityOf } from './mistakes/quantity-hint.ts';
import { listOr, quote } from './mistakes/words.ts';
import {
  formatServiceMetric,
  isBreakerTerm,
  parseBreakerTerm,
  parseServiceMetric,
  SERVICE_METRIC_NAMES,
} from './service-terms.ts';
import type { Parsed } from './parsed.ts';
import type { Condition, HttpStatistic, Metric, MetricUnit, Operator, Threshold } from './scenario.ts';

/**
 * The texts of `gate` and of guards:
 *
 *   threshold  =  metric [phase] operator value          http.p99 during < 800ms
 *              |  what is said of services               see service-terms.ts
 *   condition  =  metric operator value                  errors > 60%
 *              |  "probe" name ("fails" | "holds")       probe gateway answers fails
 *
 * Names of probes may hold spaces and may stand in quotes: `probe."gateway answers" after >= 99%`.
 */

const HTTP_STATISTICS: readonly HttpStatistic[] = ['p50', 'p90', 'p95', 'p99', 'p99.9', 'max', 'mean', 'min'];
const PLAIN_METRICS = ['errors', 'requests', 'rate', 'recovery', 'recovery.start'] as const;
const OPERATORS: readonly Operator[] = ['<', '<=', '>', '>=', '=='];
const PHASES: readonly Phase[] = ['before', 'during', 'after'];

/** The metrics that have one name each; `probe.NAME` and `touched.FAULT` are the others. */
export const METRIC_NAMES: readonly string[] = [...HTTP_STATISTICS.map((name) => `http.${name}`), ...PLAIN_METRICS];

const UNIT_WORDS: Readonly<Record<MetricUnit, { readonly article: string; readonly example: string }>> = {
  duration: { article: 'a duration', example: '800ms' },
  percent: { article: 'a percentage', example: '1%' },
  number: { article: 'a number', example: '100' },
  rate: { article: 'a rate', example: '50/s' },
};

/** Reads a threshold of `gate`. */
export function parseThreshold(text: string): Parsed<Threshold> {
  if (isBreakerTerm(text)) return parseBreakerTerm(text);
  const parts = splitComparison(text, 'http.p99 during < 800ms');
  if (!parts.ok) return parts;
  const left = splitPhase(parts.value.left);
  const metric = parseMetric(left.metric, parts.value.leftIndex);
  if (!metric.ok) return metric;
  const unit = unitOf(metric.value);
  if (left.phase && isMeasuredOnce(metric.value)) {
    const problem = `${left.metric} is measured once in a run and has no phase: leave out "${left.phase}"`;
    return wrong(problem, parts.value.leftIndex + parts.value.left.lastIndexOf(left.phase));
  }
  const value = parseValue(parts.value, left.metric, unit);
  if (!value.ok) return value;
  return right({ text, metric: metric.value, unit, phase: left.phase, op: parts.value.op, value: value.value });
}

/** Reads the condition of a guard. */
export function parseCondition(text: string): Parsed<Condition> {
  if (/^\s*probe\s/.test(text)) return parseProbeCondition(text);
  const parts = splitComparison(text, 'errors > 60%');
  if (!parts.ok) return parts;
  const { left, leftIndex, op } = parts.value;
  const { metric: name, phase } = splitPhase(left);
  const metric = parseMetric(name, leftIndex);
  if (!metric.ok) return metric;
  if (phase) {
    const problem = `a guard watches the last seconds, whatever the phase: leave out "${phase}"`;
    return wrong(problem, leftIndex + left.lastIndexOf(phase));
  }
  if (metric.value.name === 'recovery' || metric.value.name === 'recovery.start') {
    return wrong(`${name} is known only when the faults are over: it can stand in "gate", not in a guard`, leftIndex);
  }
  if (isOfServices(metric.value))
    return wrong(`a guard watches the load and the probes: ${name} can stand in "gate"`, leftIndex);
  const value = parseValue(parts.value, name, unitOf(metric.value));
  return value.ok ? right({ of: 'metric', metric: metric.value, op, value: value.value }) : value;
}

/** The unit in which a metric is compared. */
export function unitOf(metric: Metric): MetricUnit {
  switch (metric.name) {
    case 'http':
    case 'recovery':
    case 'recovery.start':
    case 'breaker.opens':
    case 'breaker.closes':
      return 'duration';
    case 'errors':
    case 'probe':
    case 'fallback.rate':
      return 'percent';
    case 'requests':
    case 'touched':
    case 'healthy.endpoints':
      return 'number';
    case 'rate':
      return 'rate';
  }
}

/** A metric as it is written: `http.p99`, `probe.gateway answers`. */
export function formatMetric(metric: Metric): string {
  switch (metric.name) {
    case 'http':
      return `http.${metric.statistic}`;
    case 'probe':
      return `probe.${metric.probe}`;
    case 'touched':
      return `touched.${metric.fault}`;
    case 'breaker.opens':
    case 'breaker.closes':
    case 'healthy.endpoints':
    case 'fallback.rate':
      return formatServiceMetric(metric);
    default:
      return metric.name;
  }
}

/** A measured or demanded value for people: `812ms`, `1.2%`, `98`, `49.8/s`. */
export function formatMetricValue(unit: MetricUnit, value: number): string {
  switch (unit) {
    case 'duration':
      return formatDurationMs(value);
    case 'percent':
      return formatPercent(value);
    case 'number':
      return formatNumber(value);
    case 'rate':
      return `${formatNumber(value)}/s`;
  }
}

/** Whether a measured value is within a threshold. */
export function isWithin(measured: number, op: Operator, limit: number): boolean {
  switch (op) {
    case '<':
      return measured < limit;
    case '<=':
      return measured <= limit;
    case '>':
      return measured > limit;
    case '>=':
      return measured >= limit;
    case '==':
      return measured === limit;
  }
}

interface Comparison {
  /** Trimmed; `leftIndex` and the others are where each begins in the text. */
  readonly left: string;
  readonly leftIndex: number;
  readonly op: Operator;
  readonly right: string;
  readonly rightIndex: number;
}

function splitComparison(text: string, example: string): Parsed<Comparison> {
  const [, before = '', left = '', between = '', sign = '', gap = '', value = ''] =
    /^(\s*)([^<>=!≤≥]*?)(\s*)([<>=!≤≥]+)(\s*)([^]*?)\s*$/.exec(text) ?? [];
  const form = `expected METRIC [before|during|after] OPERATOR VALUE, such as "${example}"`;
  if (sign === '' || left === '') return wrong(`${quote(text)} compares nothing: ${form}`, 0);
  const opIndex = before.length + left.length + between.length;
  const op = OPERATORS.find((operator) => operator === sign);
  if (op === undefined) return wrong(`"${sign}" is not an operator: use ${listOr(OPERATORS)}`, opIndex);
  const rightIndex = opIndex + sign.length + gap.length;
  return right({ left, leftIndex: before.length, op, right: value, rightIndex });
}

function splitPhase(left: string): { readonly metric: string; readonly phase: Phase | undefined } {
  const [, metric = left, word] = /^([^]*\S)\s+(\S+)$/.exec(left) ?? [];
  const phase = PHASES.find((name) => name === word);
  return phase ? { metric, phase } : { metric: left, phase: undefined };
}

function parseMetric(name: string, index: number): Parsed<Metric> {
  const [, family, member = ''] = /^(probe|touched)\.([^]+)$/.exec(name) ?? [];
  if (family === 'probe') return right({ name: 'probe', probe: unquote(member) });
  if (family === 'touched') return right({ name: 'touched', fault: unquote(member) });
  const ofServices = parseServiceMetric(name);
  if (ofServices) return right(ofServices);
  const statistic = HTTP_STATISTICS.find((candidate) => name === `http.${candidate}`);
  if (statistic) return right({ name: 'http', statistic });
  const plain = PLAIN_METRICS.find((candidate) => name === candidate);
  if (plain) return right({ name: plain });
  return explainMetric(name, index);
}

/** An unknown metric, or a known one with a word behind it that is no phase. */
function explainMetric(name: string, index: number): Parsed<Metric> {
  const [, first = '', gap = '', rest = ''] = /^(\S+)(\s+)([^]+)$/.exec(name) ?? [];
  if (METRIC_NAMES.includes(first)) {
    const problem = `${quote(rest)} is not a phase: expected before, during or after${didYouMean(rest, PHASES)}`;
    return wrong(problem, index + first.length + gap.length);
  }
  const names = [...METRIC_NAMES, 'probe.NAME', 'touched.FAULT', ...SERVICE_METRIC_NAMES];
  const near = didYouMean(first || name, METRIC_NAMES);
  return wrong(`unknown metric ${quote(first || name)}${near || `: expected ${listOr(names)}`}`, index);
}

function parseValue({ op, right: text, rightIndex }: Comparison, metric: string, unit: MetricUnit): Parsed<number> {
  const value = parseByUnit(unit, text);
  if (value !== undefined) return right(value);
  const { article, example } = UNIT_WORDS[unit];
  const hint = hintQuantityOf(unit, text);
  if (hint !== undefined) return wrong(`${text} ${hint}: ${metric} is ${article}`, rightIndex);
  const range = unit === 'percent' ? ' from 0% to 100%' : '';
  const wrongText = text === '' ? 'there is no value' : `${quote(text)} is not ${article}${range}`;
  return wrong(`${wrongText}: ${metric} is ${article}, write e.g. ${op} ${example}`, rightIndex);
}

function parseByUnit(unit: MetricUnit, text: string): number | undefined {
  switch (unit) {
    case 'duration':
      return parseDurationMs(text);
    case 'percent':
      return parsePercent(text);
    case 'number':
      return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
    case 'rate':
      return parseRatePerSecond(text);
  }
}

function parseProbeCondition(text: string): Parsed<Condition> {
  const [, name, state] = /^\s*probe\s+(\S|\S[^]*\S)\s+(fails|holds)\s*$/.exec(text) ?? [];
  if (name !== undefined)
    return right({ of: 'probe', probe: unquote(name), state: state === 'holds' ? 'holds' : 'fails' });
  const word = /(\S+)\s*$/.exec(text)?.[1] ?? '';
  const near = didYouMean(word, ['fails', 'holds']);
  return wrong(`expected "probe NAME fails" or "probe NAME holds"${near}`, text.lastIndexOf(word));
}

function isOfServices({ name }: Metric): boolean {
  return name === 'healthy.endpoints' || name === 'fallback.rate';
}

function isMeasuredOnce(metric: Metric): boolean {
  return metric.name === 'recovery' || metric.name === 'recovery.start' || metric.name === 'touched';
}

function unquote(name: string): string {
  return /^(["']).*\1$/.test(name) && name.length > 2 ? name.slice(1, -1) : name;
}

function formatNumber(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
}

function right<Value>(value: Value): Parsed<Value> {
  return { ok: true, value };
}

function wrong(
  problem: string,
  index: number,
): { readonly ok: false; readonly problem: string; readonly index: number } {
  return { ok: false, problem, index };
}
