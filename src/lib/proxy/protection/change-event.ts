import type { ProxyEventBody } from '../../events/proxy-events.ts';
import type { ProtectionChange } from '../protection.ts';

/** What happened to the protection of a service, as an event. */
export function changeEvent(service: string, change: ProtectionChange): ProxyEventBody {
  if (change.type === 'limit') {
    const { limit, refuses, counts } = change;
    return { type: 'limit.changed', service, limit, refuses, admitted: counts.admitted, refused: counts.refused };
  }
  if (change.type === 'panic') {
    const { to, healthy, weighted: endpoints } = change.change;
    const type = to === 'panic' ? 'panic.entered' : 'panic.left';
    return { type, service, healthy, endpoints, thresholdRatio: change.thresholdPercent / 100 };
  }
  const { from, to, forced, reason, counts } = change.change;
  return {
    type: 'breaker.changed',
    service,
    endpoint: change.endpoint,
    route: change.route,
    from,
    to,
    forced,
    reason,
    counts: { ...counts },
  };
}
