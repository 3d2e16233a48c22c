import { z } from 'zod';
import type { Json } from '../events/json.ts';
import type { ServicesPort } from '../faults/resolve-target.ts';
import type { ServicesControl } from '../faults/targets.ts';
import type { ProbeHost } from '../probes/probe.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ProcessRef } from '../runtime/processes.ts';
import { findServiceProcesses, servicePids } from '../services/service-processes.ts';
import { requireFreePorts } from '../services/free-ports.ts';
import { stopService } from '../services/stop-service.ts';
import { OwnService } from './own-service.ts';
import type { RunContext } from './run-context.ts';
import type { SagaStep } from './saga.ts';
import { SPAWN_TIMEOUT_MS, STOP_SLACK_MS } from './service-limits.ts';
import type { OwnServiceSpec } from './service-ready.ts';
import { ServiceRestarts } from './service-restarts.ts';

/** The services that a run has started. */
export interface RunningServices {
  /** Resolves when all are ready; rejects with AppError when one is not in time, or exits. */
  readonly ready: Promise<void>;
  readonly port: ServicesPort;
  readonly probeHost: ProbeHost;
  /** For faults that end a service and start it again. */
  readonly control: ServicesControl;
  isOwn(process: ProcessRef): boolean;
  /** From now on nothing is started again: the run is about to end its services. */
  endRestarts(): void;
  /** From now on an exit is nothing to tell of. */
  expectExits(): void;
}

/** What is needed to stop a service from any process. */
const serviceUndo = z.strictObject({ run: z.string(), service: z.string(), graceMs: z.number() });

/** Starts every service that has a `run`, side by side, each as a step of the saga: its undo is on disk before it is started. */
export function startServices(context: RunContext): RunningServices {
  const { scenario, run, clock } = context;
  const specs = Object.values(scenario.services).filter(
    (service): service is OwnServiceSpec => service.run !== undefined,
  );
  const probeHost: ProbeHost = {
    clock,
    run,
    directory: scenario.directory,
    lookupService: context.lookupService,
    servicePids: (service) => (specs.some(({ name }) => name === service) ? servicePids(run, service) : undefined),
  };
  const own = specs.map((spec) => new OwnService(spec, context, probeHost));
  const restarts = new ServiceRestarts(own, context);
  const ready = startAll(own, context);
  ready.catch(() => undefined);
  return {
    ready,
    probeHost,
    control: restarts,
    port: {
      serviceNames: () => Object.keys(scenario.services),
      protocolOf: (service) => scenario.services[service]?.protocol,
      servicePids: (service) => probeHost.servicePids(service),
    },
    isOwn: ({ pid, startTicks }) =>
      specs.some(({ name }) =>
        findServiceProcesses(run, name).some((info) => info.pid === pid && info.startTicks === startTicks),
      ),
    endRestarts: () => restarts.close(),
    expectExits() {
      for (const service of own) service.expectExit();
    },
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

async function startAll(services: readonly OwnService[], context: RunContext): Promise<void> {
  for (const { spec } of services) if (spec.protocol !== 'udp') requireFreePorts(spec);
  const results = await Promise.allSettled(services.map((service) => startOne(service, context)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function startOne(service: OwnService, context: RunContext): Promise<void> {
  const result = await context.saga.forward(serviceStep(service, context), context.stop.signal);
  if (!result.ok) throw result.error;
  await service.becomeReady(context.stop.signal);
}

function serviceStep(service: OwnService, { run, clock, patience }: RunContext): SagaStep {
  const { name, run: spec } = service.spec;
  const undo = { run, service: name, graceMs: spec.stopGraceMs };
  return {
    step: name,
    subject: 'service',
    kind: 'service',
    target: spec.command.join(' '),
    undo,
    timeoutMs: SPAWN_TIMEOUT_MS,
    undoTimeoutMs: spec.stopGraceMs + STOP_SLACK_MS,
    forward: (signal) => service.spawn(signal),
    async compensate() {
      await stopService({ run, service: name, clock, graceMs: () => (patience.hurried ? 0 : spec.stopGraceMs) });
    },
  };
}
