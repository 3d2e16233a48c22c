import type { PlanDocument } from '../events/plan-document.ts';
import type { RunEvent } from '../events/run-events.ts';
import type { OperatorEventBody } from '../events/operator-events.ts';
import type { JsonObject } from '../events/json.ts';
import type { FaultKind } from '../faults/fault.ts';
import type { FaultHost } from '../faults/targets.ts';
import type { AllowList } from '../faults/safety.ts';
import type { LocalCa } from '../proxy/local-ca.ts';
import type { WatchedService } from '../probes/measure.ts';
import type { Proxy } from '../proxy/proxy.ts';
import type { ProxyTracer } from '../proxy/tracing.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Timeline } from '../scenario/plan-types.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { PATIENT, type RetryPolicy } from './retry.ts';
import type { RunLog } from './run-log.ts';
import type { Saga } from './saga.ts';
import type { WatchedServices } from './watched-services.ts';
import { RunStopped, type Ending } from './ending.ts';

/** What a run shows of its services. */
export interface ControlParts {
  readonly proxy: Proxy;
  readonly watched: WatchedServices;
  /** Writes a change into the journal; it is not done when that fails. */
  readonly record: (action: OperatorEventBody) => Promise<void>;
  readonly onNote: (text: string) => void;
}

/** What a run is given from outside. */
export interface RunOptions {
  readonly run: string;
  readonly scenario: Scenario;
  readonly timeline: Timeline;
  readonly seed: number;
  readonly version: string;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly kinds: readonly FaultKind[];
  readonly cgroupRoot: string;
  readonly allowList: AllowList;
  /** The user has said that targets outside the scenario's own services may be hurt. */
  readonly assumeYes: boolean;
  /** The longest time that the run may take; undefined: as long as its steps do. */
  readonly timeoutMs: number | undefined;
  readonly redact: (body: JsonObject) => JsonObject;
  /** Lets others look at the services of the run and change them, until it is closed. */
  readonly openControl: (parts: ControlParts) => Promise<{ close(): Promise<void> }>;
  /** Our own certificate authority, opened when the first service is to be certified by it. Throws AppError when it cannot be had. */
  readonly openLocalCa: () => LocalCa;
  /** Makes spans of what passes the run's proxy; undefined: they are not traced. */
  readonly proxyTracer: ProxyTracer | undefined;
  /** The plan as it is recorded. */
  readonly plan: PlanDocument;
  readonly onEvent: (event: RunEvent) => void;
}

/** What the parts of a run share while it goes on. */
export interface RunContext extends RunOptions {
  readonly log: RunLog;
  readonly saga: Saga;
  readonly host: FaultHost;
  /** The endpoints of the services that are checked or protected. */
  readonly watched: WatchedServices;
  /** What the proxy knows of a service, for probes. */
  readonly lookupService: (service: string) => WatchedService | undefined;
  /** Aborted when the run must stop early; its reason is a RunStopped. */
  readonly stop: AbortController;
  readonly patience: Patience;
}

/** How much the user still waits: the second Ctrl-C cuts graces and retries short, it never skips an undo. */
export interface Patience {
  hurried: boolean;
  readonly retry: RetryPolicy;
}

export function createPatience(): Patience {
  const patience = { hurried: false };
  return Object.assign(patience, {
    retry: { ...PATIENT, attempts: () => (patience.hurried ? 3 : PATIENT.attempts()) },
  });
}

/** Ends the run early; only the first reason counts. */
export function stopRun(context: Pick<RunContext, 'stop'>, ending: Ending): void {
  if (!context.stop.signal.aborted) context.stop.abort(new RunStopped(ending));
}
