import { hashHex } from '../runtime/chance.ts';
import type { RequestView } from './filter.ts';

/** The baggage member by which whoever sends the load names each request. */
const REQUEST_MEMBER = 'chaos.request';
/** A longer key is replaced by its hash, so that remembered keys stay small. */
const MAX_KEY_LENGTH = 256;
/** version "-" trace-id "-" parent-id "-" flags (W3C Trace Context, section 3.2). */
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/**
 * What a decision about a request hangs on, the most telling thing it carries: the member `chaos.request` of its baggage, else the
 * trace id of its `traceparent`, else method and path (whose arrival then is the index).
 */
export function requestKey(request: RequestView): string {
  const key = baggageMember(request.header('baggage')) ?? traceId(request.header('traceparent'));
  return shorten(key ?? `${request.method} ${request.path}`);
}

/** `chaos.run=r1,chaos.request=17;note` → `17` (W3C Baggage, section 3.2); undefined when there is no such member. */
function baggageMember(baggage: string | undefined): string | undefined {
  if (!baggage?.includes(REQUEST_MEMBER)) return undefined;
  for (const member of baggage.split(',')) {
    const equals = member.indexOf('=');
    if (equals < 0 || member.slice(0, equals).trim() !== REQUEST_MEMBER) continue;
    const [value = ''] = member.slice(equals + 1).split(';', 1);
    return value.trim();
  }
  return undefined;
}

function traceId(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent)?.[1];
}

function shorten(key: string): string {
  return key.length <= MAX_KEY_LENGTH ? key : hashHex(key);
}
