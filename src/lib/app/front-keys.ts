import type { Json } from '../events/json.ts';
import { protectionShape } from '../proxy/protection-schema.ts';
import type { FrontTraits } from '../scenario/schema.ts';
import { healthSchema } from '../services/health-schema.ts';

/** What may be said of a service beyond where it is: what the proxy in front of it does for it. */
export const FRONT_KEYS = { ...protectionShape, health: healthSchema.optional() };

/** Keys that look at requests. */
const OF_REQUESTS: readonly string[] = ['limits', 'retries', 'fallback', 'timeout'];

/** Why a key would do nothing on such a service; undefined when it does something. */
export function frontMisfit(key: string, value: Json, { protocol }: FrontTraits): string | undefined {
  if (protocol === 'udp') return 'datagrams pass as they are; leave it out';
  if (protocol !== 'tcp') return undefined;
  if (OF_REQUESTS.includes(key)) return 'it looks at requests, and protocol tcp is never looked into';
  if (key === 'breaker' && member(value, 'per') !== 'endpoint')
    return 'protocol tcp has no requests to judge the service by; write per: endpoint, which judges by connections';
  if (key === 'breaker' && member(value, 'routes') !== undefined)
    return 'protocol tcp has no requests that could go by a route; leave "routes" out';
  if (key === 'balance' && member(member(value, 'key'), 'header') !== undefined)
    return 'protocol tcp has no headers; write key: source';
  return undefined;
}

function member(value: Json | undefined, key: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)[key]
    : undefined;
}
