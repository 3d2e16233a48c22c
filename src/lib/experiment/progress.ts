import type { PlanDocument } from '../events/plan-document.ts';
import type { Effect, LoadSummary, Phase, RunEvent, Verdict } from '../events/run-events.ts';

/** A run at a glance, as every live view shows it: a pure fold over its events. Times are ms since the run's start. */
export interface Progress {
  readonly run: string;
  readonly name: string;
  readonly seed: number;
  readonly plan: PlanDocument | undefined;
  /** The newest event's time. */
  readonly nowMs: number;
  readonly phase: Phase | undefined;
  readonly phaseStartedMs: number;
  /** When each phase began, as far as the run has come. */
  readonly phaseStartsMs: { readonly [P in Phase]?: number };
  readonly services: ReadonlyMap<string, ServiceProgress>;
  readonly faults: ReadonlyMap<string, FaultProgress>;
  readonly probes: ReadonlyMap<string, ProbeProgress>;
  /** The load of the last seconds, oldest first. */
  readonly seconds: readonly { readonly atMs: number; readonly phase: Phase; readonly summary: LoadSummary }[];
  /** What a person should know, newest last. */
  readonly notices: readonly { readonly atMs: number; readonly level: 'info' | 'warning'; readonly text: string }[];
  readonly ended:
    { readonly verdict: Verdict; readonly exitCode: number | null; readonly reasons: readonly string[] } | undefined;
}

export type ServiceProgress = { readonly state: 'starting' | 'ready' | 'stopped' | 'failed' };

export interface FaultProgress {
  readonly kind: string;
  readonly target: string;
  readonly state: 'waiting' | 'in force' | 'reverted' | 'failed' | 'stuck';
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly effect: Effect | undefined;
}

export interface ProbeProgress {
  readonly kind: string;
  readonly ok: boolean;
  readonly counts: boolean;
  readonly value: string;
  readonly reason: string | undefined;
  /** The last results, oldest first. */
  readonly history: readonly boolean[];
}

/** What views can show at most. */
const SECONDS_KEPT = 240;
const HISTORY_KEPT = 60;
const NOTICES_KEPT = 8;

export function createProgress(): Progress {
  return {
    run: '',
    name: '',
    seed: 0,
    plan: undefined,
    nowMs: 0,
    phase: undefined,
    phaseStartedMs: 0,
    phaseStartsMs: {},
    services: new Map(),
    faults: new Map(),
    probes: new Map(),
    seconds: [],
    notices: [],
    ended: undefined,
  };
}

