import { z } from 'zod';
import type { ApiSpec } from '../proxy-config.ts';
import { systemText } from './fields.ts';
import { portOrAddressSchema } from './addresses.ts';

/** `api`: an address, or one with a token. */
export function apiSchema() {
  const listen = portOrAddressSchema('Where it listens: host:port, or a port of the loopback.');
  const whole = z.strictObject({
    listen,
    token: systemText(
      'What every request has to bring: `Authorization: Bearer TOKEN`. Needed where others can reach it.',
    )
      .min(1, { error: 'expected a token, or none at all' })
      .optional(),
    hosts: z
      .array(systemText())
      .prefault([])
      .meta({ description: 'Names that it may be called by, beside IP addresses and localhost.' }),
  });
  return z
    .union([listen.transform((address): ApiSpec => ({ listen: address, token: undefined, hosts: [] })), whole], {
      error: 'expected a port such as 8475, host:port, or {listen, token, hosts}',
    })
    .transform((api): ApiSpec => ({ listen: api.listen, token: api.token, hosts: api.hosts }))
    .meta({
      description:
        'Where services register their endpoints and are listed, over HTTP: host:port, a port of the loopback, or {listen, token, hosts}. By default nowhere.',
    });
}
