import { isDeepStrictEqual } from 'node:util';
import { formatHostPort } from '../../wire/host-port.ts';
import type { ListenOptions } from '../listen-options.ts';
import { UNPROTECTED, type Destination, type ProtectionChange } from '../protection.ts';
import { Guard } from './guard.ts';

/** Undefined when the service is neither protected nor watched: then its endpoints take turns. */
export function createGuard(
  options: ListenOptions,
  onChange: (service: string, change: ProtectionChange) => void,
): Guard | undefined {
  const { service, protection, destinations, upstreams } = options;
  if (protection === undefined && destinations === undefined) return undefined;
  const fixed: readonly Destination[] = upstreams.map((upstream) => ({
    ...upstream,
    id: formatHostPort(upstream),
    weight: 1,
    isHealthy: true,
    inFlight: 0,
    healthySinceMs: -Infinity,
  }));
  return new Guard(protection ?? UNPROTECTED, destinations ?? (() => fixed), (change) => onChange(service, change));
}

/** Whether a guard may stay, with what its breakers and limits have counted. */
export function hasSameProtection(before: ListenOptions, after: ListenOptions): boolean {
  if (before.destinations !== after.destinations) return false;
  if (after.destinations === undefined && !isDeepStrictEqual(before.upstreams, after.upstreams)) return false;
  return isDeepStrictEqual(before.protection, after.protection);
}
