import type { Json } from '../../events/json.ts';
import type { Checking } from './checking.ts';
import { protocolOf } from './faults.ts';
import { memberOf } from './raw.ts';

/** Keys that say what the proxy is to do for a service, and would do nothing: there is no proxy, or nothing that they could act on. */
export function checkFront({ kinds, report }: Checking, service: Json, name: string): void {
  const path = ['services', name];
  const protocol = protocolOf(service);
  for (const key of Object.keys(kinds.front ?? {})) {
    const value = memberOf(service, key);
    if (value === undefined || value === null) continue;
    const misfit =
      memberOf(service, 'listen') === undefined
        ? `the proxy does this, and none is in front of ${name}: give it a "listen" address`
        : protocol && kinds.frontMisfit?.(key, value, { protocol });
    if (misfit !== undefined) report([...path, key], `"${key}" of service ${name}: ${misfit}`, { at: 'key' });
  }
}
