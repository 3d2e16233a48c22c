import { z } from 'zod';
import type { Purpose } from './choice.ts';
import { addressSchema, weightedEndpointsSchema } from './addresses.ts';
import { looseText, NAME, NAME_WORDS, someDuration, duration, systemText, textLike } from './fields.ts';
import type { ScenarioKinds } from './kinds.ts';
import { readySchema } from './probes.ts';
import { tlsSchema } from './tls.ts';

const ENV_NAME = /^[^=\0]+$/;

/** What the proxy in front of a service must know of it, in scenarios and in the proxy's own file. */
export function frontShape(kinds: ScenarioKinds) {
  // Of no key that the types know.
  const more: object = kinds.front ?? {};
  return {
    ...more,
    protocol: z.enum(['auto', 'http', 'tcp', 'udp']).prefault('auto').meta({
      description:
        'What the proxy in front of it speaks: auto finds out (HTTP/1.1, HTTP/2, gRPC, WebSocket, TLS, else raw TCP), http is HTTP of any version, tcp is never looked into, udp is datagrams.',
    }),
    endpoints: weightedEndpointsSchema(
      'Where its instances listen: http://host:port, https://host:port or host:port, one or a list, in which each may have a weight: {url, weight}.',
    ),
    tls: tlsSchema().optional().meta({ description: 'TLS of the proxy: towards clients, and towards the service.' }),
  };
}

/** `services`: names, and what is behind each. */
export function servicesSchema(kinds: ScenarioKinds, purpose: Purpose) {
  return z
    .record(serviceName(), serviceSchema(kinds, purpose))
    .meta({ description: 'The services that the scenario is about, by name.' });
}

export function serviceName() {
  return textLike(NAME, NAME_WORDS, 'The name of a service.');
}

function serviceSchema(kinds: ScenarioKinds, purpose: Purpose) {
  const { protocol, endpoints, tls, ...more } = frontShape(kinds);
  return z.strictObject({
    protocol,
    endpoints,
    listen: addressSchema
      .optional()
      .meta({ description: 'Where a proxy listens in front of it; faults on the service act in this proxy.' }),
    tls,
    ...more,
    run: runSchema(kinds, purpose).optional().meta({ description: 'How to start it; it is stopped with the run.' }),
  });
}

function runSchema(kinds: ScenarioKinds, purpose: Purpose) {
  return z.strictObject({
    command: z
      .union(
        [
          systemText('A line for /bin/sh.').min(1, { error: 'expected a command' }),
          z.array(z.union([systemText(), z.number(), z.boolean()], { error: 'expected a text' })).min(1),
        ],
        { error: 'expected a line for /bin/sh, or a list of the program and its arguments' },
      )
      .meta({ description: 'A line for /bin/sh, or a list of the program and its arguments.' }),
    cwd: systemText('The folder that it runs in, from the folder of this file.').optional(),
    env: z
      .record(textLike(ENV_NAME, 'the name of an environment variable'), looseText('A value, as text.'))
      .optional()
      .meta({ description: 'Environment variables, on top of our own.' }),
    ready: readySchema(kinds.probes, purpose).optional().meta({
      description:
        'The probe that tells that it is up; by default a TCP connection to its first endpoint, or with udp that it runs.',
    }),
    readyWithin: someDuration('How long it may take to be up.').prefault('15s'),
    stopGrace: duration('From SIGTERM to SIGKILL when it is stopped.').prefault('5s'),
  });
}
