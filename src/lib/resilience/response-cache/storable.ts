import type { CacheControl } from './cache-control.ts';
import { fieldLines, type HeaderPair } from './fields.ts';

/** Why a response is not stored. */
export type Refusal =
  | 'method'
  | 'incomplete'
  | 'status'
  | 'no-store'
  | 'no-cache'
  | 'private'
  | 'authorization'
  | 'set-cookie'
  | 'cookie'
  | 'vary'
  | 'not-cacheable'
  | 'too-large';

/** Status codes that are cacheable though nothing is said (RFC 9110 section 15.1), without 206, which is a part, and 405, 414 and 501, which help nobody. */
const CACHEABLE_BY_DEFAULT = new Set([200, 203, 204, 300, 301, 308, 404, 410]);
/** Understood, and stored when the origin says so. */
const CACHEABLE_IF_SAID = new Set([302, 307]);

export interface Candidate {
  readonly method: string;
  readonly requestHeaders: readonly HeaderPair[];
  readonly requestControl: CacheControl;
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly control: CacheControl;
  readonly bodyBytes: number;
  readonly complete: boolean;
}

/** The reason why a shared cache that never revalidates does not store it, or undefined: RFC 9111 section 3, and what caution adds. */
export function refusalOf(candidate: Candidate): Refusal | undefined {
  const { control, status } = candidate;
  if (candidate.method !== 'GET') return 'method';
  if (!candidate.complete || contradictsLength(candidate)) return 'incomplete';
  if (!CACHEABLE_BY_DEFAULT.has(status) && !CACHEABLE_IF_SAID.has(status)) return 'status';
  // With must-understand, no-store is for caches that do not know the status (section 5.2.2.3).
  if (candidate.requestControl.noStore || (control.noStore && !control.mustUnderstand)) return 'no-store';
  if (control.private) return 'private';
  // Never to be used without asking the origin, which a fallback cannot do.
  if (control.noCache) return 'no-cache';
  return refusalOfPerson(candidate) ?? (saysCacheable(candidate) ? undefined : 'not-cacheable');
}

/** Responses that may be meant for one person. */
function refusalOfPerson({ control, headers, requestHeaders }: Candidate): Refusal | undefined {
  const sharedInSpiteOfLogin = control.public || control.mustRevalidate || control.sMaxageMs !== undefined;
  if (fieldLines(requestHeaders, 'authorization').length > 0 && !sharedInSpiteOfLogin) return 'authorization';
  if (fieldLines(headers, 'set-cookie').length > 0) return 'set-cookie';
  // Allowed by the letter; but an origin that says nothing has not thought of caches, and its cookie may be a login.
  return fieldLines(requestHeaders, 'cookie').length > 0 && !isExplicit(control, headers) ? 'cookie' : undefined;
}

function saysCacheable({ status, control, headers }: Candidate): boolean {
  return CACHEABLE_BY_DEFAULT.has(status) || isExplicit(control, headers);
}

function isExplicit(control: CacheControl, headers: readonly HeaderPair[]): boolean {
  const lifetime = control.maxAgeMs ?? control.sMaxageMs;
  return control.public || lifetime !== undefined || fieldLines(headers, 'expires').length > 0;
}

/** A body that is shorter or longer than announced is not the response. */
function contradictsLength({ headers, bodyBytes }: Candidate): boolean {
  const lengths = fieldLines(headers, 'content-length').flatMap((line) => line.split(','));
  return lengths.some((length) => Number(length) !== bodyBytes);
}
