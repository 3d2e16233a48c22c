import { AppError } from '../errors/app-error.ts';
import type { RateQuota } from './rate-limit.ts';

/** The largest Integer of a structured field (RFC 9651 section 3.3.1). */
const MAX_FIELD_INTEGER = 999_999_999_999_999;

/**
 * The value of Retry-After (RFC 9110 section 10.2.3): whole seconds, rounded up so that whoever obeys is not refused again, at least 1.
 * undefined for Infinity: waiting does not help, and the field is left out.
 */
export function retryAfterText(retryMs: number): string | undefined {
  return retryMs === Infinity ? undefined : String(Math.max(1, wholeSeconds(retryMs)));
}

/**
 * One member of the RateLimit field, as `"default";r=0;t=3`: `r` whole tokens left, `t` seconds until there is one more
 * (draft-ietf-httpapi-ratelimit-headers-11, section on the RateLimit field). Members of several limits are joined by a comma.
 */
export function rateLimitText(policyName: string, quota: RateQuota): string {
  const text = `${fieldString(policyName)};r=${quota.remaining}`;
  return quota.moreAfterMs === undefined ? text : `${text};t=${wholeSeconds(quota.moreAfterMs)}`;
}

/**
 * One member of the RateLimit-Policy field, as `"default";q=20;w=2`: a bucket of `q` tokens that is full again `w` seconds after it was empty
 * (same draft). A token bucket is no fixed window: within `w` seconds a client may spend the burst and what comes back meanwhile.
 */
export function rateLimitPolicyText(policyName: string, burst: number, ratePerSecond: number): string {
  return `${fieldString(policyName)};q=${burst};w=${wholeSeconds((burst / ratePerSecond) * 1000)}`;
}

/** Rounded up, after what is less than a microsecond: 60.000000000000007 is 60. */
function wholeSeconds(ms: number): number {
  return Math.min(MAX_FIELD_INTEGER, Math.ceil(Math.round(ms * 1000) / 1_000_000));
}

/** A String of a structured field (RFC 9651 section 3.3.3). */
function fieldString(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text))
    throw new AppError('usage', `the name of a rate limit is ${JSON.stringify(text)}`, {
      hint: 'Use printable ASCII only: the name appears in a response header.',
    });
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
