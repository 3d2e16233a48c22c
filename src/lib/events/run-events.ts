import type { OperatorEventBody } from './operator-events.ts';
import type { ProtectionEventBody } from './protection-events.ts';
import type { ServiceEventBody } from './service-events.ts';
import type { Json, JsonObject } from './json.ts';
import type { Phase } from './phase.ts';
import type { PlanDocument } from './plan-document.ts';

export type { Phase };

/** Who acted: the process that runs the scenario, its guardian after its death, or `chaos rollback`. */
export type Actor = 'runner' | 'guardian' | 'rollback';

export type Verdict = 'passed' | 'failed' | 'invalid' | 'aborted' | 'dirty';

/** What a fault did, next to what it was asked to do. */
export interface Effect {
  /** How many requests, connections or processes it hurt. Nothing touched makes the run invalid. */
  readonly touched: number;
  /** The parameters as asked, in base units (`delayMs: 300`, `percent: 30`). */
  readonly requested: JsonObject;
  /** What was measured, under the same names where they compare (`delayMs: {p50, p90, p99, max}`, `percent: 29.7`). */
  readonly delivered: JsonObject;
  readonly decisions: Decisions;
  /** One sentence when nothing was touched: why. */
  readonly note?: string | undefined;
}

/** How the dice fell: two runs with equal digests hurt the very same keys. */
export interface Decisions {
  /** How many requests, connections or processes were considered. */
  readonly seen: number;
  /** How many of them were chosen. */
  readonly hit: number;
  /** A digest of every (key, index, decision) that does not depend on their order. */
  readonly digest: string;
}

export interface LatencySummary {
  readonly count: number;
  readonly minMs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Requests of the load whose scheduled send time fell into a phase (or into one second of it). */
export interface LoadSummary {
  readonly sent: number;
  readonly ok: number;
  /** Failures by name: an HTTP status that was not expected (`http.503`), `timeout`, `ECONNREFUSED`, `overload`. */
  readonly errors: { readonly [reason: string]: number };
  readonly errorRatio: number;
  /** From the scheduled send time to the last byte; failed requests count as well. */
  readonly latency: LatencySummary;
}

/** One threshold of the gate, judged. */
export interface GateRow {
  /** As written in the scenario. */
  readonly threshold: string;
  readonly held: boolean;
  /** In the metric's base unit; null when nothing could be measured. */
  readonly measured: number | null;
  readonly measuredText: string;
  readonly limitText: string;
  /** For a broken one: when, by how much, and which faults were in force. */
  readonly detail?: string | undefined;
}

export interface StepRef {
  /** The fault's id, or the service's name. */
  readonly step: string;
  readonly subject: 'fault' | 'service';
}

/** Every kind of thing that can happen in a run, with what belongs to it. */
export type RunEventBody =
  | ProtectionEventBody
  | ServiceEventBody
  | OperatorEventBody
  | {
      readonly type: 'run.started';
      readonly name: string;
      readonly file: string;
      readonly seed: number;
      readonly version: string;
      readonly pid: number;
      readonly startTicks: number;
      readonly bootId: string;
      /** Secrets are masked. */
      readonly plan: PlanDocument;
    }
  | { readonly type: 'guardian.started'; readonly pid: number; readonly startTicks: number }
  | { readonly type: 'guardian.lost'; readonly pid: number; readonly reason: string }
  | { readonly type: 'phase.started'; readonly phase: Phase }
  /** The intent, durable before anything is touched: from here on the undo must run, whatever happens. */
  | (StepRef & { readonly type: 'step.planned'; readonly kind: string; readonly target: string; readonly undo: Json })
  | (StepRef & { readonly type: 'step.done'; readonly tookMs: number })
  /** The action threw or timed out: what it did is unknown, so the undo runs all the same. */
  | (StepRef & { readonly type: 'step.failed'; readonly error: string; readonly timedOut: boolean })
  /** The fault cannot work here; nothing was planned for it. */
  | (StepRef & {
      readonly type: 'step.refused';
      readonly kind: string;
      readonly target: string;
      readonly error: string;
      readonly hint?: string | undefined;
    })
  | (StepRef & { readonly type: 'undo.done'; readonly by: Actor; readonly attempts: number; readonly tookMs: number })
  | (StepRef & {
      readonly type: 'undo.failed';
      readonly by: Actor;
      readonly attempts: number;
      readonly error: string;
      readonly final: boolean;
    })
  | { readonly type: 'service.ready'; readonly service: string; readonly tookMs: number }
  | {
      readonly type: 'service.exited';
      readonly service: string;
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly expected: boolean;
      readonly lastOutput: string;
    }
  | { readonly type: 'proxy.listening'; readonly service: string; readonly address: string; readonly upstream: string }
  | {
      readonly type: 'fault.effect';
      readonly fault: string;
      readonly kind: string;
      readonly target: string;
      readonly startedMs: number;
      readonly endedMs: number | null;
      readonly effect: Effect;
    }
  | {
      readonly type: 'probe.result';
      readonly probe: string;
      readonly kind: string;
      readonly phase: Phase;
      /** Whether the steady state asks for it in this phase; the others are watched only. */
      readonly counts: boolean;
      readonly ok: boolean;
      /** What was measured, in short. */
      readonly value: string;
      /** Why it is out of tolerance; absent when it is within. */
      readonly reason?: string | undefined;
      /** When the measurement began, in ms since the run's start. */
      readonly startedMs: number;
      readonly tookMs: number;
    }
  /** A probe as a step of the method: an assertion at one moment. */
  | {
      readonly type: 'probe.step';
      readonly probe: string;
      readonly ok: boolean;
      readonly value: string;
      readonly reason?: string | undefined;
    }
  | { readonly type: 'load.second'; readonly phase: Phase; readonly summary: LoadSummary }
  | {
      readonly type: 'load.phase';
      readonly phase: Phase;
      readonly seconds: number;
      readonly summary: LoadSummary;
      /** HdrHistogram V2, deflated, base64; values in microseconds. */ readonly histogram: string;
    }
  | { readonly type: 'load.lag'; readonly lagMs: number }
  | { readonly type: 'guard.tripped'; readonly guard: string; readonly value: string; readonly heldMs: number }
  | { readonly type: 'run.interrupted'; readonly signal: string; readonly times: number }
  | { readonly type: 'run.error'; readonly error: string; readonly bug: boolean }
  | {
      readonly type: 'recovery.measured';
      /** False when the steady state never broke. */
      readonly broke: boolean;
      /** From the end of the last fault until the steady state held (and went on to hold); null: not within the time given. */
      readonly fromFaultEndMs: number | null;
      readonly fromFaultStartMs: number | null;
      /** How long the steady state had to hold to count. */
      readonly heldForMs: number;
    }
  | { readonly type: 'gate.judged'; readonly rows: readonly GateRow[] }
  | { readonly type: 'note'; readonly level: 'info' | 'warning'; readonly text: string }
  | {
      readonly type: 'run.ended';
      readonly verdict: Verdict;
      readonly exitCode: number | null;
      readonly reasons: readonly string[];
      readonly by: Actor;
    };

export interface EventStamp {
  readonly run: string;
  /** 1, 2, 3 … without gaps within a run. */
  readonly seq: number;
  readonly unixMs: number;
  /** Monotonic milliseconds since the run's start. */
  readonly sinceStartMs: number;
}

export type RunEvent = EventStamp & RunEventBody;
export type RunEventOf<Type extends RunEventBody['type']> = Extract<RunEvent, { readonly type: Type }>;
