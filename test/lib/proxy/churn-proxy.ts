import { readdirSync } from 'node:fs';
import { openProxy, type ServiceInfo } from '../../../src/lib/proxy/proxy.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';

/** A proxy in a process of its own, for churn.int.test.ts: edits its faults as it is told, and says how it is. */

export type Order =
  | { readonly do: 'listen'; readonly service: string; readonly protocol: 'auto' | 'udp'; readonly port: number }
  | {
      readonly do: 'add';
      readonly service: string;
      readonly id: string;
      readonly kind: string;
      readonly params: unknown;
    }
  | { readonly do: 'update'; readonly service: string; readonly id: string; readonly params: unknown }
  | { readonly do: 'remove'; readonly service: string; readonly id: string }
  | { readonly do: 'report' };

export interface Report {
  readonly residentBytes: number;
  readonly descriptors: number;
  /** Connections that are open; flows of datagrams. */
  readonly open: number;
  readonly flows: number;
  readonly inFlight: number;
  readonly heldBytes: number;
  readonly slowestEditMs: number;
  readonly edits: number;
}

const host = '127.0.0.1';
const proxy = openProxy({ clock: realClock, dialTimeoutMs: 500 });
let slowestEditMs = 0;
let edits = 0;

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'listen': {
      const { service, protocol, port } = order;
      return proxy.listen({ service, protocol, listen: { host, port: 0 }, upstreams: [{ host, port }] });
    }
    case 'add':
      edit(() => proxy.addFilter({ ...order, seed: 1 }));
      return;
    case 'update':
      edit(() => proxy.updateFilter(order.service, order.id, order.params));
      return;
    case 'remove':
      edit(() => proxy.removeFilter(order.service, order.id));
      return;
    case 'report':
      return report();
  }
}

function edit(action: () => void): void {
  const startedMs = realClock.monotonicMs();
  action();
  slowestEditMs = Math.max(slowestEditMs, realClock.monotonicMs() - startedMs);
  edits++;
}

function report(): Report {
  globalThis.gc?.();
  const services = proxy.services();
  return {
    residentBytes: process.memoryUsage.rss(),
    descriptors: readdirSync('/proc/self/fd').length,
    open: openOf(services.filter(({ protocol }) => protocol !== 'udp')),
    flows: openOf(services.filter(({ protocol }) => protocol === 'udp')),
    inFlight: services.reduce((sum, { counters }) => sum + counters.inFlight, 0),
    heldBytes: proxy.heldBytes,
    slowestEditMs,
    edits,
  };
}

const openOf = (services: readonly ServiceInfo[]): number =>
  services.reduce((sum, { counters }) => sum + counters.openConnections, 0);

process.on('message', (message: { readonly id: number; readonly order: Order }) => {
  void obey(message.order).then(
    (result) => process.send?.({ id: message.id, result }),
    (error: unknown) => process.send?.({ id: message.id, error: String(error) }),
  );
});
