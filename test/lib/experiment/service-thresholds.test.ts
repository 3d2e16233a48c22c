import { describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../../src/lib/events/run-events.ts';
import { createMeasuring } from '../../../src/lib/experiment/measurements.ts';
import { evaluateThreshold } from '../../../src/lib/experiment/thresholds.ts';
import { parseThreshold } from '../../../src/lib/scenario/thresholds.ts';
import { EMPTY_PLAN, runStarted, stamped } from '../../support/run-events.ts';

type At = RunEventBody & { atMs: number };

const FAULTS = ['payments', null].map((service, i) => ({
  id: `fault-${i}`,
  kind: 'abort',
  target: '',
  service,
  with: {},
  startMs: 0,
  endMs: 0,
  undoneBy: 'kernel' as const,
}));
const started: At = { ...runStarted({ plan: { ...EMPTY_PLAN, faults: FAULTS } }), atMs: 0 };
const phase = (name: 'before' | 'during' | 'after', atMs: number): At => ({ type: 'phase.started', phase: name, atMs });
const fault = (id: string, startedMs: number, endedMs: number | null): At => ({
  type: 'fault.effect',
  fault: id,
  kind: 'abort',
  target: '',
  startedMs,
  endedMs,
  effect: { touched: 1, requested: {}, delivered: {}, decisions: { seen: 1, hit: 1, digest: '' } },
  atMs: endedMs ?? startedMs,
});
const breaker = (
  atMs: number,
  to: string,
  more: { from?: string; endpoint?: string; forced?: string; service?: string } = {},
): At => ({
  type: 'breaker.changed',
  service: more.service ?? 'payments',
  endpoint: more.endpoint,
  from: more.from ?? 'closed',
  to,
  forced: more.forced,
  reason: 'x',
  counts: {},
  atMs,
});
const endpoint = (type: string, id: string, atMs: number, service = 'payments'): At =>
  ({ type: `endpoint.${type}`, service, endpoint: id, address: id, weight: 1, isAgain: false, atMs }) as unknown as At;
const counted = (requests: number, fallbacks: number, atMs: number, service = 'payments'): At => ({
  type: 'protection.counted',
  service,
  requests,
  fallbacks,
  fallbacksFromCache: 0,
  retries: 0,
  rejected: 0,
  limited: 0,
  atMs,
});

function evaluate(text: string, events: readonly At[]) {
  const measuring = createMeasuring();
  for (const event of stamped([started, ...events])) measuring.onEvent(event);
  const parsed = parseThreshold(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  const { measured, held, missing, withoutEvidence } = evaluateThreshold(parsed.value, measuring.current());
  return { measured, held, missing, withoutEvidence };
}

describe('breaker NAME opens within', () => {
  it('is measured from the fault that began last before, of those that are aimed at the service', () => {
    const events = [fault('fault-0', 5000, 9000), fault('fault-1', 5800, 9000), breaker(6000, 'open')];
    expect(evaluate('breaker payments opens within 1s', events)).toMatchObject({ measured: 1000, held: true });
    expect(evaluate('breaker payments opens within 999ms', events)).toMatchObject({ held: false });
  });

  it('is measured from any fault where none is aimed at the service', () => {
    const events = [fault('fault-1', 5800, 9000), breaker(6000, 'open', { service: 'shop' })];
    expect(evaluate('breaker shop opens within 1s', events)).toMatchObject({ measured: 200, held: true });
  });

  it('means its own one and those of its endpoints, or that of one endpoint', () => {
    const events = [fault('fault-0', 5000, 9000), breaker(5500, 'open', { endpoint: 'payments/a:1' })];
    expect(evaluate('breaker payments opens within 1s', events)).toMatchObject({ measured: 500 });
    expect(evaluate('breaker payments/a:1 opens within 1s', events)).toMatchObject({ measured: 500 });
    expect(evaluate('breaker payments/b:1 opens within 1s', events)).toMatchObject({ measured: undefined });
  });

  it.each([
    ['one that a person has forced', breaker(5500, 'open', { forced: 'open' })],
    ['one that was open before the fault', breaker(4000, 'open')],
    ['one that opens again after a trial', breaker(5500, 'open', { from: 'open' })],
  ])('does not count %s', (_name, event) => {
    expect(evaluate('breaker payments opens within 1s', [fault('fault-0', 5000, 9000), event])).toEqual({
      measured: undefined,
      held: false,
      missing: 'breaker payments did not open',
      withoutEvidence: false,
    });
  });
});

describe('breaker NAME closes within', () => {
  const opened = [fault('fault-0', 5000, 9000), breaker(5500, 'open')];

  it('is measured from the end of the last fault', () => {
    const events = [
      ...opened,
      breaker(9500, 'half-open', { from: 'open' }),
      breaker(9700, 'closed', { from: 'half-open' }),
    ];
    expect(evaluate('breaker payments closes within 1s after', events)).toMatchObject({ measured: 700, held: true });
  });

  it('is 0 where it closed while the fault went on', () => {
    const events = [...opened, breaker(8000, 'closed', { from: 'half-open' })];
    expect(evaluate('breaker payments closes within 1s after', events)).toMatchObject({ measured: 0, held: true });
  });

  it('is not held while one of several is open', () => {
    const events = [
      fault('fault-0', 5000, 9000),
      breaker(5500, 'open', { endpoint: 'payments/a:1' }),
      breaker(5500, 'open', { endpoint: 'payments/b:1' }),
      breaker(9100, 'closed', { endpoint: 'payments/a:1', from: 'half-open' }),
    ];
    expect(evaluate('breaker payments closes within 9s after', events)).toMatchObject({
      held: false,
      missing: 'breaker payments was not closed at the end',
      withoutEvidence: false,
    });
  });

  it('proves nothing where it never opened', () => {
    expect(evaluate('breaker payments closes within 1s after', [fault('fault-0', 5000, 9000)])).toMatchObject({
      held: false,
      missing: 'breaker payments never opened, so it could not close',
      withoutEvidence: true,
    });
  });
});

describe('healthy endpoints', () => {
  const events = [
    endpoint('registered', 'a', 100),
    endpoint('registered', 'b', 100),
    endpoint('unhealthy', 'a', 200),
    endpoint('healthy', 'a', 300),
    phase('before', 1000),
    phase('during', 2000),
    endpoint('unhealthy', 'a', 2500),
    endpoint('drained', 'b', 2600),
    endpoint('undrained', 'b', 2700),
    phase('after', 4000),
    endpoint('healthy', 'a', 4500),
    endpoint('registered', 'c', 4600),
  ];

  it.each([
    ['healthy endpoints before >= 2', 2],
    ['healthy endpoints during >= 1', 0],
    ['healthy endpoints during <= 2', 2],
    ['healthy endpoints after >= 1', 1],
    ['healthy endpoints of payments after <= 9', 3],
    ['healthy endpoints >= 1', 0],
  ])('%s: measured %d', (text, measured) => {
    expect(evaluate(text, events)).toMatchObject({ measured });
  });

  it('is that of the worst service where none is named', () => {
    const two = [...events.slice(0, 4), endpoint('registered', 'x', 400, 'shop'), phase('before', 1000)];
    expect(evaluate('healthy endpoints >= 1', two)).toMatchObject({ measured: 1 });
  });

  it('counts those that go', () => {
    const gone = [endpoint('registered', 'a', 1), phase('during', 2), endpoint('expired', 'a', 3)];
    expect(evaluate('healthy endpoints during >= 1', gone)).toMatchObject({ measured: 0, held: false });
  });

  it('proves nothing where no endpoint is watched', () => {
    expect(evaluate('healthy endpoints of shop >= 1', events)).toMatchObject({
      held: false,
      missing: 'no endpoints of shop were watched',
      withoutEvidence: true,
    });
  });
});

describe('fallback rate', () => {
  const events = [
    counted(5, 5, 900),
    phase('before', 1000),
    counted(105, 5, 2000),
    phase('during', 2000),
    counted(205, 25, 4000),
    phase('after', 4000),
    counted(405, 26, 6000),
  ];

  it.each([
    ['fallback rate before == 0%', 0],
    ['fallback rate during < 21%', 20],
    ['fallback rate of payments after < 1%', 0.5],
    ['fallback rate < 10%', 5.25],
  ])('%s: measured %d', (text, measured) => {
    expect(evaluate(text, events)).toMatchObject({ measured, held: true });
  });

  it('proves nothing without requests', () => {
    const idle = [phase('during', 1000), counted(0, 0, 2000)];
    expect(evaluate('fallback rate during < 5%', idle)).toMatchObject({
      missing: 'no requests during',
      withoutEvidence: true,
    });
  });
});
