import { z } from 'zod';
import { isMap } from '../checks/raw.ts';
import { addressSchema } from './addresses.ts';
import { choice, complainInto, parseWithin, type Complain, type Purpose } from './choice.ts';
import { faultShape, UNKNOWN_FAULT } from './fault-shape.ts';
import type { FaultSchemaInput, ScenarioKinds } from './kinds.ts';
import { pickKind, UNKNOWN_NAME } from './probes.ts';
import { frontShape, serviceName } from './services.ts';

/** A fault as it is in force on a service from the start. */
export interface ProxiedFaultFile {
  readonly fault: string;
  readonly id?: string | undefined;
  readonly with?: unknown;
}

/** `services` of the proxy's own file. */
export function proxiedServicesSchema(kinds: ScenarioKinds, purpose: Purpose) {
  return z
    .record(serviceName(), withoutRun(purpose, proxiedServiceSchema(kinds, purpose)))
    .meta({ description: 'The services that the proxy fronts, by name.' });
}

function proxiedServiceSchema(kinds: ScenarioKinds, purpose: Purpose) {
  const { protocol, endpoints, tls, ...more } = frontShape(kinds);
  return z.strictObject({
    protocol,
    listen: addressSchema.meta({ description: 'Where the proxy listens; callers use this address.' }),
    endpoints: endpoints.optional(),
    tls,
    ...more,
    faults: z
      .array(proxiedFaultSchema(kinds.faults, purpose))
      .prefault([])
      .meta({ description: 'The faults in force, in their order: what ends a request keeps it from those behind.' }),
  });
}

/** Scenarios and this file describe services alike, so that people copy them; but what runs is not started by a proxy. */
function withoutRun<Output>(purpose: Purpose, schema: z.ZodType<Output>): z.ZodType<Output> {
  if (purpose === 'describe') return schema;
  return z.unknown().transform((value, context): Output => {
    if (!isMap(value) || !Object.hasOwn(value, 'run')) return parseWithin(schema, value, context);
    complainInto(context)(['run'], '"run" stands only in scenarios: a proxy starts no services', { at: 'key' });
    const rest = Object.entries(value).filter(([key]) => key !== 'run');
    return parseWithin(schema, Object.fromEntries(rest), context);
  });
}

function proxiedFaultSchema(kinds: readonly FaultSchemaInput[], purpose: Purpose): z.ZodType<ProxiedFaultFile> {
  const able = kinds.filter(({ targets }) => targets.includes('service'));
  const shapeOf = (kind: FaultSchemaInput, name: z.ZodType<string>): z.ZodType<ProxiedFaultFile> =>
    z.strictObject(faultShape(kind, name, purpose));
  return choice(purpose, {
    shapes: new Map(able.map((kind) => [kind.kind, () => shapeOf(kind, z.literal(kind.kind))])),
    fallback: () => shapeOf(UNKNOWN_FAULT, UNKNOWN_NAME),
    pick: (value, complain) => pickServiceFault(value, kinds, able, complain),
  });
}

function pickServiceFault(
  value: unknown,
  kinds: readonly FaultSchemaInput[],
  able: readonly FaultSchemaInput[],
  complain: Complain,
): string | undefined {
  const name = isMap(value) ? value.fault : undefined;
  const other = kinds.find(({ kind, targets }) => kind === name && !targets.includes('service'));
  if (other === undefined) return pickKind(value, 'fault', able, complain);
  const what = other.targets.includes('process') ? 'processes' : 'the host';
  complain(['fault'], `fault ${other.kind} acts on ${what}, not on what passes a proxy: it stands only in scenarios`);
  return '';
}
