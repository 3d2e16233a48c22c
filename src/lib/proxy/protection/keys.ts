import { sourceKey } from '../../resilience/rate-limit.ts';
import type { KeyedBy } from '../protection.ts';
import type { ConnectionView, RequestView } from '../views.ts';

/** Requests without the header that is asked for share one key, which no value of a header can be. */
const NO_HEADER = '\0';
/** All requests of a route. */
const ROUTE = '';

/** What a request is told apart by. */
export function keyOf(keyed: KeyedBy, request: RequestView, connection: ConnectionView): string {
  switch (keyed.by) {
    case 'route':
      return ROUTE;
    case 'source':
      return sourceKey(
        connection.source,
        keyed.trustedHops > 0 ? request.header('x-forwarded-for') : undefined,
        keyed.trustedHops,
      );
    case 'header':
      return request.header(keyed.header) ?? NO_HEADER;
  }
}
