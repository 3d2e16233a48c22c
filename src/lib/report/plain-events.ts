import type { Effect, LoadSummary, RunEvent } from '../events/run-events.ts';
import { formatDurationMs, formatPercent } from '../wire/quantities.ts';
import { formatServiceEvent } from './plain-service-events.ts';

/**
 * One line an event, for pipes, CI logs and screen readers: time since the run's start, what happened, facts as `key=value`.
 * Undefined for events that say nothing new to a reader (a probe that is still within tolerance).
 */
export function createPlainFormat(): (event: RunEvent) => string | undefined {
  const probeOk = new Map<string, boolean>();
  let lastStatusMs = -STATUS_PERIOD_MS;

  return (event) => {
    if (event.type === 'probe.result') {
      const before = probeOk.get(event.probe);
      probeOk.set(event.probe, event.ok);
      if (before === event.ok || (before === undefined && event.ok)) return undefined;
    }
    if (event.type === 'load.second') {
      if (event.sinceStartMs - lastStatusMs < STATUS_PERIOD_MS) return undefined;
      lastStatusMs = event.sinceStartMs;
    }
    const text = describe(event);
    return text === undefined ? undefined : `${stamp(event.sinceStartMs)} ${text}`;
  };
}

/** Load lines come this often; the report has every second. */
const STATUS_PERIOD_MS = 5_000;

function stamp(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}.${String(Math.floor(ms % 1000)).padStart(3, '0')}`;
}

function describe(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'run.started':
      return `run start name=${event.name} run=${event.run} seed=${event.seed}`;
    case 'guardian.started':
      return `guardian ready pid=${event.pid}`;
    case 'guardian.lost':
      return `guardian LOST pid=${event.pid} ${event.reason}`;
    case 'phase.started':
      return `phase ${event.phase}`;
    case 'step.planned':
      return event.subject === 'service'
        ? `service ${event.step} starting`
        : `fault ${event.step} planned kind=${event.kind} target="${event.target}"`;
    case 'step.done':
      return event.subject === 'service'
        ? undefined
        : `fault ${event.step} in force after ${formatDurationMs(event.tookMs)}`;
    case 'step.failed':
      return `${event.subject} ${event.step} FAILED ${event.timedOut ? 'timeout' : 'error'}="${event.error}"`;
    case 'step.refused':
      return `fault ${event.step} REFUSED kind=${event.kind} target="${event.target}" why="${event.error}"${event.hint ? ` hint="${event.hint}"` : ''}`;
    case 'undo.done':
      return `${event.subject} ${event.step} ${event.subject === 'service' ? 'stopped' : 'reverted'} by=${event.by} took=${formatDurationMs(event.tookMs)}`;
    case 'undo.failed':
      return `${event.subject} ${event.step} NOT REVERTED attempt=${event.attempts}${event.final ? ' final' : ''} by=${event.by} error="${event.error}"`;
    case 'service.ready':
      return `service ${event.service} ready after ${formatDurationMs(event.tookMs)}`;
    case 'service.exited':
      return event.expected
        ? undefined
        : `service ${event.service} EXITED ${event.signal ? `signal=${event.signal}` : `code=${event.exitCode ?? '?'}`}`;
    case 'proxy.listening':
      return `proxy ${event.service} listening on ${event.address} for ${event.upstream}`;
    case 'fault.effect':
      return event.endedMs === null ? undefined : `fault ${event.fault} effect ${formatEffect(event.effect)}`;
    case 'probe.result':
      return event.ok
        ? `probe "${event.probe}" within tolerance again: ${event.value}`
        : `probe "${event.probe}" OUT OF TOLERANCE ${event.reason ?? event.value}`;
    case 'probe.step':
      return `probe "${event.probe}" ${event.ok ? 'holds' : 'FAILS'}: ${event.reason ?? event.value}`;
    case 'load.second':
      return `load ${formatLoad(event.summary)}`;
    case 'load.phase':
      return `load ${event.phase} in ${event.seconds.toFixed(1)}s ${formatLoad(event.summary)}`;
    case 'load.lag':
      return `load generator late by ${formatDurationMs(event.lagMs)}: this machine is overloaded, latencies include it`;
    case 'guard.tripped':
      return `guard TRIPPED "${event.guard}" value=${event.value} held=${formatDurationMs(event.heldMs)}`;
    case 'run.interrupted':
      return `run interrupted by ${event.signal}${event.times > 1 ? ' again, reverting faster' : ', reverting'}`;
    case 'run.error':
      return `${event.bug ? 'BUG' : 'ERROR'} ${event.error}`;
    case 'recovery.measured':
      return event.fromFaultEndMs === null
        ? `recovery NOT within the time given`
        : `recovery ${formatDurationMs(event.fromFaultEndMs)} after the last fault${event.broke ? '' : ' (the steady state never broke)'}`;
    case 'gate.judged':
      return event.rows.length === 0
        ? undefined
        : `gate ${event.rows.filter(({ held }) => held).length} of ${event.rows.length} held`;
    case 'note':
      return `${event.level === 'warning' ? 'WARNING ' : ''}${event.text}`;
    case 'run.ended':
      return `run end verdict=${event.verdict}${event.exitCode === null ? '' : ` exit=${event.exitCode}`} by=${event.by}`;
    default:
      return formatServiceEvent(event);
  }
}

export function formatEffect({ touched, requested, delivered, note }: Effect): string {
  return `touched=${touched} requested=${JSON.stringify(requested)} delivered=${JSON.stringify(delivered)}${note ? ` note="${note}"` : ''}`;
}

function formatLoad({ sent, errorRatio, latency }: LoadSummary): string {
  const times =
    latency.count > 0
      ? ` p50=${formatDurationMs(latency.p50Ms)} p99=${formatDurationMs(latency.p99Ms)} max=${formatDurationMs(latency.maxMs)}`
      : '';
  return `requests=${sent} errors=${formatPercent(errorRatio * 100)}${times}`;
}
