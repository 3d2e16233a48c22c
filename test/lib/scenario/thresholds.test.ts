import { describe, expect, it } from 'vitest';
import {
  formatMetric,
  formatMetricValue,
  isWithin,
  parseCondition,
  parseThreshold,
  unitOf,
} from '../../../src/lib/scenario/thresholds.ts';

const problemOf = (text: string): string => {
  const parsed = parseThreshold(text);
  return parsed.ok ? 'no problem' : parsed.problem;
};

describe('thresholds', () => {
  it.each([
    [
      'http.p99 during < 800ms',
      { metric: { name: 'http', statistic: 'p99' }, unit: 'duration', phase: 'during', op: '<', value: 800 },
    ],
    ['http.p99.9 <= 1.5s', { metric: { name: 'http', statistic: 'p99.9' }, phase: undefined, op: '<=', value: 1500 }],
    ['errors after<1%', { metric: { name: 'errors' }, unit: 'percent', phase: 'after', value: 1 }],
    ['requests >= 100', { metric: { name: 'requests' }, unit: 'number', value: 100 }],
    ['rate during > 50/s', { metric: { name: 'rate' }, unit: 'rate', value: 50 }],
    ['recovery < 3.2s', { metric: { name: 'recovery' }, value: 3200 }],
    ['recovery.start < 1m', { metric: { name: 'recovery.start' }, value: 60_000 }],
    ['probe.up during >= 99%', { metric: { name: 'probe', probe: 'up' }, value: 99 }],
    [
      'breaker payments opens within 10s',
      { metric: { name: 'breaker.opens', breaker: 'payments' }, unit: 'duration', op: '<=', value: 10_000 },
    ],
    ['breaker payments opens within 10s during', { metric: { name: 'breaker.opens' }, phase: undefined }],
    [
      'breaker payments/127.0.0.1:80 closes within 30s after',
      { metric: { name: 'breaker.closes', breaker: 'payments/127.0.0.1:80' }, phase: undefined, value: 30_000 },
    ],
    ['healthy endpoints >= 1', { metric: { name: 'healthy.endpoints', service: undefined }, unit: 'number', value: 1 }],
    [
      'healthy endpoints of pay during >= 2',
      { metric: { name: 'healthy.endpoints', service: 'pay' }, phase: 'during', op: '>=', value: 2 },
    ],
    ['fallback rate during < 5%', { metric: { name: 'fallback.rate' }, phase: 'during', unit: 'percent', value: 5 }],
    ['fallback rate of pay == 0%', { metric: { name: 'fallback.rate', service: 'pay' }, phase: undefined }],
    ['touched.slow > 0', { metric: { name: 'touched', fault: 'slow' }, value: 0 }],
  ])('%s', (text, expected) => {
    expect(parseThreshold(text)).toMatchObject({ ok: true, value: { text, ...expected } });
  });

  it.each([
    ['http.p98 < 1s', /p98/],
    ['errors < 1s', /errors is a percentage/],
    ['http.p99 < 5', /http\.p99 is a duration|no unit/],
    ['recovery during < 3s', /leave out "during"/],
    ['errors', /http\.p99 during < 800ms|<|comparison/],
    ['errors < ', /./],
    ['', /./],
    ['errors =< 1%', /./],
    ['breaker payments', /expected "breaker NAME opens within 10s"/],
    ['breaker payments open within 10s', /did you mean "opens"/],
    ['breaker payments opens < 10s', /expected "breaker NAME opens within 10s"/],
    ['breaker payments opens within 10', /"10" is not a duration such as 10s/],
    ['breaker payments opens within 10s after', /opens during the faults: leave out "after"/],
    ['breaker payments closes within 10s before', /closes after the faults: leave out "before"/],
    ['healthy endpoints >= 1%', /./],
    ['healty endpoints >= 1', /unknown metric/],
    ['fallback rate < 5', /./],
  ])('refuses %j, and says what would be right', (text, problem) => {
    expect(problemOf(text)).not.toBe('no problem');
    expect(problemOf(text)).toMatch(problem);
  });

  it.each([
    ['errors > 60%', { of: 'metric', op: '>', value: 60 }],
    ['probe up fails', { of: 'probe', probe: 'up', state: 'fails' }],
    ['probe up holds', { of: 'probe', probe: 'up', state: 'holds' }],
  ])('guards: %s', (text, expected) => {
    expect(parseCondition(text)).toMatchObject({ ok: true, value: expected });
  });

  it.each(['healthy endpoints < 1', 'fallback rate > 5%'])('guards do not watch services: %s', (text) => {
    const parsed = parseCondition(text);
    expect(parsed.ok || parsed.problem).toContain('can stand in "gate"');
  });

  it.each(['breaker pay opens', 'breaker pay/a:1 closes', 'healthy endpoints of pay', 'fallback rate'])(
    'gives back %s as it is written',
    (text) => {
      const limit = text.startsWith('breaker') ? 'within 1s' : text.startsWith('healthy') ? '< 1' : '< 1%';
      const parsed = parseThreshold(`${text} ${limit}`);
      expect(parsed.ok && formatMetric(parsed.value.metric)).toBe(text);
    },
  );

  it.each([
    ['duration', 812.4, '812ms'],
    ['percent', 0.5, '0.5%'],
    ['rate', 50, '50/s'],
    ['number', 7, '7'],
  ] as const)('writes a %s', (unit, value, text) => {
    expect(formatMetricValue(unit, value)).toBe(text);
  });

  it('gives back every metric as it is written', () => {
    for (const text of ['http.p99.9', 'errors', 'recovery.start', 'probe.up', 'touched.slow']) {
      const unit = text.startsWith('touched')
        ? '1'
        : text.startsWith('http') || text.startsWith('recovery')
          ? '1s'
          : '1%';
      const parsed = parseThreshold(`${text} < ${unit}`);
      expect(parsed.ok && formatMetric(parsed.value.metric)).toBe(text);
      expect(parsed.ok && unitOf(parsed.value.metric)).toBe(parsed.ok && parsed.value.unit);
    }
  });

  it.each([
    ['<', [true, false, false]],
    ['<=', [true, true, false]],
    ['>', [false, false, true]],
    ['>=', [false, true, true]],
    ['==', [false, true, false]],
  ] as const)('compares with %s', (op, expected) => {
    expect([1, 2, 3].map((measured) => isWithin(measured, op, 2))).toEqual(expected);
  });
});
