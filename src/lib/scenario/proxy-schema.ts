import { z } from 'zod';
import { portOrAddressSchema } from './file/addresses.ts';
import { apiSchema } from './file/api.ts';
import type { Purpose } from './file/choice.ts';
import { seedSchema, variablesSchema, versionSchema } from './file/head.ts';
import type { ScenarioKinds } from './file/kinds.ts';
import { proxiedServicesSchema } from './file/proxied-services.ts';

/** A proxy's own file after the schema; not yet in the form that the proxy takes. */
export type ProxyFile = z.output<ReturnType<typeof proxyFileSchema>>;

/** The one schema of `faultline.yaml`; what it says of services is what scenarios say of them. */
export function proxyFileSchema(kinds: ScenarioKinds, purpose: Purpose = 'check') {
  return z.strictObject({
    version: versionSchema(),
    seed: seedSchema(
      'Decides all chance: the same seed hurts the same requests. By default drawn when the proxy starts.',
    ),
    variables: variablesSchema(),
    metrics: portOrAddressSchema(
      'Where /metrics is served for Prometheus: host:port, or a port of the loopback. By default nowhere.',
    ).optional(),
    api: apiSchema().optional(),
    services: proxiedServicesSchema(kinds, purpose),
  });
}