export function onRunEvent(progress: Progress, event: RunEvent): Progress {
  const next = { ...progress, nowMs: event.sinceStartMs };
  const notice = (level: 'info' | 'warning', text: string): Progress['notices'] =>
    keepLast([...progress.notices, { atMs: event.sinceStartMs, level, text }], NOTICES_KEPT);
  switch (event.type) {
    case 'run.started': {
      const { run, name, seed, plan } = event;
      return { ...next, run, name, seed, plan, faults: waitingFaults(plan) };
    }
    case 'phase.started':
      return {
        ...next,
        phase: event.phase,
        phaseStartedMs: event.sinceStartMs,
        phaseStartsMs: { ...progress.phaseStartsMs, [event.phase]: event.sinceStartMs },
      };
    case 'step.planned':
      return event.subject === 'service'
        ? { ...next, services: withEntry(progress.services, event.step, { state: 'starting' }) }
        : {
            ...next,
            faults: updateFault(progress, event.step, { target: event.target, startedMs: event.sinceStartMs }),
          };
    case 'step.done':
      return event.subject === 'fault'
        ? { ...next, faults: updateFault(progress, event.step, { state: 'in force' }) }
        : next;
    case 'step.failed':
      return {
        ...next,
        notices: notice('warning', `${event.subject} ${event.step}: ${event.error}`),
        ...(event.subject === 'fault'
          ? { faults: updateFault(progress, event.step, { state: 'failed' }) }
          : { services: withEntry(progress.services, event.step, { state: 'failed' }) }),
      };
    case 'step.refused':
      return {
        ...next,
        faults: updateFault(progress, event.step, { state: 'failed' }),
        notices: notice('warning', `${event.step}: ${event.error}`),
      };
    case 'undo.done':
      return event.subject === 'fault'
        ? { ...next, faults: updateFault(progress, event.step, { state: 'reverted', endedMs: event.sinceStartMs }) }
        : { ...next, services: withEntry(progress.services, event.step, { state: 'stopped' }) };
    case 'undo.failed':
      return {
        ...next,
        notices: notice('warning', `${event.step} could not be reverted (attempt ${event.attempts}): ${event.error}`),
        ...(event.final && event.subject === 'fault'
          ? { faults: updateFault(progress, event.step, { state: 'stuck' }) }
          : {}),
      };
    case 'service.ready':
      return { ...next, services: withEntry(progress.services, event.service, { state: 'ready' }) };
    case 'service.exited':
      return event.expected
        ? next
        : {
            ...next,
            services: withEntry(progress.services, event.service, { state: 'failed' }),
            notices: notice('warning', `service ${event.service} exited`),
          };
    case 'fault.effect':
      return { ...next, faults: updateFault(progress, event.fault, { effect: event.effect }) };
    case 'probe.result':
      return {
        ...next,
        probes: withEntry(progress.probes, event.probe, addProbe(progress.probes.get(event.probe), event)),
      };
    case 'load.second':
      return {
        ...next,
        seconds: keepLast(
          [...progress.seconds, { atMs: event.sinceStartMs, phase: event.phase, summary: event.summary }],
          SECONDS_KEPT,
        ),
      };
    case 'guard.tripped':
      return { ...next, notices: notice('warning', `guard tripped: ${event.guard} (${event.value})`) };
    case 'run.interrupted':
      return {
        ...next,
        notices: notice(
          'warning',
          event.times === 1 ? `${event.signal}: reverting` : `${event.signal} again: reverting faster`,
        ),
      };
    case 'run.error':
      return { ...next, notices: notice('warning', event.error) };
    case 'note':
      return { ...next, notices: notice(event.level, event.text) };
    case 'run.ended':
      return { ...next, ended: { verdict: event.verdict, exitCode: event.exitCode, reasons: event.reasons } };
    case 'breaker.changed':
      return {
        ...next,
        notices: notice(
          'info',
          `breaker of ${event.endpoint ?? [event.service, event.route].filter(Boolean).join('/')}: ${event.from} → ${event.to}`,
        ),
      };
    case 'endpoint.unhealthy':
      return { ...next, notices: notice('warning', `endpoint ${event.address} of ${event.service}: ${event.reason}`) };
    case 'operator.acted': {
      const whom = event.endpoint ?? event.service;
      return { ...next, notices: notice('info', `${event.action} ${whom} by ${event.by}`) };
    }
    case 'limit.changed':
    case 'protection.counted':
    case 'endpoint.registered':
    case 'endpoint.expired':
    case 'endpoint.deregistered':
    case 'endpoint.healthy':
    case 'endpoint.drained':
    case 'endpoint.undrained':
    case 'panic.entered':
    case 'panic.left':
    case 'guardian.started':
    case 'guardian.lost':
    case 'proxy.listening':
    case 'probe.step':
    case 'load.phase':
    case 'load.lag':
    case 'recovery.measured':
    case 'gate.judged':
      return next;
  }
}

function waitingFaults(plan: PlanDocument): Progress['faults'] {
  return new Map(
    plan.faults.map(({ id, kind, target }) => [
      id,
      { kind, target, state: 'waiting', startedMs: undefined, endedMs: undefined, effect: undefined },
    ]),
  );
}

function updateFault({ faults }: Progress, id: string, change: Partial<FaultProgress>): Progress['faults'] {
  const known = faults.get(id);
  return known ? withEntry(faults, id, { ...known, ...change }) : faults;
}

function addProbe(known: ProbeProgress | undefined, event: Extract<RunEvent, { type: 'probe.result' }>): ProbeProgress {
  const { kind, ok, counts, value, reason } = event;
  return { kind, ok, counts, value, reason, history: keepLast([...(known?.history ?? []), ok], HISTORY_KEPT) };
}

function withEntry<Value>(map: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> {
  return new Map(map).set(key, value);
}

function keepLast<Item>(items: Item[], count: number): Item[] {
  return items.length > count ? items.slice(-count) : items;
}
