import type { PlanDocument } from '../../../src/lib/events/plan-document.ts';
import type { LoadSummary, Phase, RunEvent, RunEventBody } from '../../../src/lib/events/run-events.ts';

/** When sample runs start. */
export const START_UNIX_MS = 1_900_000_000_000;

/** Events of one run, each with its time in ms since the start. */
export function runEvents(...timed: readonly (readonly [sinceStartMs: number, body: RunEventBody])[]): RunEvent[] {
  return timed.map(([sinceStartMs, body], index) => ({
    run: 'run-1',
    seq: index + 1,
    unixMs: START_UNIX_MS + sinceStartMs,
    sinceStartMs,
    ...body,
  }));
}

const PLAN: PlanDocument = {
  name: 'shop',
  file: 'shop.yaml',
  services: [],
  load: null,
  probes: [],
  faults: [],
  guards: [],
  gate: [],
  beforeMs: 0,
  methodMs: 0,
  afterMs: 0,
  recoverWithinMs: 0,
};

export const started: RunEventBody = {
  type: 'run.started',
  name: 'shop',
  file: 'shop.yaml',
  seed: 42,
  version: '0.1.0',
  pid: 4312,
  startTicks: 1,
  bootId: 'boot',
  plan: PLAN,
};

export const passed: Extract<RunEventBody, { type: 'run.ended' }> = {
  type: 'run.ended',
  verdict: 'passed',
  exitCode: 0,
  reasons: [],
  by: 'runner',
};

export function probeResult(
  startedMs: number,
  ok: boolean,
  phase: Phase = 'during',
): Extract<RunEventBody, { type: 'probe.result' }> {
  return {
    type: 'probe.result',
    probe: 'gateway',
    kind: 'http',
    phase,
    counts: true,
    ok,
    value: ok ? '200 in 4ms' : '503 in 9ms',
    ...(ok ? {} : { reason: 'status 503, not 200' }),
    startedMs,
    tookMs: 5,
  };
}

export const loadSummary: LoadSummary = {
  sent: 200,
  ok: 190,
  errors: { 'http.503': 10 },
  errorRatio: 0.05,
  latency: {
    count: 200,
    minMs: 1,
    meanMs: 5,
    p50Ms: 4,
    p90Ms: 9,
    p95Ms: 10,
    p99Ms: 12,
    p999Ms: 13,
    maxMs: 14,
  },
};

/** A run that breaks and recovers: one service, one fault, a probe that fails once. */
export function sampleRun(): RunEvent[] {
  const service = { step: 'payments', subject: 'service' } as const;
  const fault = { step: 'slow', subject: 'fault' } as const;
  const effect = {
    touched: 90,
    requested: { delayMs: 300, percent: 50 },
    delivered: { delayMs: { p50: 301.2, p99: 304.9 }, percent: 49.7 },
    decisions: { seen: 181, hit: 90, digest: 'abc' },
  };
  return runEvents(
    [0, started],
    [10, { type: 'step.planned', ...service, kind: 'process', target: 'service payments', undo: {} }],
    [200, { type: 'step.done', ...service, tookMs: 190 }],
    [200, { type: 'service.ready', service: 'payments', tookMs: 190 }],
    [210, { type: 'phase.started', phase: 'before' }],
    [226, probeResult(220, true, 'before')],
    [1000, { type: 'phase.started', phase: 'during' }],
    [1001, { type: 'step.planned', ...fault, kind: 'latency', target: 'service payments', undo: {} }],
    [1003, { type: 'step.done', ...fault, tookMs: 2 }],
    [1010, { type: 'load.phase', phase: 'before', seconds: 1, summary: loadSummary, histogram: '' }],
    [1106, probeResult(1100, false)],
    [1206, probeResult(1200, false)],
    [1306, probeResult(1300, true)],
    [
      2000,
      {
        type: 'fault.effect',
        fault: 'slow',
        kind: 'latency',
        target: 'service payments',
        startedMs: 1001,
        endedMs: 1999,
        effect,
      },
    ],
    [2004, { type: 'undo.done', ...fault, by: 'runner', attempts: 1, tookMs: 4 }],
    [2005, { type: 'phase.started', phase: 'after' }],
    [3000, { type: 'recovery.measured', broke: true, fromFaultEndMs: 320, fromFaultStartMs: 1300, heldForMs: 500 }],
    [3100, { type: 'undo.done', ...service, by: 'runner', attempts: 1, tookMs: 60 }],
    [3101, { type: 'load.phase', phase: 'during', seconds: 1, summary: loadSummary, histogram: '' }],
    [3200, passed],
  );
}
