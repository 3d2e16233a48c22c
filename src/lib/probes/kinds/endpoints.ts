import { z } from 'zod';
import { rangeFault } from '../expect/json.ts';
import { failed, judged } from '../measure.ts';
import { defineProbe } from '../probe.ts';

const params = z.strictObject({
  service: z.string().min(1).describe('A service of this scenario whose endpoints the proxy looks after.'),
});

const count = z.int().min(0).optional();

const expect = z.strictObject({
  healthy: z
    .strictObject({ min: count, max: count })
    .default({ min: 1 })
    .describe('How many endpoints get requests: not found ill, not drained.'),
});

/** Endpoints of a service behind the proxy: at least one that gets requests, unless something else is expected. */
export const endpointsProbe = defineProbe({
  kind: 'endpoints',
  summary: 'the endpoints of a service: how many are healthy',
  params,
  expect,
  create: ({ service }, { healthy }) => {
    return (host) => {
      const endpoints = host.lookupService?.(service)?.endpoints;
      if (endpoints === undefined)
        return Promise.resolve(failed('not watched', `no proxy of this run looks after the endpoints of ${service}`));
      const usable = endpoints.filter(({ isUsable }) => isUsable).length;
      const value = `${usable} of ${endpoints.length} healthy`;
      return Promise.resolve(judged(value, [rangeFault('healthy', usable, healthy, String)]));
    };
  },
});
