import { parseDurationMs } from '../wire/quantities.ts';
import { didYouMean } from './mistakes/did-you-mean.ts';
import { quote } from './mistakes/words.ts';
import type { Metric, Threshold } from './scenario.ts';
import type { Parsed } from './parsed.ts';

/**
 * What a gate says of the services behind the proxy:
 *
 *   "breaker" name "opens" "within" duration             breaker payments opens within 10s
 *   "breaker" name "closes" "within" duration ["after"]  breaker payments closes within 30s after
 *   "healthy endpoints" ["of" service]                   healthy endpoints of payments during >= 1
 *   "fallback rate" ["of" service]                       fallback rate during < 5%
 */

const BREAKER_FORM = 'expected "breaker NAME opens within 10s" or "breaker NAME closes within 30s after"';
const COUNTED = /^(healthy endpoints|fallback rate)(?:\s+of\s+(\S[^]*))?$/;
const COUNTED_NAMES = { 'healthy endpoints': 'healthy.endpoints', 'fallback rate': 'fallback.rate' } as const;

/** The words that metrics of services begin with. */
export const SERVICE_METRIC_NAMES: readonly string[] = Object.keys(COUNTED_NAMES);

/** Whether a text is about a breaker, right or wrong. */
export function isBreakerTerm(text: string): boolean {
  return /^\s*breaker\s/.test(text);
}

export function parseBreakerTerm(text: string): Parsed<Threshold> {
  const [, start = '', breaker, gap = '', verb = '', rest = ''] =
    /^(\s*breaker\s+)(\S+)(\s+)(\S+)([^]*)$/.exec(text) ?? [];
  if (breaker === undefined) return wrong(BREAKER_FORM, 0);
  const verbIndex = start.length + breaker.length + gap.length;
  const name = verb === 'opens' ? 'breaker.opens' : verb === 'closes' ? 'breaker.closes' : undefined;
  if (name === undefined)
    return wrong(`${quote(verb)}${didYouMean(verb, ['opens', 'closes']) || `: ${BREAKER_FORM}`}`, verbIndex);
  const [, lead = '', duration = '', phase] = /^(\s+within\s+)(\S+)(?:\s+(\S+))?\s*$/.exec(rest) ?? [];
  const durationIndex = verbIndex + verb.length + lead.length;
  const fitting = name === 'breaker.opens' ? 'during' : 'after';
  if (lead === '') return wrong(BREAKER_FORM, verbIndex + verb.length);
  if (phase !== undefined && phase !== fitting)
    return wrong(`a breaker ${verb} ${fitting} the faults: leave out ${quote(phase)}`, text.lastIndexOf(phase));
  const value = parseDurationMs(duration);
  if (value === undefined) return wrong(`${quote(duration)} is not a duration such as 10s`, durationIndex);
  const metric: Metric = { name, breaker };
  return { ok: true, value: { text, metric, unit: 'duration', phase: undefined, op: '<=', value } };
}

/** `healthy endpoints of payments`; undefined when it is none of these. */
export function parseServiceMetric(text: string): Metric | undefined {
  const [, words, service] = COUNTED.exec(text) ?? [];
  if (words !== 'healthy endpoints' && words !== 'fallback rate') return undefined;
  return { name: COUNTED_NAMES[words], service };
}

export function formatServiceMetric(
  metric: Extract<Metric, { name: 'breaker.opens' | 'breaker.closes' | 'healthy.endpoints' | 'fallback.rate' }>,
): string {
  switch (metric.name) {
    case 'breaker.opens':
      return `breaker ${metric.breaker} opens`;
    case 'breaker.closes':
      return `breaker ${metric.breaker} closes`;
    case 'healthy.endpoints':
    case 'fallback.rate': {
      const words = metric.name === 'healthy.endpoints' ? 'healthy endpoints' : 'fallback rate';
      return metric.service === undefined ? words : `${words} of ${metric.service}`;
    }
  }
}

function wrong(problem: string, index: number): Parsed<Threshold> {
  return { ok: false, problem, index };
}
