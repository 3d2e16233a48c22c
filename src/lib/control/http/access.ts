import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api-error.ts';
import { parseHostPort } from './host-port.ts';
import { errorReply, plainError, type Reply } from './reply.ts';

/** Who may use the API. */
export interface AccessPolicy {
  /** What every request has to bring; undefined: nothing. */
  readonly token: string | undefined;
  /** Names that the API may be called by, besides IP addresses and localhost. */
  readonly hosts: readonly string[];
}

/**
 * Turns away whom the API is not for; undefined for all others. Browsers are not: a page of anybody could have them call it. They tell themselves
 * by their name; by the origin of the page; and where a name of somebody else's has been pointed at this machine, by that name.
 */
export function turnAway(headers: IncomingHttpHeaders, policy: AccessPolicy): Reply | undefined {
  if (headers['user-agent']?.startsWith('Mozilla/') === true) return plainError(403, 'User agent not allowed');
  const { host, origin, authorization } = headers;
  if (host !== undefined && !isOwnHost(hostOf(host), policy.hosts)) {
    return forbid(`the API is not called ${JSON.stringify(host)}: use its IP address or localhost, or allow the name`);
  }
  if (origin !== undefined && !isOwnOrigin(origin, host)) {
    return forbid(`origin ${JSON.stringify(origin)} not allowed`);
  }
  if (policy.token !== undefined && !isSameSecret(bearerOf(authorization), policy.token)) {
    const error = new ApiError(401, 'the API wants its token: send `Authorization: Bearer …`');
    return errorReply(error, { 'WWW-Authenticate': 'Bearer' });
  }
  return undefined;
}

function forbid(why: string): Reply {
  return errorReply(new ApiError(403, why));
}

/** The name in a Host field, without its port. */
function hostOf(host: string): string {
  const parsed = parseHostPort(/:\d*$/.test(host) && !host.endsWith(']') ? host : `${host}:`);
  return parsed.ok ? parsed.host.toLowerCase() : host;
}

function isOwnHost(host: string, hosts: readonly string[]): boolean {
  return isIP(host) !== 0 || host === 'localhost' || hosts.some((own) => own.toLowerCase() === host);
}

/** Whether a page comes from where the request goes. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

function bearerOf(authorization = ''): string {
  return /^Bearer +(.*)$/i.exec(authorization)?.[1]?.trim() ?? '';
}

/** Takes as long whatever is wrong with it. */
function isSameSecret(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether nobody else than this machine can reach an IP address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
