import { AppError } from '../../errors/app-error.ts';

/** Proxies in front that may be trusted. More in a row are a mistake in a configuration, and each costs a scan per request. */
export const MAX_TRUSTED_HOPS = 32;
/** The key of those whose address cannot be read, such as peers on a Unix socket: they share one bucket. */
export const UNKNOWN_SOURCE = 'unknown';
/** The longest text of an address: a mapped IPv6 one with a zone of 16 characters, brackets and port. */
const MAX_ADDRESS_CHARS = 72;

const DOT = 46;
const COLON = 58;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const LETTER_A = 97;
const LETTER_F = 102;

/** The eight groups of the address being read; one is read at a time. */
const groups = new Uint16Array(8);

/**
 * Who a request comes from, as a key for a limit: the address of the TCP peer, or, behind proxies of one's own, the one that the outermost of
 * them saw. An IPv4 address is its own key (`192.0.2.7`); an IPv6 address counts by its /64, which is what one customer gets
 * (`2001:db8:0:1::/64`); a v4-mapped one is the IPv4 address.
 *
 * `trustedHops` says how many proxies of one's own stand in front; X-Forwarded-For, whose left part anybody can write, is believed only so
 * far. 0, the default: the header is never believed. n: the n-th address from the right. A header that is missing, shorter or no address at
 * that place gives the peer's key. `Forwarded` (RFC 7239) is not read. Several lines of the header are given joined by commas.
 */
export function sourceKey(peerAddress: string | undefined, forwardedFor?: string, trustedHops = 0): string {
  if (!Number.isInteger(trustedHops) || trustedHops < 0 || trustedHops > MAX_TRUSTED_HOPS) throw badHops(trustedHops);
  if (trustedHops > 0 && forwardedFor !== undefined) {
    const key = keyOfText(nthFromRight(forwardedFor, trustedHops));
    if (key !== undefined) return key;
  }
  return keyOfText(peerAddress ?? '') ?? UNKNOWN_SOURCE;
}

function badHops(trustedHops: number): AppError {
  return new AppError('usage', `trustedHops is ${trustedHops}`, {
    hint: `Give the number of your own proxies in front, a whole number from 0 to ${MAX_TRUSTED_HOPS}.`,
  });
}

/** The n-th member of a comma-separated list, counted from the right and from 1; empty when there are fewer. */
function nthFromRight(list: string, n: number): string {
  let end = list.length;
  for (let hop = 1; hop < n; hop++) {
    end = list.lastIndexOf(',', end - 1);
    if (end <= 0) return '';
  }
  return list.slice(list.lastIndexOf(',', end - 1) + 1, end).trim();
}

/** The key is always a new text made of numbers, so that a kept key does not keep the whole header that it was cut from. */
function keyOfText(text: string): string | undefined {
  if (text.length > MAX_ADDRESS_CHARS) return undefined;
  const bare = withoutPort(text);
  if (bare.includes(':')) return readIpv6(bare) ? keyOfGroups() : undefined;
  return readIpv4(bare, 0, 6, bare.length) ? ipv4Text() : undefined;
}

/** `[v6]:port`, `[v6]` and `v4:port` lose what is not address; some proxies append the port. */
function withoutPort(text: string): string {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    return close !== -1 && isPort(text, close + 1) ? text.slice(1, close) : '';
  }
  const colon = text.indexOf(':');
  const isIpv4 = colon !== -1 && colon === text.lastIndexOf(':') && isPort(text, colon);
  return isIpv4 ? text.slice(0, colon) : text;
}

function isPort(text: string, at: number): boolean {
  if (at === text.length) return true;
  return /^:\d{1,5}$/.test(text.slice(at));
}

function keyOfGroups(): string {
  return isMapped() ? ipv4Text() : `${hex(0)}:${hex(1)}:${hex(2)}:${hex(3)}::/64`;
}

/** ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
function isMapped(): boolean {
  for (let group = 0; group < 5; group++) if (groups[group] !== 0) return false;
  return groups[5] === 0xffff;
}

function hex(group: number): string {
  return (groups[group] ?? 0).toString(16);
}

function ipv4Text(): string {
  const high = groups[6] ?? 0;
  const low = groups[7] ?? 0;
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** Reads four decimal numbers from `at` to `end` into two groups. A leading zero is refused: some read it as octal. */
function readIpv4(text: string, at: number, group: number, end: number): boolean {
  for (let part = 0; part < 4; part++) {
    const start = at;
    let value = 0;
    for (; at < end && at - start < 3 && isDigit(text, at); at++) value = value * 10 + text.charCodeAt(at) - DIGIT_0;
    if (at === start || value > 255 || (at - start > 1 && text.charCodeAt(start) === DIGIT_0)) return false;
    const into = group + (part >> 1);
    groups[into] = part % 2 === 0 ? value << 8 : (groups[into] ?? 0) | value;
    if (part < 3 && text.charCodeAt(at++) !== DOT) return false;
  }
  return at === end;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= DIGIT_0 && code <= DIGIT_9;
}

/** Reads the text forms of RFC 4291 section 2.2, with a zone (`%eth0`) left out. */
function readIpv6(text: string): boolean {
  const zone = text.indexOf('%');
  const end = zone === -1 ? text.length : zone;
  let gap = text.startsWith('::') ? 0 : -1;
  let count = 0;
  for (let at = gap === 0 ? 2 : 0; at < end;) {
    const hexEnd = skipHex(text, at, end);
    if (hexEnd === at || count > 7) return false;
    if (hexEnd < end && text.charCodeAt(hexEnd) === DOT) {
      if (count > 6 || !readIpv4(text, at, count, end)) return false;
      count += 2;
      break;
    }
    groups[count++] = hexValue(text, at, hexEnd);
    if (hexEnd === end) break;
    at = hexEnd + 1;
    if (text.charCodeAt(hexEnd) !== COLON || at === end) return false;
    if (text.charCodeAt(at) !== COLON) continue;
    if (gap !== -1) return false;
    gap = count;
    at++;
  }
  return gap === -1 ? count === 8 : spread(gap, count);
}

function hexValue(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 16 + hexDigit(text.charCodeAt(at));
  return value;
}

function skipHex(text: string, at: number, end: number): number {
  const stop = Math.min(end, at + 4);
  let i = at;
  while (i < stop && hexDigit(text.charCodeAt(i)) !== -1) i++;
  return i;
}

function hexDigit(code: number): number {
  if (code >= DIGIT_0 && code <= DIGIT_9) return code - DIGIT_0;
  const lower = code | 0x20;
  return lower >= LETTER_A && lower <= LETTER_F ? lower - LETTER_A + 10 : -1;
}

/** Moves what was read after `::` to the end, zeros between. False when `::` would stand for nothing. */
function spread(gap: number, count: number): boolean {
  if (count > 7) return false;
  const tail = 8 - (count - gap);
  groups.copyWithin(tail, gap, count);
  groups.fill(0, gap, tail);
  return true;
}
