import type { PlanDocument, PlannedInjection } from '../../../../src/lib/events/plan-document.ts';
import type { LoadSummary, Phase, RunEvent, RunEventBody, RunEventOf } from '../../../../src/lib/events/run-events.ts';
import { createProgress, onRunEvent, type Progress } from '../../../../src/lib/experiment/progress.ts';

/**
 * A run that views are shown, as its events:
 *
 *     0    2s       5s                  15s        20s
 *     setup before   during               after
 *                    ├ slow-payments ┤10s
 *                         8s├ flaky ─────┤15s
 */
export const PLAN: PlanDocument = {
  name: 'checkout survives slow payments',
  file: 'scenario.yaml',
  services: [],
  load: { url: 'http://127.0.0.1:7000/', method: 'GET', ratePerSecond: 50 },
  probes: ['home answers', 'checkout is fast'].map((name) => plannedProbe(name)),
  faults: [
    plannedFault({ id: 'slow-payments', kind: 'latency', target: 'service payments', startMs: 0, endMs: 5_000 }),
    plannedFault({ id: 'flaky', kind: 'error', target: 'service checkout', startMs: 3_000, endMs: 10_000 }),
  ],
  guards: [],
  gate: [],
  beforeMs: 3_000,
  methodMs: 10_000,
  afterMs: 5_000,
  recoverWithinMs: 30_000,
};

export function plannedFault(fault: Partial<PlannedInjection>): PlannedInjection {
  return {
    id: 'fault',
    kind: 'latency',
    target: 'service payments',
    with: {},
    startMs: 0,
    endMs: 1_000,
    undoneBy: 'guardian',
    ...fault,
  };
}

export function plannedProbe(name: string): PlanDocument['probes'][number] {
  return { name, kind: 'http', when: ['before', 'during', 'after'], everyMs: 500 };
}

/** Stamps bodies with the time before each: `stamp([0, {...}], [2000, {...}])`. */
export function stamp(...bodies: readonly Timed[]): readonly RunEvent[] {
  return bodies.map(([sinceStartMs, body], at) => ({
    run: '20261123-031647-k3f9',
    seq: at + 1,
    unixMs: 1_700_000_000_000 + sinceStartMs,
    sinceStartMs,
    ...body,
  }));
}

export function progressOf(events: readonly RunEvent[]): Progress {
  return events.reduce(onRunEvent, createProgress());
}

/** What happens, and when. */
export type Timed = readonly [atMs: number, body: RunEventBody];

export function started(plan: PlanDocument = PLAN): Timed {
  const { name, file } = plan;
  return [0, { type: 'run.started', name, file, seed: 42, version: '0', pid: 1, startTicks: 1, bootId: 'b', plan }];
}

export function phase(atMs: number, name: Phase): Timed {
  return [atMs, { type: 'phase.started', phase: name }];
}

/** A fault planned and in force. */
export function injected(atMs: number, step: string, kind = 'latency', target = 'service payments'): readonly Timed[] {
  return [
    [atMs, { type: 'step.planned', step, subject: 'fault', kind, target, undo: null }],
    [atMs, { type: 'step.done', step, subject: 'fault', tookMs: 1 }],
  ];
}

export function reverted(atMs: number, step: string): Timed {
  return [atMs, { type: 'undo.done', step, subject: 'fault', by: 'runner', attempts: 1, tookMs: 1 }];
}

export function effect(atMs: number, fault: string, touched: number): Timed {
  return [
    atMs,
    {
      type: 'fault.effect',
      fault,
      kind: 'latency',
      target: 'service payments',
      startedMs: 0,
      endedMs: null,
      effect: {
        touched,
        requested: { delayMs: 400, percent: 100 },
        delivered: { percent: 100, delayMs: { p50: 401.3, p90: 410, p99: 415, max: 420 } },
        decisions: { seen: touched, hit: touched, digest: '0' },
      },
    },
  ];
}

export function probed(atMs: number, probe: string, change: Partial<RunEventOf<'probe.result'>> = {}): Timed {
  return [
    atMs,
    {
      type: 'probe.result',
      probe,
      kind: 'http',
      phase: 'before',
      counts: true,
      ok: true,
      value: '200 in 12ms',
      startedMs: atMs,
      tookMs: 12,
      ...change,
    },
  ];
}

export function loadSecond(
  atMs: number,
  p99Ms: number,
  errors: LoadSummary['errors'] = {},
  name: Phase = 'before',
): Timed {
  return [atMs, { type: 'load.second', phase: name, summary: loadSummary(p99Ms, errors) }];
}

export function loadSummary(p99Ms: number, errors: LoadSummary['errors'] = {}): LoadSummary {
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const [minMs, p50Ms] = [p99Ms / 4, p99Ms / 2];
  return {
    sent: 50,
    ok: 50 - failed,
    errors,
    errorRatio: failed / 50,
    latency: {
      count: 50,
      minMs,
      meanMs: p50Ms,
      p50Ms,
      p90Ms: p99Ms,
      p95Ms: p99Ms,
      p99Ms,
      p999Ms: p99Ms,
      maxMs: p99Ms,
    },
  };
}

export function ended(atMs: number, change: Partial<RunEventOf<'run.ended'>> = {}): Timed {
  return [atMs, { type: 'run.ended', verdict: 'passed', exitCode: 0, reasons: [], by: 'runner', ...change }];
}

/** Up to 8.5 s: the first fault in force for 3.5 s, the second for half a second. */
export const DURING: readonly Timed[] = [
  started(),
  phase(2_000, 'before'),
  probed(2_100, 'home answers'),
  probed(2_100, 'checkout is fast'),
  loadSecond(3_000, 20),
  loadSecond(4_000, 20),
  loadSecond(5_000, 20),
  phase(5_000, 'during'),
  ...injected(5_000, 'slow-payments'),
  loadSecond(6_000, 400, {}, 'during'),
  loadSecond(7_000, 400, {}, 'during'),
  effect(7_500, 'slow-payments', 212),
  ...injected(8_000, 'flaky', 'error', 'service checkout'),
  loadSecond(8_000, 400, { 'http.503': 5 }, 'during'),
  probed(8_200, 'checkout is fast', {
    ok: false,
    phase: 'during',
    value: '503 in 3ms',
    reason: 'status is 503, not 200',
  }),
  probed(8_300, 'home answers', { phase: 'during' }),
];
