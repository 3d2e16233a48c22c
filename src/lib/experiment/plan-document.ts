import type { Json } from '../events/json.ts';
import type { PlanDocument } from '../events/plan-document.ts';
import type { FaultKind } from '../faults/fault.ts';
import type { Timeline } from '../scenario/plan-types.ts';
import type { Endpoint, Scenario, TargetSpec } from '../scenario/scenario.ts';
import { formatHostPort } from '../wire/host-port.ts';

/** The plan of a run, before anything is looked up or touched. */
export function createPlanDocument(scenario: Scenario, timeline: Timeline, kinds: readonly FaultKind[]): PlanDocument {
  return {
    name: scenario.name,
    file: scenario.file,
    services: Object.values(scenario.services).map((service) => ({
      name: service.name,
      endpoints: service.endpoints.map(formatEndpoint),
      listen: service.listen ? formatHostPort(service.listen) : null,
      command: service.run ? service.run.command : null,
    })),
    load: scenario.load
      ? { url: scenario.load.url, method: scenario.load.method, ratePerSecond: scenario.load.ratePerSecond }
      : null,
    probes: scenario.steadyState.map(({ name, kind, when, everyMs }) => ({ name, kind, when, everyMs })),
    faults: timeline.faults.map((fault) => ({
      id: fault.id,
      kind: fault.kind,
      target: formatTargetSpec(fault.target),
      service: serviceOf(fault.target),
      with: fault.params as Json,
      startMs: fault.startMs,
      endMs: fault.endMs,
      undoneBy: kinds.find(({ kind }) => kind === fault.kind)?.undoneBy ?? 'guardian',
    })),
    guards: scenario.guards.map(({ text }) => text),
    gate: scenario.gate.map(({ text }) => text),
    beforeMs: scenario.timing.beforeMs,
    methodMs: timeline.endMs,
    afterMs: scenario.timing.afterMs,
    recoverWithinMs: scenario.timing.recoverWithinMs,
  };
}

function formatEndpoint(endpoint: Endpoint): string {
  return `${endpoint.tls === true ? 'https://' : ''}${formatHostPort(endpoint)}`;
}

/** A target before it is looked up: `service payments`, `process of service payments`, `host`. */
export function formatTargetSpec(target: TargetSpec): string {
  switch (target.on) {
    case 'service':
      return `service ${target.service}`;
    case 'host':
      return 'host';
    case 'process':
      switch (target.select.by) {
        case 'service':
          return `process of service ${target.select.service}`;
        case 'pid':
          return `process ${target.select.pid}`;
        case 'name':
          return `process ${target.select.name}`;
      }
  }
}

function serviceOf(target: TargetSpec): string | null {
  if (target.on === 'service') return target.service;
  return target.on === 'process' && target.select.by === 'service' ? target.select.service : null;
}
