import type { Json } from '../../events/json.ts';
import type { Path } from '../mistakes/mistake.ts';
import { isList, isMap, memberOf, type Placed } from './raw.ts';

/** One endpoint or a list of them, as written, each with its place. */
export function endpointsIn(value: Json | undefined, path: Path): Placed<string>[] {
  if (!isList(value)) return typeof value === 'string' ? [{ value, path }] : [];
  return value.flatMap((item, index) => {
    const place = [...path, index];
    return isMap(item)
      ? endpointsIn(memberOf(item, 'url'), [...place, 'url'])
      : endpointsIn(isList(item) ? undefined : item, place);
  });
}

/** Those of a service, then those for the names that clients ask for. */
export function allEndpoints(service: Json, name: string): Placed<string>[] {
  const names = memberOf(memberOf(service, 'tls'), 'serverNames');
  const path = ['services', name];
  const routed = isMap(names)
    ? Object.entries(names).flatMap(([key, value]) => endpointsIn(value, [...path, 'tls', 'serverNames', key]))
    : [];
  return [...endpointsIn(memberOf(service, 'endpoints'), [...path, 'endpoints']), ...routed];
}
