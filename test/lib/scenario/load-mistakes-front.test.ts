import { expect, it } from 'vitest';
import { z } from 'zod';
import { kinds, mistakesOf, parse, scenarioText } from './support.ts';

/** What other rooms let be said of a service: one key that means nothing over UDP. */
const withFront = {
  kinds: {
    ...kinds,
    front: {
      balance: z
        .enum(['turns', 'least'])
        .transform((kind) => ({ kind }))
        .optional(),
    },
    frontMisfit: (_key: string, _value: unknown, { protocol }: { protocol: string }) =>
      protocol === 'udp' ? 'datagrams pass as they are' : undefined,
  },
};

const services = (more: string): string =>
  scenarioText({ services: `services: { payments: { endpoints: 127.0.0.1:7303, ${more} } }` });

it('takes what other rooms let be said of a service, as it comes out of their schema', () => {
  const { more } = parse(services('listen: 127.0.0.1:7313, balance: least'), withFront).services.payments ?? {};
  expect(more).toEqual({ balance: { kind: 'least' } });
});

it.each([
  [
    'listen: 127.0.0.1:7313, balance: lest',
    ['"lest" is not a valid "balance": expected turns or least; did you mean "least"?'],
  ],
  [
    'listen: 127.0.0.1:7313, protocol: udp, balance: least',
    ['"balance" of service payments: datagrams pass as they are'],
  ],
  [
    'balance: least',
    [
      '"balance" of service payments: the proxy does this, and none is in front of payments: give it a "listen" address',
    ],
  ],
])('refuses %s', (more, lines) => {
  const found = mistakesOf(services(more), withFront).map((line) => line.replace(/^\S+ +/, ''));
  expect(found).toEqual(expect.arrayContaining(lines));
});
