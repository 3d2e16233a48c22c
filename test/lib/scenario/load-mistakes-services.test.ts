import { expect, it } from 'vitest';
import { z } from 'zod';
import { kinds, mistakesOf, parse, scenarioText } from './support.ts';

/** Services with keys that other rooms let be said of them, and a probe that names a service. */
const options = {
  kinds: {
    ...kinds,
    front: Object.fromEntries(['breaker', 'fallback', 'health'].map((key) => [key, z.strictObject({}).optional()])),
    probes: [
      ...kinds.probes,
      {
        kind: 'breaker',
        summary: 'Looks at a breaker.',
        params: z.strictObject({ service: z.string() }),
        expect: z.strictObject({}),
      },
    ],
  },
};
const SERVICES = `services:
  payments: { endpoints: 127.0.0.1:7303, listen: 127.0.0.1:7313, breaker: {}, health: {} }
  shop: { endpoints: 127.0.0.1:7304, listen: 127.0.0.1:7314, fallback: {} }
  bare: { endpoints: 127.0.0.1:7305 }`;

const mistakes = (gate: string): string[] =>
  mistakesOf(scenarioText({ services: SERVICES, gate: `gate: ["${gate}"]` }), options).map((line) =>
    line.replace(/^\S+ +/, ''),
  );

it.each([
  ['breaker paymnets opens within 1s', 'the service "paymnets" is not in "services"; did you mean "payments"?'],
  ['breaker shop opens within 1s', 'service shop has no "breaker": nothing can be said of it'],
  ['breaker nobody/a:1 closes within 1s', 'the service "nobody" is not in "services"'],
  ['fallback rate of payments < 1%', 'service payments has no "fallback": nothing can be said of it'],
  ['healthy endpoints of bare >= 1', 'service bare has no "health", "balance"'],
])('refuses %s', (gate, mistake) => {
  expect(mistakes(gate)).toEqual([expect.stringContaining(mistake)]);
});

it.each([
  'breaker payments opens within 1s',
  'breaker payments/127.0.0.1:7303 closes within 1s after',
  'fallback rate < 1%',
  'fallback rate of shop during < 1%',
  'healthy endpoints of payments >= 1',
])('takes %s', (gate) => {
  const { gate: thresholds } = parse(scenarioText({ services: SERVICES, gate: `gate: ["${gate}"]` }), options);
  expect(thresholds.map(({ text }) => text)).toEqual([gate]);
});

it('says that no service has a fallback where none has', () => {
  const services = 'services: { bare: { endpoints: 127.0.0.1:7305 } }';
  const found = mistakesOf(scenarioText({ services, gate: 'gate: [fallback rate < 1%]' }), options);
  expect(found.join('\n')).toContain('no service has "fallback": nothing can be said of it');
});

it('refuses a probe of a service that there is not', () => {
  const steadyState = 'steadyState: [{ name: b, probe: breaker, with: { service: paymnets } }]';
  const found = mistakesOf(scenarioText({ services: SERVICES, steadyState }), options);
  expect(found.join('\n')).toContain('the service "paymnets" is not in "services"; did you mean "payments"?');
});
