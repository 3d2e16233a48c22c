import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import type { Phase, RunEventBody } from '../../../src/lib/events/run-events.ts';
import type { Ending } from '../../../src/lib/experiment/ending.ts';
import { createMeasuring } from '../../../src/lib/experiment/measurements.ts';
import { judge } from '../../../src/lib/report/verdict.ts';
import { parseThreshold } from '../../../src/lib/scenario/thresholds.ts';
import { load, stamped } from '../../support/run-events.ts';

const effect = (touched: number): RunEventBody => ({
  type: 'fault.effect',
  fault: 'slow',
  kind: 'latency',
  target: 'service a',
  startedMs: 3000,
  endedMs: 6000,
  effect: {
    touched,
    requested: {},
    delivered: {},
    decisions: { seen: touched, hit: touched, digest: '0' },
    ...(touched === 0 && { note: 'no request reached it' }),
  },
});
const probe = (phase: 'during' | 'after', ok: boolean, counts = true): RunEventBody => ({
  type: 'probe.result',
  probe: 'up',
  kind: 'http',
  phase,
  counts,
  ok,
  value: 'x',
  ...(!ok && { reason: 'status 503 is not in 200-399' }),
  startedMs: 4000,
  tookMs: 1,
});
const recovery = (ms: number | null): RunEventBody => ({
  type: 'recovery.measured',
  broke: ms !== 0,
  fromFaultEndMs: ms,
  fromFaultStartMs: ms,
  heldForMs: 2000,
});
const during = (failed: number, ms: number): RunEventBody => ({
  type: 'load.phase',
  phase: 'during',
  seconds: 3,
  summary: load(300, failed, ms),
  histogram: '',
});

const GOOD: RunEventBody[] = [effect(10), probe('during', true), probe('after', true), during(0, 100), recovery(0)];
const GATE = ['http.p99 during < 800ms', 'recovery < 3s'];

function verdictOf(
  events: readonly RunEventBody[],
  options: {
    ending?: Ending;
    stuck?: string[];
    gate?: string[];
    faults?: string[];
    probes?: { name: string; when: Phase[] }[];
  } = {},
) {
  const measuring = createMeasuring();
  for (const event of stamped(events)) measuring.onEvent(event);
  const thresholds = (options.gate ?? GATE).map((text) => {
    const parsed = parseThreshold(text);
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.value;
  });
  return judge({
    ending: options.ending ?? { kind: 'completed' },
    measurements: measuring.current(),
    thresholds,
    faults: options.faults ?? ['slow'],
    probes: options.probes ?? [],
    stuck: options.stuck ?? [],
  });
}

describe('verdict', () => {
  it.each<[string, ReturnType<typeof verdictOf>, string, number, string | undefined]>([
    ['everything held', verdictOf(GOOD), 'passed', 0, undefined],
    [
      'a threshold broke',
      verdictOf([...GOOD, during(0, 1200)]),
      'failed',
      1,
      'http.p99 during < 800ms: measured 1.2s, 50% over the limit',
    ],
    [
      'the steady state broke during the faults',
      verdictOf([...GOOD, probe('during', false)]),
      'failed',
      1,
      'steady state: up was out of tolerance in 1 of 2 results during the faults, first at +4s: status 503 is not in 200-399',
    ],
    [
      'a probe that is only watched broke',
      verdictOf([effect(1), probe('during', false, false), probe('after', true, true), during(0, 1), recovery(0)]),
      'passed',
      0,
      undefined,
    ],
    [
      'it did not recover in time',
      verdictOf([...GOOD, probe('after', false), recovery(null)]),
      'failed',
      1,
      'steady state: not recovered in time after the last fault (up: status 503 is not in 200-399)',
    ],
    [
      'an assertion of the method did not hold',
      verdictOf([...GOOD, { type: 'probe.step', probe: 'cache', ok: false, value: '0', reason: 'empty' }]),
      'failed',
      1,
      'at +5s cache: empty',
    ],
    [
      'a fault touched nothing',
      verdictOf([...GOOD, effect(0)]),
      'invalid',
      4,
      'fault slow touched nothing: no request reached it',
    ],
    [
      'a fault was never injected',
      verdictOf(GOOD, { faults: ['slow', 'other'] }),
      'invalid',
      4,
      'fault other was never injected',
    ],
    [
      'a threshold has no evidence',
      verdictOf(GOOD, { gate: ['errors after < 1%'] }),
      'invalid',
      4,
      'errors after < 1%: no requests after',
    ],
    [
      'a probe that counts during the faults has no result from then',
      verdictOf(GOOD, { probes: [{ name: 'other', when: ['during'] }] }),
      'invalid',
      4,
      'steady state: other has no result during the faults: measure it more often than they last',
    ],
    [
      'touching nothing weighs more than a broken threshold',
      verdictOf([...GOOD, effect(0), during(0, 1200)]),
      'invalid',
      4,
      'fault slow touched nothing: no request reached it',
    ],
    [
      'not healthy before',
      verdictOf([], { ending: { kind: 'unhealthy', reasons: ['up: down'] } }),
      'invalid',
      3,
      'up: down',
    ],
    [
      'not injected',
      verdictOf([], { ending: { kind: 'not-injected', reasons: ['no root'] } }),
      'invalid',
      4,
      'no root',
    ],
    [
      'a guard',
      verdictOf([], { ending: { kind: 'guard', guard: 'errors > 60%', reason: '70% for 3000 ms' } }),
      'aborted',
      6,
      'guard "errors > 60%" tripped: 70% for 3000 ms',
    ],
    [
      'Ctrl-C',
      verdictOf([], { ending: { kind: 'interrupted', signal: 'SIGINT' } }),
      'aborted',
      130,
      'interrupted by SIGINT',
    ],
    [
      'a port that is taken',
      verdictOf([], { ending: { kind: 'error', error: new AppError('usage', 'port 1 is taken') } }),
      'invalid',
      2,
      'port 1 is taken',
    ],
    [
      'a bug',
      verdictOf([], { ending: { kind: 'bug', error: new Error('x is undefined') } }),
      'aborted',
      70,
      'a bug of ours: x is undefined',
    ],
    ['something could not be reverted', verdictOf(GOOD, { stuck: ['slow is stuck'] }), 'dirty', 5, 'slow is stuck'],
    [
      'dirty weighs more than anything',
      verdictOf([], { stuck: ['slow is stuck'], ending: { kind: 'interrupted', signal: 'SIGINT' } }),
      'dirty',
      5,
      'slow is stuck',
    ],
  ])('%s', (_name, result, verdict, exitCode, reason) => {
    expect({ verdict: result.verdict, exitCode: result.exitCode, reason: result.reasons[0] }).toEqual({
      verdict,
      exitCode,
      reason,
    });
  });

  it('says of a broken threshold when it broke, for how long, how badly, and under which fault', () => {
    const second = (atMs: number, ms: number): RunEventBody & { atMs: number } => ({
      type: 'load.second',
      phase: 'during',
      summary: load(100, 0, ms),
      atMs,
    });
    const measuring = [...GOOD, during(0, 1200), second(3500, 100), second(4500, 1200), second(5500, 1600)];
    const row = verdictOf(measuring).gate.find(({ held }) => !held);
    expect(row?.detail).toBe(
      '50% over the limit; first broken at +4.5s, in 2 s in all, worst 1.6s at +5.5s (in force: slow)',
    );
  });
});
