import * as grpc from '@grpc/grpc-js';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { UNPROTECTED, type Destination, type ProtectionOptions } from '../../../../src/lib/proxy/protection.ts';
import { until } from '../../../support/until.ts';
import { EchoClient, serveEcho, type EchoServer } from '../grpc-harness.ts';
import { front, serve, type Fronted } from '../harness.ts';

function endpoint(id: string, { address }: EchoServer): Destination {
  return { ...address, id, weight: 1, isHealthy: true, inFlight: 0, healthySinceMs: -Infinity };
}

function frontOf(list: readonly Destination[], protection: Partial<ProtectionOptions>): Promise<Fronted> {
  const options = { protection: { ...UNPROTECTED, ...protection }, destinations: () => list };
  return front('auto', list, undefined, options);
}

describe('gRPC calls to a protected service', () => {
  it('are refused with RESOURCE_EXHAUSTED by a rate limit', async () => {
    const server = await serveEcho();
    const limit = { name: 'all', ratePerSecond: 0.01, burst: 2, key: { by: 'route' }, match: undefined } as const;
    const { address } = await frontOf([endpoint('a', server)], { limits: [limit] });
    const client = new EchoClient(address);
    expect([(await client.unary('1')).code, (await client.unary('2')).code]).toEqual([0, 0]);
    const { code, details, trailers } = await client.unary('3');
    expect([code, details]).toEqual([grpc.status.RESOURCE_EXHAUSTED, 'the rate limit "all" is used up']);
    expect(Number(trailers?.get('retry-after')[0])).toBeGreaterThan(90);
    expect(server.calls).toHaveLength(2);
  });

  it('are refused with UNAVAILABLE while the breaker is open, and count at their endpoint until they end', async () => {
    const server = await serveEcho();
    const a = endpoint('a', server);
    const breaker = { per: 'service', consecutiveFailures: 1, openMs: 60_000 } as const;
    const { address, proxy } = await frontOf([a], { breaker });
    const client = new EchoClient(address);
    proxy.addFilter({ service: 's', id: 'down', kind: 'grpc_status', params: { code: 'UNAVAILABLE' }, seed: 1 });
    await client.unary('1');
    await client.unary('2');
    proxy.removeFilter('s', 'down');
    const { code, details } = await client.unary('3');
    expect(code).toBe(grpc.status.UNAVAILABLE);
    expect(details).toContain('circuit breaker is open');
    expect(server.calls).toEqual([]);
    expect(a.inFlight).toBe(0);
  });

  it('do not count when their client gives them up', async () => {
    const server = await serveEcho();
    const a = endpoint('a', server);
    const breaker = { per: 'service', consecutiveFailures: 0, openMs: 60_000 } as const;
    const { address } = await frontOf([a], { breaker });
    const client = new EchoClient(address);
    for (let i = 0; i < 3; i++) expect((await client.unary('hang', { deadline: Date.now() + 100 })).code).toBe(4);
    await until('the count at 0', () => a.inFlight === 0);
    expect((await client.unary('well')).code).toBe(0);
  });

  it('count as failed when the service dies while it has them', async () => {
    const sockets = new Set<Socket>();
    const server = await serveEcho();
    const relay = await serve((socket) => {
      sockets.add(socket);
      const service = connect(server.address);
      service.on('error', () => undefined);
      socket.pipe(service).pipe(socket);
    });
    const a = { ...endpoint('a', server), ...relay };
    const breaker = { per: 'service', consecutiveFailures: 0, openMs: 60_000 } as const;
    const { address, events } = await frontOf([a], { breaker });
    const hanging = new EchoClient(address).unary('hang');
    await until('the call', () => server.calls.length === 1);
    for (const socket of sockets) socket.resetAndDestroy();
    expect((await hanging).code).toBe(grpc.status.UNAVAILABLE);
    await until('the breaker open', () => events.some((it) => it.type === 'breaker.changed' && it.to === 'open'));
    expect(a.inFlight).toBe(0);
  });

  it('leave an endpoint whose breaker is open to the others', async () => {
    const [one, two] = [await serveEcho(), await serveEcho()];
    const list = [endpoint('a', one), endpoint('b', two)];
    const breaker = { per: 'endpoint', consecutiveFailures: 0, openMs: 60_000 } as const;
    const { address, proxy } = await frontOf(list, { breaker });
    const client = new EchoClient(address);
    await client.unary('1');
    const [here, there] = one.calls.length === 1 ? [one, two] : [two, one];
    proxy.addFilter({ service: 's', id: 'down', kind: 'grpc_status', params: { code: 'INTERNAL' }, seed: 1 });
    expect((await client.unary('2')).code).toBe(grpc.status.INTERNAL);
    proxy.removeFilter('s', 'down');
    for (let i = 0; i < 3; i++) expect((await client.unary('3')).code).toBe(0);
    expect([here.calls.length, there.calls.length]).toEqual([4, 0]);
  });

  it('end with DEADLINE_EXCEEDED when the service does not begin to answer in time', async () => {
    const server = await serveEcho();
    const a = endpoint('a', server);
    const { address } = await frontOf([a], { timeoutMs: 100 });
    const client = new EchoClient(address);
    expect((await client.unary('hang')).code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await until('the service told', () => server.cancelled.length === 1);
    expect((await client.unary('well')).code).toBe(0);
    expect(a.inFlight).toBe(0);
  });

  it('leave an endpoint that is drained to the others, without one that fails', async () => {
    const [one, two] = [await serveEcho(), await serveEcho()];
    const list = [endpoint('a', one), endpoint('b', two)];
    const { address } = await frontOf(list, {});
    const client = new EchoClient(address);
    expect((await client.unary('1')).code).toBe(0);
    const first = one.calls.length === 1 ? list[0]! : list[1]!;
    first.weight = 0;
    for (let i = 0; i < 5; i++) expect((await client.unary('2')).code).toBe(0);
    expect([one.calls.length, two.calls.length].toSorted()).toEqual([1, 5]);
    expect(list.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
  });
});
