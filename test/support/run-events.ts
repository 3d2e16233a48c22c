import type { PlanDocument } from '../../src/lib/events/plan-document.ts';
import type { LatencySummary, LoadSummary, RunEvent, RunEventBody } from '../../src/lib/events/run-events.ts';

export const EMPTY_PLAN: PlanDocument = {
  name: 'demo',
  file: 'demo.yaml',
  services: [],
  load: null,
  probes: [],
  faults: [],
  guards: [],
  gate: [],
  beforeMs: 1000,
  methodMs: 5000,
  afterMs: 2000,
  recoverWithinMs: 10_000,
};

/** Stamps bodies as a run would: numbered from 1, one second apart unless told. */
export function stamped(bodies: readonly (RunEventBody & { atMs?: number })[], run = 'r1'): RunEvent[] {
  return bodies.map(({ atMs, ...body }, index) => {
    const sinceStartMs = atMs ?? index * 1000;
    return { run, seq: index + 1, unixMs: 1_700_000_000_000 + sinceStartMs, sinceStartMs, ...body };
  });
}

export function runStarted(overrides: Partial<Extract<RunEventBody, { type: 'run.started' }>> = {}): RunEventBody {
  return {
    type: 'run.started',
    name: 'demo',
    file: 'demo.yaml',
    seed: 42,
    version: '0.0.0',
    pid: 1,
    startTicks: 1,
    bootId: 'boot',
    plan: EMPTY_PLAN,
    ...overrides,
  };
}

export function latency(ms: number, count = 100): LatencySummary {
  return { count, minMs: ms, meanMs: ms, p50Ms: ms, p90Ms: ms, p95Ms: ms, p99Ms: ms, p999Ms: ms, maxMs: ms };
}

export function load(sent: number, failed: number, ms: number): LoadSummary {
  return {
    sent,
    ok: sent - failed,
    errors: failed > 0 ? { 'http.503': failed } : {},
    errorRatio: sent > 0 ? failed / sent : 0,
    latency: latency(ms, sent),
  };
}
