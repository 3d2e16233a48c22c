import { describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../../src/lib/events/run-events.ts';
import { createMeasuring } from '../../../src/lib/experiment/measurements.ts';
import { evaluateThreshold } from '../../../src/lib/experiment/thresholds.ts';
import { parseThreshold } from '../../../src/lib/scenario/thresholds.ts';
import { load, stamped } from '../../support/run-events.ts';

const probe = (phase: 'before' | 'during' | 'after', ok: boolean): RunEventBody => ({
  type: 'probe.result',
  probe: 'up',
  kind: 'http',
  phase,
  counts: true,
  ok,
  value: 'x',
  startedMs: 0,
  tookMs: 1,
});

const EVENTS: RunEventBody[] = [
  { type: 'phase.started', phase: 'before' },
  { type: 'load.phase', phase: 'before', seconds: 10, summary: load(1000, 0, 20), histogram: '' },
  { type: 'load.phase', phase: 'during', seconds: 5, summary: load(500, 50, 900), histogram: '' },
  probe('during', true),
  probe('during', false),
  probe('after', true),
  probe('after', true),
  {
    type: 'fault.effect',
    fault: 'slow',
    kind: 'latency',
    target: 'service a',
    startedMs: 1,
    endedMs: 2,
    effect: { touched: 7, requested: {}, delivered: {}, decisions: { seen: 7, hit: 7, digest: '0' } },
  },
  { type: 'recovery.measured', broke: true, fromFaultEndMs: 1500, fromFaultStartMs: 6500, heldForMs: 2000 },
];

function evaluate(text: string, events: readonly RunEventBody[] = EVENTS) {
  const measuring = createMeasuring();
  for (const event of stamped(events)) measuring.onEvent(event);
  const threshold = parseThreshold(text);
  if (!threshold.ok) throw new Error(threshold.problem);
  return evaluateThreshold(threshold.value, measuring.current());
}

describe('thresholds', () => {
  it.each([
    ['http.p99 during < 800ms', 900, false],
    ['http.p99 during <= 900ms', 900, true],
    ['http.p99 before < 800ms', 20, true],
    ['errors during < 1%', 10, false],
    ['errors before == 0%', 0, true],
    ['requests during >= 500', 500, true],
    ['rate during >= 90/s', 90, true],
    ['recovery < 3.2s', 1500, true],
    ['recovery.start < 3.2s', 6500, false],
    ['probe.up during >= 50%', 50, true],
    ['probe.up after >= 99%', 100, true],
    ['probe.up >= 75%', 75, true],
    ['touched.slow > 6', 7, true],
  ])('%s: measured %d, held %s', (text, measured, held) => {
    expect(evaluate(text)).toMatchObject({ measured, held, withoutEvidence: false });
  });

  it.each([
    ['http.p99 after < 800ms', 'no requests after'],
    ['probe.other during >= 1%', 'probe other has no results'],
    ['touched.none > 0', 'fault none was not injected'],
  ])('%s has no evidence: %s', (text, missing) => {
    expect(evaluate(text)).toMatchObject({ held: false, missing, withoutEvidence: true });
  });

  it('a recovery that did not come in time is a broken promise, not a lack of evidence', () => {
    const late = EVENTS.map((event): RunEventBody =>
      event.type === 'recovery.measured' ? { ...event, fromFaultEndMs: null, fromFaultStartMs: null } : event,
    );
    expect(evaluate('recovery < 3.2s', late)).toMatchObject({
      held: false,
      measured: undefined,
      withoutEvidence: false,
    });
    expect(evaluate('recovery < 3.2s', [])).toMatchObject({ held: false, withoutEvidence: true });
  });
});
