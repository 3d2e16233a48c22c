import { hashHex } from '../runtime/chance.ts';
import { baggageMember } from './scope/baggage.ts';
import type { RequestView } from './views.ts';

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
  const key = baggageMember(request.header('baggage'), REQUEST_MEMBER) ?? traceId(request.header('traceparent'));
  return shorten(key ?? `${request.method} ${request.path}`);
}

function traceId(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent)?.[1];
}

function shorten(key: string): string {
  return key.length <= MAX_KEY_LENGTH ? key : hashHex(key);
}
