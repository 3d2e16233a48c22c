import { request } from 'node:http';
import { connect } from 'node:net';
import { filterFault } from '../../src/lib/faults/filter-fault.ts';
import { abortFilter } from '../../src/lib/proxy/filters/abort.ts';
import { errorFilter } from '../../src/lib/proxy/filters/error.ts';
import { latencyFilter } from '../../src/lib/proxy/filters/latency.ts';
import type { FilterKind } from '../../src/lib/proxy/filter.ts';
import type { Address } from '../../src/lib/proxy/listener.ts';
import { realClock } from '../../src/lib/runtime/clock.ts';
import { front, serve } from '../lib/proxy/harness.ts';
import { requires } from '../support/requires.ts';
import type { FaultRow } from './fault-rows.ts';

/** The filters of the proxy as faults on a service: each on a real listener, with real traffic. */
export const FILTER_ROWS: readonly FaultRow[] = [
  row(latencyFilter, 'http', { delay: '5ms', jitter: '1ms' }),
  row(latencyFilter, 'tcp', { delay: '5ms' }),
  row(errorFilter, 'http', { status: 500, match: { method: 'GET' } }),
  row(abortFilter, 'http', {}),
  row(abortFilter, 'tcp', {}),
];

function row(filter: FilterKind, protocol: 'http' | 'tcp', params: Readonly<Record<string, unknown>>): FaultRow {
  return {
    name: `${filter.kind}, on a service that speaks ${protocol}`,
    kind: filterFault(filter),
    params,
    needs: requires(),
    async setUp() {
      const upstream = await serve((socket) => {
        socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
        socket.on('end', () => socket.end());
      });
      const { proxy, address } = await front(protocol, [upstream]);
      return {
        target: { on: 'service', service: 's', protocol },
        host: { clock: realClock, proxy, cgroupRoot: '/nowhere' },
        fingerprint: () => String(proxy.hasFilter('s', 'fault-1')),
        work: () => (protocol === 'http' ? askOnce(address) : connectOnce(address)),
      };
    },
  };
}

/** One request, whatever becomes of it. */
function askOnce({ host, port }: Address): Promise<void> {
  return new Promise((resolve) => {
    const asked = request({ host, port, agent: false }, (response) => response.resume().on('end', resolve));
    asked.on('error', () => resolve());
    asked.end();
  });
}

/** One connection that sends a little and ends, whatever becomes of it. */
function connectOnce({ host, port }: Address): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume().end('x');
  });
}
