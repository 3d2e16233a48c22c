import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { messageOf } from '../../errors/app-error.ts';
import type { Address } from '../../proxy/listen-options.ts';
import { isErrno } from '../../runtime/files.ts';
import { formatHostPort } from '../../wire/host-port.ts';
import { ApiError } from './api-error.ts';

/** `host:port` as Go reads it, or what Go says when it cannot. */
export type HostPort =
  | { readonly ok: true; readonly host: string; readonly port: number }
  | { readonly ok: false; readonly problem: string };

/** `127.0.0.1:80`, `[::1]:80`, `:80`; an empty text is any address and any port. */
export function parseHostPort(text: string): HostPort {
  if (text === '') return { ok: true, host: '', port: 0 };
  const colon = text.lastIndexOf(':');
  const bracket = text.indexOf(']');
  if (colon === -1 || (text.startsWith('[') && colon < bracket)) return problem(text, 'missing port in address');
  const host = text.slice(0, colon);
  if (text.startsWith('[') && bracket === -1) return problem(text, "missing ']' in address");
  const bare = text.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (bare.includes(':') && bare === host) return problem(text, 'too many colons in address');
  const portText = text.slice(colon + 1);
  const port = portText === '' ? 0 : Number(portText);
  if (!/^\d*$/.test(portText)) return { ok: false, problem: `lookup tcp/${portText}: unknown port` };
  return port <= 65_535 ? { ok: true, host: bare, port } : problem(portText, 'invalid port');
}

function problem(text: string, what: string): HostPort {
  return { ok: false, problem: `address ${text}: ${what}` };
}

/** The addresses to listen on, the first one that this machine has: a name is looked up, IPv4 first. Throws ApiError 500. */
export async function resolveListen(text: string): Promise<readonly [Address, ...Address[]]> {
  const parsed = parseHostPort(text);
  if (!parsed.ok) throw new ApiError(500, `listen tcp: ${parsed.problem}`);
  const { host, port } = parsed;
  // Any address: of both families, where there are both.
  if (host === '')
    return [
      { host: '::', port },
      { host: '0.0.0.0', port },
    ];
  return [{ host: await resolveHost(host), port }];
}

async function resolveHost(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    const { address } = await lookup(host, { order: 'ipv4first' });
    return address;
  } catch (error) {
    const why = isErrno(error, 'ENOTFOUND') ? 'no such host' : messageOf(error);
    throw new ApiError(500, `listen tcp: lookup ${host}: ${why}`);
  }
}

const BIND_ERRORS: readonly (readonly [code: string, text: string])[] = [
  ['EADDRINUSE', 'address already in use'],
  ['EADDRNOTAVAIL', 'cannot assign requested address'],
  ['EACCES', 'permission denied'],
];

/** In Go's words, why an address cannot be listened on; undefined when that is not what is wrong. */
export function listenFailure(address: Address, error: unknown): ApiError | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const [, text] = BIND_ERRORS.find(([code]) => isErrno(cause, code)) ?? [];
  return text === undefined ? undefined : new ApiError(500, `listen tcp ${formatHostPort(address)}: bind: ${text}`);
}

/** Whether the machine has no such address at all, as with IPv6 switched off. */
export function isMissingFamily(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return isErrno(cause, 'EAFNOSUPPORT') || isErrno(cause, 'EADDRNOTAVAIL');
}
