import { isIP } from 'node:net';

/** Whom a certificate is for: a DNS name, or an IP address. */
export interface HostName {
  readonly name: string;
  readonly isAddress: boolean;
}

/** Octets of a whole name, as text (RFC 1035, section 2.3.4, without the two that only the wire has). */
const MAX_NAME_LENGTH = 253;
/** Letters, digits and hyphens (RFC 1123, section 2.1); underscores as well, because names of containers hold them. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/**
 * A DNS name in lower case, with a wildcard for its first label or without, or an IP address in its one canonical form; undefined for
 * anything else.
 */
export function parseHostName(text: string): HostName | undefined {
  if (isIP(text) !== 0) return parseAddress(text);
  // Lower case comes last: it makes an ASCII k of the Kelvin sign.
  return isDnsName(text) ? { name: text.toLowerCase(), isAddress: false } : undefined;
}

/** No zone (`fe80::1%eth0`): it means something on one machine only, and a certificate has no place for it. */
function parseAddress(text: string): HostName | undefined {
  if (isIP(text) === 4) return { name: text, isAddress: true };
  const hostname = URL.parse(`https://[${text}]`)?.hostname;
  return hostname === undefined ? undefined : { name: hostname.slice(1, -1), isAddress: true };
}

function isDnsName(name: string): boolean {
  if (name.length > MAX_NAME_LENGTH) return false;
  const isWildcard = name.startsWith('*.');
  const labels = (isWildcard ? name.slice(2) : name).split('.');
  // A last label of digits is the mark of a broken IPv4 address.
  return labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}
