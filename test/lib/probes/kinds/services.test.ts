import { describe, expect, it } from 'vitest';
import type { ProbeHost } from '../../../../src/lib/probes/probe.ts';
import { findProbeKind } from '../../../../src/lib/probes/registry.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';

const breaker = (name: string, state: string) => ({ name, state });
const endpoint = (id: string, isUsable: boolean) => ({ endpoint: id, isUsable });
const SERVICES = new Map([
  ['pay', { breakers: [breaker('pay', 'open')], endpoints: [endpoint('pay/a:1', true), endpoint('pay/b:1', false)] }],
  ['shop', { breakers: [breaker('shop/a:1', 'closed'), breaker('shop/b:1', 'half-open')], endpoints: [] }],
  ['bare', { breakers: [], endpoints: [endpoint('bare/a:1', false)] }],
]);
const host: ProbeHost = {
  clock: realClock,
  directory: '/',
  servicePids: () => undefined,
  lookupService: (service) => SERVICES.get(service),
};
const measure = (kind: string, params: object, expected: object = {}) =>
  findProbeKind(kind).bind(params, expected)(host, 1000);

describe('the probe breaker', () => {
  it.each([
    [{ service: 'pay' }, {}, false, 'open', 'breaker pay is open, not closed'],
    [{ service: 'pay' }, { state: 'open' }, true, 'open', undefined],
    [{ service: 'shop' }, {}, false, 'closed, half-open', 'breaker shop/b:1 is half-open, not closed'],
    [{ service: 'shop', endpoint: 'shop/a:1' }, {}, true, 'closed', undefined],
    [
      { service: 'shop', endpoint: 'x' },
      {},
      false,
      'no breaker',
      'no proxy of this run has a circuit breaker for endpoint x of shop',
    ],
    [{ service: 'bare' }, {}, false, 'no breaker', 'no proxy of this run has a circuit breaker for service bare'],
    [{ service: 'nobody' }, {}, false, 'no breaker', 'no proxy of this run has a circuit breaker for service nobody'],
  ])('%j %j', async (params, expected, ok, value, reason) => {
    expect(await measure('breaker', params, expected)).toMatchObject({ ok, value, ...(reason && { reason }) });
  });

  it('finds none where nobody looks after services', async () => {
    const alone: ProbeHost = { clock: realClock, directory: '/', servicePids: () => undefined };
    expect(await findProbeKind('breaker').bind({ service: 'pay' }, {})(alone, 1000)).toMatchObject({ ok: false });
  });
});

describe('the probe endpoints', () => {
  it.each([
    [{ service: 'pay' }, {}, true, '1 of 2 healthy'],
    [{ service: 'pay' }, { healthy: { min: 2 } }, false, '1 of 2 healthy'],
    [{ service: 'pay' }, { healthy: { max: 1 } }, true, '1 of 2 healthy'],
    [{ service: 'bare' }, {}, false, '0 of 1 healthy'],
    [{ service: 'nobody' }, {}, false, 'not watched'],
  ])('%j %j', async (params, expected, ok, value) => {
    expect(await measure('endpoints', params, expected)).toMatchObject({ ok, value });
  });
});
