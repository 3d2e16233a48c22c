import type { OperatorEventBody } from '../events/operator-events.ts';
import type { ProtectionEventBody } from '../events/protection-events.ts';
import type { ServiceEventBody } from '../events/service-events.ts';

/** What happened to the endpoints of a service, or to that which protects it, in one line. */
export function formatServiceEvent(event: ServiceEventBody | ProtectionEventBody | OperatorEventBody): string {
  switch (event.type) {
    case 'endpoint.registered':
      return `${at(event)} registered weight=${event.weight}${event.isAgain ? ' again' : ''}`;
    case 'endpoint.expired':
      return `${at(event)} expired: no heartbeat for ${Math.round(event.silentMs)} ms`;
    case 'endpoint.deregistered':
      return `${at(event)} deregistered inFlight=${event.inFlight}`;
    case 'endpoint.healthy':
      return `${at(event)} healthy, was ${event.from}: ${event.reason} checks=${event.checks}`;
    case 'endpoint.unhealthy':
      return `${at(event)} UNHEALTHY, was ${event.from}: ${event.reason} checks=${event.checks}`;
    case 'endpoint.drained':
      return `${at(event)} drained inFlight=${event.inFlight}`;
    case 'endpoint.undrained':
      return `${at(event)} undrained weight=${event.weight}`;
    case 'breaker.changed': {
      const part = event.endpoint === undefined ? event.route && `route ${event.route}` : `endpoint ${event.endpoint}`;
      const whose = part === undefined ? event.service : `${event.service}, ${part}`;
      const { calls, failures, slow, consecutive, rejected, trialsDone } = event.counts;
      return `breaker of ${whose} ${event.to.toUpperCase()}, was ${event.from} reason=${event.reason} counts=${JSON.stringify({ calls, failures, slow, consecutive, rejected, trialsDone })}`;
    }
    case 'limit.changed':
      return `limit ${event.limit} of ${event.service} ${event.refuses ? 'REFUSES' : 'refuses nobody any more'} admitted=${event.admitted} refused=${event.refused}`;
    case 'operator.acted': {
      const whom = event.endpoint === null ? `service ${event.service}` : `endpoint ${event.endpoint}`;
      return `operator ${event.action} ${whom} by=${JSON.stringify(event.by)} undo=${JSON.stringify(event.undo)}`;
    }
    case 'protection.counted':
      return `service ${event.service} counts requests=${event.requests} fallbacks=${event.fallbacks} fromCache=${event.fallbacksFromCache} retries=${event.retries} rejected=${event.rejected} limited=${event.limited}`;
    case 'panic.entered':
      return `service ${event.service} PANIC: ${event.healthy} of ${event.endpoints} endpoints are healthy, so all get requests`;
    case 'panic.left':
      return `service ${event.service} no panic any more: ${event.healthy} of ${event.endpoints} endpoints are healthy`;
  }
}

function at({ service, address }: { readonly service: string; readonly address: string }): string {
  return `endpoint ${address} of ${service}`;
}
