import { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import type { Json } from '../events/json.ts';
import type { ServicesPort } from '../faults/resolve-target.ts';
import type { ServicesControl } from '../faults/targets.ts';
import { findProbeKind } from '../probes/registry.ts';
import type { ProbeHost } from '../probes/probe.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ProcessRef } from '../runtime/processes.ts';
import type { ProbeSpec, RunSpec, ServiceSpec } from '../scenario/scenario.ts';
import { findServiceProcesses, servicePids } from '../services/service-processes.ts';
import { requireFreePorts } from '../services/free-ports.ts';
import { startService, type StartedService } from '../services/start-service.ts';
import { endService, stopService } from '../services/stop-service.ts';
import { formatDurationMs } from '../wire/quantities.ts';
import type { RunContext } from './run-context.ts';
import type { SagaStep } from './saga.ts';

/** The services that a run has started. */
export interface RunningServices {
  /** Resolves when all are ready; rejects with AppError when one is not in time, or exits. */
  readonly ready: Promise<void>;
  readonly port: ServicesPort;
  readonly probeHost: ProbeHost;
  /** For faults that end a service and start it again. */
  readonly control: ServicesControl;
  isOwn(process: ProcessRef): boolean;
  /** From now on an exit is nothing to tell of. */
  expectExits(): void;
}

/** What is needed to stop a service from any process. */
const serviceUndo = z.strictObject({ run: z.string(), service: z.string(), graceMs: z.number() });

/** How often a service that starts is asked whether it is ready. */
const READY_LOOK_MS = 50;
/** How long a service's `run` may take to spawn; readiness has its own limit. */
const SPAWN_TIMEOUT_MS = 10_000;
/** How much longer than its grace the stopping of a service may take: twice the time that a SIGKILL is given, and some more. */
const STOP_SLACK_MS = 6_000;

/** Starts every service that has a `run`, side by side, each as a step of the saga: its undo is on disk before it is started. */
export function startServices(context: RunContext): RunningServices {
  const { scenario, run, clock } = context;
  const own = Object.values(scenario.services).filter((service): service is OwnService => service.run !== undefined);
  const watching: Watching = { exitsExpected: false, down: new Set() };
  const probeHost: ProbeHost = {
    clock,
    run,
    directory: scenario.directory,
    lookupService: context.lookupService,
    servicePids: (service) => (own.some(({ name }) => name === service) ? servicePids(run, service) : undefined),
  };
  const ready = startAll(own, context, probeHost, watching);
  ready.catch(() => undefined);
  return {
    ready,
    probeHost,
    control: createControl(own, context, probeHost, watching),
    port: {
      serviceNames: () => Object.keys(scenario.services),
      protocolOf: (service) => scenario.services[service]?.protocol,
      servicePids: (service) => probeHost.servicePids(service),
    },
    isOwn: ({ pid, startTicks }) =>
      own.some(({ name }) =>
        findServiceProcesses(run, name).some((info) => info.pid === pid && info.startTicks === startTicks),
      ),
    expectExits: () => void (watching.exitsExpected = true),
  };
}

/** Stops a service from its undo alone, in any process. The shorter of the two graces counts. */
export async function revertService(
  undo: Json,
  { clock, graceMs }: { readonly clock: Clock; readonly graceMs: number },
): Promise<void> {
  const { run, service, graceMs: own } = serviceUndo.parse(undo);
  await stopService({ run, service, clock, graceMs: () => Math.min(own, graceMs) });
}

/** What is known of the processes of the run's services. */
interface Watching {
  exitsExpected: boolean;
  /** Those that a fault has ended, and that have not been started again. */
  readonly down: Set<string>;
}

type OwnService = ServiceSpec & { readonly run: RunSpec };

async function startAll(
  services: readonly OwnService[],
  context: RunContext,
  host: ProbeHost,
  watching: Watching,
): Promise<void> {
  for (const service of services) if (service.protocol !== 'udp') requireFreePorts(service);
  const results = await Promise.allSettled(services.map((service) => startOne(service, context, host, watching)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function startOne(service: OwnService, context: RunContext, host: ProbeHost, watching: Watching): Promise<void> {
  const { saga, stop, log, clock } = context;
  const startMs = clock.monotonicMs();
  let started: StartedService | undefined;
  const step = serviceStep(service, context, async (signal) => {
    started = await startService({ ...service, ...service.run }, context.run, signal);
  });
  const result = await saga.forward(step, stop.signal);
  if (!result.ok) throw result.error;
  if (!started) throw new Error(`service ${service.name} was not started`);
  await untilReady(service, started, context, host);
  log.record({ type: 'service.ready', service: service.name, tookMs: clock.monotonicMs() - startMs });
  tellExit(service, started, context, watching);
}

function tellExit({ name }: OwnService, started: StartedService, { log }: RunContext, watching: Watching): void {
  void started.ended.then(({ exitCode, signal, lastOutput }) => {
    const expected = watching.exitsExpected || watching.down.has(name);
    log.record({ type: 'service.exited', service: name, exitCode, signal, expected, lastOutput });
  });
}

/** Ends services and starts them again, under the step of the saga that has started them: its undo finds the new processes as it found the old. */
function createControl(
  own: readonly OwnService[],
  context: RunContext,
  host: ProbeHost,
  watching: Watching,
): ServicesControl {
  const { run, clock, log, stop } = context;
  const starting = new Map<string, Promise<void>>();
  const start = async (service: OwnService): Promise<void> => {
    const { name } = service;
    const startMs = clock.monotonicMs();
    // What an earlier attempt has started, and was not ready in time.
    await endService({ run, service: name, signal: 'SIGKILL', clock });
    const started = await startService({ ...service, ...service.run }, run, stop.signal);
    await untilReady(service, started, context, host);
    watching.down.delete(name);
    log.record({ type: 'service.ready', service: name, tookMs: clock.monotonicMs() - startMs });
    tellExit(service, started, context, watching);
  };
  return {
    kill(service, signal) {
      watching.down.add(service);
      return endService({ run, service, signal, clock });
    },
    startAgain(name) {
      const service = own.find((one) => one.name === name);
      // A run that is about to end stops its services anyway.
      if (service === undefined || !watching.down.has(name) || stop.signal.aborted) return Promise.resolve();
      const known = starting.get(name) ?? start(service).finally(() => starting.delete(name));
      starting.set(name, known);
      return known;
    },
    isDown: (service) => watching.down.has(service) && !stop.signal.aborted,
  };
}

function serviceStep(
  { name, run: spec }: OwnService,
  { run, clock, patience }: RunContext,
  forward: SagaStep['forward'],
): SagaStep {
  const undo = { run, service: name, graceMs: spec.stopGraceMs };
  return {
    step: name,
    subject: 'service',
    kind: 'service',
    target: spec.command.join(' '),
    undo,
    timeoutMs: SPAWN_TIMEOUT_MS,
    undoTimeoutMs: spec.stopGraceMs + STOP_SLACK_MS,
    forward,
    async compensate() {
      await stopService({ run, service: name, clock, graceMs: () => (patience.hurried ? 0 : spec.stopGraceMs) });
    },
  };
}

/** Asks the service's `ready` probe, or else what its protocol allows, until it says yes. */
async function untilReady(
  service: OwnService,
  started: StartedService,
  { clock, stop }: RunContext,
  host: ProbeHost,
): Promise<void> {
  const { name, run } = service;
  const spec = run.ready ?? defaultReady(service);
  const deadlineMs = clock.monotonicMs() + run.readyWithinMs;
  const watched = { ended: false };
  void started.ended.then(() => (watched.ended = true));
  const measure = spec && findProbeKind(spec.kind).bind(spec.params, spec.expect);
  if (!spec || !measure) return;
  for (;;) {
    stop.signal.throwIfAborted();
    if (watched.ended) throw await exitedEarly(service, started);
    const outcome = await measure(
      host,
      Math.min(spec.timeoutMs, Math.max(1, deadlineMs - clock.monotonicMs())),
      stop.signal,
    );
    if (outcome.ok) return;
    if (clock.monotonicMs() >= deadlineMs) {
      const why = outcome.reason ?? outcome.value;
      throw new AppError(
        'unhealthy',
        `service ${name} is not ready after ${formatDurationMs(run.readyWithinMs)}: ${why}`,
        {
          details: outputLines(started.lastOutput()),
          hint: 'raise readyWithin, or look at what it printed',
        },
      );
    }
    await clock.sleep(READY_LOOK_MS, stop.signal);
  }
}

/** A connection to its first endpoint; datagrams have none, so that its process must do. */
function defaultReady({ name, protocol, endpoints }: OwnService): ProbeSpec | undefined {
  if (protocol === 'udp') return { kind: 'process', params: { service: name }, expect: {}, timeoutMs: 1_000 };
  const [first] = endpoints;
  return first && { kind: 'tcp', params: { host: first.host, port: first.port }, expect: {}, timeoutMs: 1_000 };
}

async function exitedEarly({ name, run }: OwnService, started: StartedService): Promise<AppError> {
  const { exitCode, signal, lastOutput, failure } = await started.ended;
  const how = failure ?? (signal ? `it was ended by ${signal}` : `it exited with code ${exitCode ?? '?'}`);
  return new AppError('unhealthy', `service ${name} did not start: ${how}`, {
    details: outputLines(lastOutput),
    hint: `it was started as: ${run.command.join(' ')}`,
  });
}

function outputLines(text: string): string[] {
  return text === '' ? [] : text.split('\n').map((line) => `  ${line}`);
}
