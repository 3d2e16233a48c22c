import { z } from 'zod';
import { failed, judged } from '../measure.ts';
import { defineProbe } from '../probe.ts';

const STATES = ['closed', 'open', 'half-open'] as const;

const params = z.strictObject({
  service: z.string().min(1).describe('A service of this scenario that has a `breaker`.'),
  endpoint: z.string().min(1).optional().describe('Only that of this endpoint (its id), where each has one.'),
});

const expect = z.strictObject({
  state: z.enum(STATES).default('closed').describe('The state that it, or each of them, must be in.'),
});

/** Circuit breakers of the proxy: closed, unless something else is expected. */
export const breakerProbe = defineProbe({
  kind: 'breaker',
  summary: 'the circuit breaker of a service: closed, open, half-open',
  params,
  expect,
  create: ({ service, endpoint }, { state }) => {
    return (host) => {
      const all = host.lookupService?.(service)?.breakers ?? [];
      const breakers = endpoint === undefined ? all : all.filter(({ name }) => name === endpoint);
      if (breakers.length === 0) {
        const whose = endpoint === undefined ? `service ${service}` : `endpoint ${endpoint} of ${service}`;
        return Promise.resolve(failed('no breaker', `no proxy of this run has a circuit breaker for ${whose}`));
      }
      const others = breakers.filter((breaker) => breaker.state !== state);
      const value = [...new Set(breakers.map((breaker) => breaker.state))].join(', ');
      const fault = others.map((breaker) => `breaker ${breaker.name} is ${breaker.state}, not ${state}`).join('; ');
      return Promise.resolve(judged(value, [others.length === 0 ? undefined : fault]));
    };
  },
});
