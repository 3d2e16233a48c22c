import { hashHex } from '../../runtime/chance.ts';

/** Who a request is: the run, and the arrival's index within it. */
export interface Identity {
  readonly run: string;
  readonly seed: number;
}

/**
 * The `traceparent` of an arrival (W3C Trace Context, version 00, sampled). Every request is a trace of its own; the ids are hashes of run
 * and index, so that the trace of any arrival can be named later.
 */
export function traceparentOf({ run, seed }: Identity, index: number): string {
  const traceId = hashHex('trace', run, seed, index) + hashHex('trace low', run, seed, index);
  return `00-${traceId}-${hashHex('span', run, seed, index)}-01`;
}

/** What does not change from request to request. */
export interface RequestTemplate {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number | undefined;
}

/** Headers that are ours to write: the connection's, and those that name the request. */
const OWN_HEADERS = new Set(['connection', 'content-length', 'transfer-encoding', 'traceparent', 'baggage']);

/**
 * Makes the headers of each arrival, as a flat list of names and values. `baggage` says which request of which run it is
 * (W3C Baggage), behind what the user's own headers put there.
 */
export function createHeads(template: RequestTemplate, identity: Identity): (index: number) => string[] {
  const { url, headers, bodyBytes } = template;
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const lookup = (name: string): string | undefined => given.find(([known]) => known === name)?.[1];
  const fixed: string[] = given.filter(([name]) => !OWN_HEADERS.has(name)).flat();
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && lookup(name) === undefined) fixed.push(name, value);
  };
  add('host', url.host);
  add('user-agent', 'faultline');
  add('accept', '*/*');
  add('authorization', basicAuthorization(url));
  if (bodyBytes !== undefined || needsLength(template.method)) fixed.push('content-length', String(bodyBytes ?? 0));

  const before = lookup('baggage');
  const baggage = `${before === undefined ? '' : `${before},`}chaos.run=${encodeURIComponent(identity.run)},chaos.request=`;
  return (index) => [...fixed, 'traceparent', traceparentOf(identity, index), 'baggage', `${baggage}${index}`];
}

/** Whether a request without a body still says so: a server may otherwise wait for one (RFC 9110, section 8.6). */
function needsLength(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === '') return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
