import { describe, expect, it } from 'vitest';
import { startRequest, type Candidate } from '../../../src/lib/resilience/balance.ts';
import { Endpoint } from '../../../src/lib/services/endpoint.ts';
import { parseRegistration, type RegistrationRequest } from '../../../src/lib/services/registration.ts';

const wanted = (more: Partial<RegistrationRequest> = {}) =>
  parseRegistration({ id: 'shop-1', service: 'shop', host: '::1', port: 7301, weight: 5, ...more });

describe('an endpoint', () => {
  it('is a candidate of the balancer, which counts its requests in and out', () => {
    const endpoint = new Endpoint(wanted(), 1_000);
    const candidate: Candidate = endpoint;
    const lease = startRequest(candidate);
    expect(endpoint.inFlight).toBe(1);
    lease.end();
    lease.end();
    expect(endpoint.inFlight).toBe(0);
  });

  it.each([
    [{}, { health: 'unknown', isHealthy: true, healthySinceMs: 1_000 }],
    [{ lifetime: 'static' }, { health: 'unknown', isHealthy: true, healthySinceMs: -Infinity }],
    [{ initialHealth: 'healthy' }, { health: 'healthy', isHealthy: true }],
    [{ initialHealth: 'unhealthy' }, { health: 'unhealthy', isHealthy: false }],
    [{}, { address: '[::1]:7301', weight: 5, inFlight: 0 }],
  ] as const)('registered with %o is %o', (more, expected) => {
    expect(new Endpoint(wanted(more), 1_000)).toMatchObject(expected);
  });

  it('gets no weight while drained, and its configured one back', () => {
    const endpoint = new Endpoint(wanted(), 0);
    endpoint.setDrained(true);
    expect(endpoint).toMatchObject({ weight: 0, configuredWeight: 5 });
    endpoint.setWeight(9);
    expect(endpoint).toMatchObject({ weight: 0, configuredWeight: 9 });
    endpoint.setDrained(false);
    expect(endpoint).toMatchObject({ weight: 9, configuredWeight: 9 });
  });

  it('is healthy anew only when it comes back from unhealthy', () => {
    const endpoint = new Endpoint(wanted(), 1_000);
    const since = (['healthy', 'unhealthy', 'unhealthy', 'healthy', 'healthy'] as const).map((health, i) => {
      endpoint.setHealth(health, 2_000 + i);
      return endpoint.healthySinceMs;
    });
    expect(since).toEqual([1_000, 1_000, 1_000, 2_003, 2_003]);
  });

  it.each([
    [{}, false],
    [{ port: 7302 }, true],
    [{ host: '127.0.0.1' }, true],
    [{ weight: 6 }, true],
    [{ metadata: { zone: 'b' } }, true],
  ])('knows whether a new registration with %o differs', (more, differs) => {
    const endpoint = new Endpoint(wanted({ metadata: { zone: 'a' } }), 0);
    expect(endpoint.update(wanted({ metadata: { zone: 'a' }, ...more }))).toBe(differs);
  });
});
