import type { ProxyEvent } from '../events/proxy-events.ts';
import type { Effect } from '../events/run-events.ts';
import { formatEffect } from './plain-events.ts';
import { formatServiceEvent } from './plain-service-events.ts';

/** One line an event of a proxy: the time (UTC), what happened, facts as `key=value`. What a fault has lost is said in words. */
export function formatProxyEvent(event: ProxyEvent): string {
  return `${new Date(event.unixMs).toISOString()} ${describe(event)}`;
}

function describe(event: ProxyEvent): string {
  switch (event.type) {
    case 'listener.opened':
      return `proxy ${event.service} listening on ${event.address} for ${event.upstream === '' ? 'endpoints that register' : event.upstream}`;
    case 'listener.closed':
      return `proxy ${event.service} closed ${event.address}`;
    case 'fault.applied':
      return `fault ${event.fault} applied to ${event.service} kind=${event.kind} requested=${JSON.stringify(event.requested)}`;
    case 'fault.changed':
      return `fault ${event.fault} changed on ${event.service} kind=${event.kind} requested=${JSON.stringify(event.requested)}`;
    case 'fault.removed':
      return `fault ${event.fault} removed from ${event.service} kind=${event.kind} ${formatEffect(event.effect)}${formatLoss(event.effect)}`;
    case 'proxy.note':
      return `${event.level === 'warning' ? 'WARNING ' : ''}${event.text}`;
    default:
      return formatServiceEvent(event);
  }
}

/** What has been thrown away cannot be given back when the fault is. */
const LOSSES: readonly (readonly [deed: string, unit: string])[] = [
  ['droppedBytes', 'bytes'],
  ['droppedMessages', 'messages'],
  ['droppedDatagrams', 'datagrams'],
];

function formatLoss({ delivered }: Effect): string {
  const lost = LOSSES.flatMap(([deed, unit]) => {
    const count = delivered[deed];
    return typeof count === 'number' && count > 0 ? [`${count} ${unit}`] : [];
  });
  return lost.length === 0 ? '' : ` DATA LOST: ${lost.join(', ')}`;
}
